"""The command: `samesku`, or `python -m samesku`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; what the console cannot show is replaced."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        from samesku.cli import app

        app(prog_name="samesku")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
