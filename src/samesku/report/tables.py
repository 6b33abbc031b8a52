"""Tables of figures, for the page and for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

FIGURES = {
    "posting_f1": "F1 per posting",
    "pair_precision": "pair precision",
    "pair_recall": "pair recall",
    "pair_f1": "pair F1",
    "bcubed_precision": "B-cubed precision",
    "bcubed_recall": "B-cubed recall",
    "bcubed_f1": "B-cubed F1",
    "lost_not_candidate": "lost: no candidate",
    "lost_below_threshold": "lost: low score",
    "lost_by_clustering": "lost: clustering",
}
Record = Mapping[str, Any]


class Table(NamedTuple):
    """Rows under a head; the first column names them."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def evaluation_tables(record: Record) -> list[Table]:
    """The figures of each pool, differences to the first fusion, and calibration."""
    results, tables = record["results"], list[Table]()
    seen = {model["name"] for model in record["models"] if model["scored_seen"] != 0}
    pools = list(dict.fromkeys(each["pool"] for each in results))
    for pool in pools:
        own = [each for each in results if each["pool"] == pool]
        first, *others = own
        names = [each["fusion"] + ("*" if each["fusion"] in seen else "") for each in own]
        low, high = min(first["pool_size"]), max(first["pool_size"])
        size = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        caption = (
            f"{first['queries']:,} queries searched in: {pool}, {size} postings (95% intervals)"
        )
        if seen:
            caption += "\n* trained on scored postings, or its card does not say: flattered"
        tables.append(
            Table(
                caption,
                ["", *names],
                [(words, *(_interval(each["figures"][name]) for each in own))
                 for name, words in FIGURES.items()],
            )
        )  # fmt: skip
        if others:
            rows = [
                (FIGURES[name], *(_interval(each["differences"][name], "+") for each in others))
                for name in others[0]["differences"]
            ]
            caption = f"compared with {first['fusion']}, {pool} (paired 95% intervals)"
            tables.append(Table(caption, ["", *names[1:]], rows))
    for each in results:
        if each["pool"] == pools[0] and each["reliability"] is not None:
            tables.append(_reliability_table(each["fusion"], each["reliability"]))
    return tables


def _reliability_table(fusion: str, found: Record) -> Table:
    """Predicted beside observed probabilities of the queries' pairs."""
    caption = (
        f"{fusion}, predicted and observed probabilities: calibration error "
        f"{_number(found['error'])},\n{_number(found['likely_error'])} among the "
        f"{found['likely_pairs']:,} of {found['pairs']:,} pairs predicted at 0.005 or more"
    )
    rows = [
        (f"predicted {each['low']:g} to {each['high']:g}", f"{each['pairs']:,}",
         _number(each["predicted"]), _interval(each["observed"]))
        for each in found["bins"]
    ]  # fmt: skip
    return Table(caption, ["", "pairs", "mean predicted", "observed (95%)"], rows)


def _number(value: float | None, form: str = ".4f") -> str:
    """A dash where it is unknown, as precision without a match is."""
    return "–" if value is None else f"{value:{form}}"


def _interval(figure: Record, sign: str = "") -> str:
    """A value with its interval, whose bounds have three decimals and no leading zero."""
    value, low, high = (figure[name] for name in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return _number(value, f"{sign}.4f")
    bounds = (
        f"{bound:{sign}.3f}".replace("0.", ".", 1) if abs(bound) < 1 else f"{bound:{sign}.3f}"
        for bound in (low, high)
    )
    return f"{value:{sign}.4f} ({(',' if sign else '-').join(bounds)})"
