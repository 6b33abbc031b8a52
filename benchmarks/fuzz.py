"""Match mutated catalogues and photos: each is matched, or refused in words.

    uv run --group test python benchmarks/fuzz.py [COUNT] [--seed N] [--reports] [--keep FOLDER]

In one process for speed, through the command line. A finding is an exit code other than 0 (done)
and 3 (an input that cannot be used), or a run of over 20 seconds of the processor's time, which
other work on the machine does not change; its catalogue is kept.
"""

from __future__ import annotations

import argparse
import io
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import polars as pl
from PIL import Image
from typer.testing import CliRunner

from samesku.cli import app

SLOW, HUNG, ASLEEP = 20, 60, 900
WORDS = "susu bubuk coklat 400g kopi arabika 250 gr tas ransel hitam lampu led 12w promo".split()
# Cells that have broken programs: numbers, nulls, formulas, scripts, steering, quotes, size.
CELLS = [
    "", " ", "\x00", "nan", "NULL", "#REF!", "=1+1", "1e309", "-0", "inf", "١٢٣", "1.299,00 €",
    "Rp 15.000", "5 for 10", '"', '""', 'TV 55"', "'", ",", ";", "\t", "\n", "\r", "a\r\nb", "\\",
    "\x1b[31m", "\u202e", "\ufeff", "e\u0301", "ﬁ", "𝟙𝟚", "ก็", "한국어", "日本語", "👩\u200d👧",
    "../../etc/passwd",
    "C:\\x\\y.jpg", "/dev/zero", "con", "0.jpg/", "%00", "<b>x</b>", "x" * 5_000, "a b " * 2_000,
    "9" * 400, "1" * 40, "0x1F", "1_000", "True", "2024-01-01", "12 x 330 ml", "½ kg", "\u00ad",
]  # fmt: skip
Random = np.random.Generator


def catalogue(folder: Path, random: Random) -> None:
    """Write a small catalogue with photos that nothing is wrong with."""
    rows = []
    for row in range(int(random.integers(2, 14))):
        title = " ".join(random.choice(WORDS, int(random.integers(1, 9))))
        rows.append(
            (f"p{row}", title, str(random.integers(1, 99) * 500), f"{row % 4}.jpg", row // 3)
        )
    names = ["posting_id", "title", "price", "image", "label_group"]
    pl.DataFrame(rows, schema=names, orient="row").write_csv(folder / "offers.csv")
    (folder / "images").mkdir()
    for place in range(4):
        small = random.integers(0, 255, (5, 5, 3), dtype=np.uint8)
        photo = Image.fromarray(small).resize((48, 40))
        kind = ["JPEG", "PNG", "WEBP", "GIF"][int(random.integers(4))]
        photo.save(folder / "images" / f"{place}.jpg", kind)


def bytes_of(path: Path, random: Random) -> None:
    """Flip, cut, repeat or insert bytes."""
    content = bytearray(path.read_bytes())
    for _ in range(int(random.integers(1, 6))):
        at = int(random.integers(len(content) + 1))
        length = int(random.integers(1, 40))
        kind = int(random.integers(5))
        if kind == 0 and at < len(content):
            content[at] ^= 1 << int(random.integers(8))
        elif kind == 1:
            del content[at : at + length]
        elif kind == 2:
            content[at:at] = content[max(at - length, 0) : at]
        elif kind == 3:
            content[at:at] = random.bytes(length)
        elif random.random() < 0.3:
            del content[at:]
    path.write_bytes(bytes(content))


def cells_of(path: Path, random: Random) -> None:
    """Put odd values in some cells, quoted as they must be or not at all."""
    table = pl.read_csv(path, infer_schema=False)
    rows = [list(row) for row in table.rows()]
    names = list(table.columns)
    for _ in range(int(random.integers(1, 8))):
        row, column = int(random.integers(len(rows))), int(random.integers(len(names)))
        rows[row][column] = str(random.choice(np.array(CELLS, dtype=object)))
    if random.random() < 0.1:
        names[int(random.integers(len(names)))] = str(random.choice(np.array(CELLS, dtype=object)))
    if random.random() < 0.7:
        unique = list(dict.fromkeys(names))
        if len(unique) == len(names):
            pl.DataFrame(rows, schema=names, orient="row").write_csv(path)
            return
    lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines), encoding="utf-8")


