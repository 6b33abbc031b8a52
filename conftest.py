"""Modules that need torch, by themselves or by what they import, are collected only with torch."""

import re
from importlib.util import find_spec
from pathlib import Path

SOURCE = Path(__file__).parent / "src"
# At the beginning of a line: what is imported within a function is not needed to collect.
IMPORTED = re.compile(r"^(?:from|import) ([\w.]+)", re.MULTILINE)


def _needing_torch() -> list[str]:
    imports = {}
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found = IMPORTED.findall(path.read_text(encoding="utf-8"))
        imports[".".join(parts).removesuffix(".__init__")] = (path, set(found))
    need = {"torch"}
    while more := {name for name, (_, found) in imports.items() if found & need} - need:
        need |= more
    return [str(imports[name][0]) for name in need - {"torch"}]


collect_ignore = [] if find_spec("torch") else _needing_torch()
