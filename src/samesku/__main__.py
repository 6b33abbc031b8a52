"""The command: `samesku`, or `python -m samesku`."""

import gc
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; what the console cannot show is replaced."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        # Blocks of a product are dealt to threads of our own; the library's would only get in
        # each other's way.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from samesku.cli import app

        # Titles become millions of small objects that live to the end: looking for cycles among
        # them as often as Python does by default takes a twentieth of a run.
        gc.freeze()
        gc.set_threshold(200_000, 50, 50)
        app(prog_name="samesku")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