def form_of(path: Path, random: Random) -> None:
    """Another encoding, separator, line end, preamble or kind of file."""
    text = path.read_text(encoding="utf-8")
    kind = int(random.integers(8))
    if kind == 0:
        path.write_bytes(
            text.encode(str(random.choice(["utf-16", "utf-8-sig", "utf-32", "cp037"])))
        )
    elif kind == 1:
        path.write_text(text.replace(",", str(random.choice([";", "\t", "|", " ", ", "]))))
    elif kind == 2:
        end = str(random.choice(["\r\n", "\r", "\n\n", "\x0b", "\u2028"]))
        path.write_text(text.replace("\n", end), encoding="utf-8", newline="")
    elif kind == 3:
        path.write_text(str(random.choice(["sep=;", "Report\n\n", "\n\n\n", ",,,,"])) + "\n" + text)
    elif kind == 4:
        lines = text.splitlines()
        path.write_text("\n".join(line + "," * int(random.integers(3)) for line in lines))
    elif kind == 5:
        lines = text.splitlines()
        path.write_text("\n".join(lines[: int(random.integers(len(lines)))]))
    elif kind == 6:
        table = pl.read_csv(path)
        table.write_parquet(path.with_suffix(".parquet"))
        path.with_suffix(".parquet").replace(path)
    else:
        rows = text.splitlines()
        path.write_text("\n".join([*rows, *rows[int(random.integers(len(rows))) :]]))


def photo_of(path: Path, random: Random) -> None:
    """Damage a photo, or set something else in its place."""
    photo = path.parent / "images" / f"{int(random.integers(4))}.jpg"
    kind = int(random.integers(8))
    if kind < 4:
        bytes_of(photo, random)
    elif kind == 4:
        modes = ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"]
        mode, held = str(random.choice(modes)), io.BytesIO()
        side = (int(random.integers(1, 60)), int(random.integers(1, 60)))
        Image.new(mode, side).save(held, "PNG" if mode not in ("CMYK", "F") else "TIFF")
        photo.write_bytes(held.getvalue())
    elif kind == 5:
        exif = Image.Exif()
        exif[0x0112] = int(random.integers(0, 12))
        Image.new("RGB", (30, 20)).save(photo, "JPEG", exif=exif)
        bytes_of(photo, random)
    elif kind == 6:
        photo.write_bytes(random.bytes(int(random.integers(200))))
    else:
        photo.unlink()
        photo.mkdir()


MUTATIONS: list[Callable[[Path, Random], None]] = [bytes_of, cells_of, cells_of, form_of, photo_of]


def main() -> None:
    """Mutate, match, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reports", action="store_true", help="report each match, too")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    asked = parser.parse_args()
    outcomes, worst = Counter[str](), 0.0
    for number in range(asked.count):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            taken, outcome = _one(
                folder, np.random.default_rng([asked.seed, number]), asked.reports
            )
            worst = max(worst, taken)
            outcomes[outcome.partition(":")[0]] += 1
            if outcome.startswith("finding"):
                print(f"{asked.seed}/{number}: {outcome}", flush=True)
                kept = asked.keep / f"{asked.seed}-{number}"
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(folder, kept)
    print(f"{asked.count:,} inputs: {dict(outcomes)}; the slowest took {worst:.1f} s")
    sys.exit(1 if outcomes["finding"] else 0)


def _one(folder: Path, random: Random, reports: bool) -> tuple[float, str]:
    catalogue(folder, random)
    path = folder / "offers.csv"
    for _ in range(int(random.integers(1, 4))):
        mutate = MUTATIONS[int(random.integers(len(MUTATIONS)))]
        try:
            mutate(path, random)
        except (pl.exceptions.PolarsError, UnicodeError, OSError, ValueError):
            break  # mutated beyond what this script itself can read
    out = folder / "out"
    taken, code, said = _run("match", path, "--out", out, "--no-cache")
    if code == 0 and reports:
        more, code, said = _run("report", out)
        taken += more
    if code not in (0, 3):
        return taken, f"finding: exit {code}: {said}"
    if taken > SLOW:
        return taken, f"finding: {taken:.0f} s"
    if code == 3 and not said:
        return taken, "finding: refused without a word"
    return taken, "matched" if code == 0 else "refused"


def _run(*arguments: object) -> tuple[float, int, str]:
    def hang(number: int, frame: FrameType | None) -> Any:
        raise AssertionError(f"over {HUNG} s")

    # Of the processor's time, and of the clock's where nothing is worked on.
    for alarm, timer, most in (
        (signal.SIGPROF, signal.ITIMER_PROF, HUNG),
        (signal.SIGALRM, signal.ITIMER_REAL, ASLEEP),
    ):
        signal.signal(alarm, hang)
        signal.setitimer(timer, most)
    start = time.process_time()
    done = CliRunner().invoke(app, list(map(str, arguments)))
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    error = "" if isinstance(done.exception, SystemExit | None) else repr(done.exception)
    return time.process_time() - start, done.exit_code, f"{error} {done.stderr[-600:]}".strip()


if __name__ == "__main__":
    main()
