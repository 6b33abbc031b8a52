"""The README of a trained encoder: what it is, what it saw, how good it is, what it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LOOKS = {"title": "titles", "photo": "photos", "clip": "titles and photos of one space"}
# Settings that say nothing about a kind of network.
PHOTO_ONLY = {"cutmix", "flip", "cutout", "crop", "photo_size"}
TITLE_ONLY = {"words_dropped"}


def model_card(card: Mapping[str, Any], kind: str, dimension: int, pooling: str) -> str:
    """Markdown for the folder of an encoder whose `card` `train_encoder` returned."""
    trained, chosen = card["trained_on"], card["chosen_on"]
    saw = (
        f"Trained on {trained['labelled_postings']:,} labelled postings of {card['products']:,} "
        f"products from `{trained['catalogue']}`"
    )
    saw += (
        f"; the best epoch was chosen on {chosen['labelled_postings']:,} others." if chosen else "."
    )
    parts = [
        f"# An encoder of {LOOKS[kind]}",
        f"Made by `samesku train-encoder {kind}` {card['samesku']} from `{card['started_from']}`: "
        f"{dimension} numbers per posting, pooling {pooling}. Use it: `--encoder` and the path of "
        "this folder.",
        "## What it saw",
        saw,
        "## How good it is",
        _figures(card["figures"]),
        "## How it was trained",
        _settings(card, kind),
        "## Limits",
        _limits(chosen is not None),
    ]
    return "\n\n".join(parts) + "\n"


def _figures(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return "Nothing was held out, so nothing is known. Score it on products that it never saw."
    lines = ["| | F1 per posting | mAP | threshold |", "|---|---|---|---|"]
    for name, of in figures["of"].items():
        lines.append(f"| {name} | {_span(of['f1'])} | {_span(of['mAP'])} | {of['threshold']:.3f} |")
    told = [
        f"over {name}: F1 {_signed(gain['f1'])}, mAP {_signed(gain['mAP'])}"
        for name, gain in figures["gain_over"].items()
    ]
    pool = f"{figures['pool']:,} postings of products that did not train, searched among themselves"
    return (
        f"{pool} (95% intervals over products; each at the threshold that is best for it):\n\n"
        + "\n".join(lines)
        + "\n\nGain, paired: "
        + "; ".join(told)
        + "."
    )


def _settings(card: Mapping[str, Any], kind: str) -> str:
    left_out = {"title": PHOTO_ONLY, "photo": TITLE_ONLY, "clip": set[str]()}
    told = [
        f"- {name.replace('_', ' ')}: {value}"
        for name, value in card["settings"].items()
        if name not in left_out[kind] and value is not None
    ]
    best, last = card["best_epoch"], len(card["history"])
    return f"Epoch {best} of {last} was kept.\n\n" + "\n".join(told)


def _limits(held: bool) -> str:
    chosen = (
        "The epoch was chosen by the very postings of the table, which flatters it a little: score "
        "it on others before you rely on it. "
        if held
        else ""
    )
    return (
        f"{chosen}It knows goods like those that it saw; on others the encoders without training "
        "may be better. A score on postings that trained it says nothing: `samesku evaluate` warns "
        "of these."
    )


def _span(figure: list[float]) -> str:
    value, low, high = figure
    return f"{value:.4f} ({low:.3f}-{high:.3f})"


def _signed(figure: list[float]) -> str:
    value, low, high = figure
    return f"{value:+.4f} ({low:+.3f} to {high:+.3f})"
