"""`samesku encoders` and `samesku export-encoder`."""

from contextlib import suppress
from pathlib import Path

from rich.table import Table

from samesku.catalog.catalog import read_catalog
from samesku.catalog.photos import PhotoError, load_photo
from samesku.cli.commands import Encoders, ExportEncoder
from samesku.cli.console import TerminalProgress, console
from samesku.cli.summary import show_summary
from samesku.demo import MARKETPLACE
from samesku.encoders.card import EncoderKind, read_card
from samesku.encoders.families import family_of, read_json
from samesku.encoders.folder import PARTS
from samesku.encoders.model_files import find_model
from samesku.runtime.arrays import Bytes
from samesku.runtime.extras import need_extra
from samesku.runtime.files import check_folder, packaged_table

LISTED = packaged_table("samesku.cli", "encoders.toml")
# Titles and photos to compare torch and ONNX on.
COMPARED = 64


def show(options: Encoders) -> None:
    table = Table("encoder", "looks at", "good for", box=None, padding=(0, 2, 0, 0))
    for name, (looks_at, good_for) in LISTED["built_in"].items():
        table.add_row(name, looks_at, good_for)
    console.print(table)
    console.print("\nPretrained models that are known to suit; licences as their cards say:\n")
    for model in LISTED["model"]:
        size = f"{model['dimension']:,} numbers, {model['megabytes']:,} MB, {model['licence']}"
        console.print(f"{model['encoder']}\n    {size}: {model['good_for']}")
    console.print(
        "\nThese need the extra train (uv add 'samesku[train]'), or export-encoder once and then "
        "no torch. Where the hub is out of reach, download the model elsewhere and give its "
        "folder: --encoder hf:PATH"
    )


def export(options: ExportEncoder) -> None:
    """Write a model in ONNX and print how close its vectors are to those of torch."""
    need_extra("export-encoder", "train", "torch", "transformers", "onnx")
    from samesku.encoders.backbones import load_backbone
    from samesku.encoders.export import export_encoder

    out, progress = options.out, TerminalProgress(quiet=options.quiet)
    check_folder(out)
    with progress.stage("load the model"):
        backbone = load_backbone(
            options.source, options.kind or _kind_of(options.source), pooling=options.pooling
        )
    wanted = PARTS[backbone.kind].values()
    with progress.stage("read titles and photos to compare on"):
        titles, photos = _sample(options.catalogue, with_photos="photo" in wanted)
    with progress.stage("export"):
        found = export_encoder(backbone, out, titles=titles, photos=photos, int8=options.int8)
    if options.quiet:
        return
    table = Table("network", "MB", "calculates in", "least cosine", "mean", "compared", box=None)
    for each in found:
        size = (out / each.network).stat().st_size / 1e6
        cosines = f"{each.least:.4f}", f"{each.mean:.4f}"
        table.add_row(each.network, f"{size:,.1f}", each.way, *cosines, f"{each.compared:,}")
    console.print(table)
    show_summary(progress, written=[out])
    console.print(f"Use it: samesku match CATALOGUE --encoder {out} --out DIR")


def _kind_of(source: str) -> EncoderKind:
    """What the model is for, by its card or its family."""
    folder = find_model(source)
    if (card := read_card(folder)) is not None:
        return card.kind
    return family_of(str(read_json(folder / "config.json").get("model_type"))).kinds[0]


def _sample(catalogue: Path | None, *, with_photos: bool) -> tuple[list[str], list[Bytes]]:
    """Different titles and photos from all over the catalogue."""
    catalog = read_catalog(MARKETPLACE if catalogue is None else catalogue)
    titles = list(dict.fromkeys(filter(None, catalog.normal_titles)))
    paths = list(dict.fromkeys(filter(None, catalog.photos))) if with_photos else []
    photos = []
    for path in paths[:: max(1, len(paths) // COMPARED)]:
        with suppress(PhotoError):  # `match` reports broken photos
            photos.append(load_photo(path))
    return titles[:: max(1, len(titles) // COMPARED)][:COMPARED], photos[:COMPARED]
