"""What a file is that is neither a table nor a photo, by how it begins."""

from samesku.runtime.files import packaged_table

_KINDS = packaged_table("samesku.catalog", "foreign.toml")


def foreign_kind(begin: str) -> str | None:
    """What begins with these letters, or bytes as Latin-1: "a PDF", say; None: nothing known."""
    written = "".join(begin.lower().split())
    for text, kinds in ((begin, _KINDS["bytes"]), (written, _KINDS["text"])):
        for kind, marks in kinds.items():
            if text.startswith(tuple(marks)):
                return str(kind)
    return None
