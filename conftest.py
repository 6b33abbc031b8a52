"""Modules that import torch at their top are looked at only where torch is."""

from importlib.util import find_spec
from pathlib import Path

SOURCE = Path(__file__).parent / "src"

collect_ignore = (
    []
    if find_spec("torch")
    else [
        str(path.relative_to(SOURCE.parent))
        for path in SOURCE.rglob("*.py")
        if "\nimport torch" in path.read_text(encoding="utf-8")
    ]
)
