"""Titles and photos in one space."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs the extra train")

from samesku import Matcher, read_catalog  # noqa: E402
from samesku.encoders import encoders_by_name  # noqa: E402
from samesku.encoders.backbones import load_backbone  # noqa: E402
from samesku.encoders.title_batches import unit_rows  # noqa: E402


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_one_model_is_two_encoders(tiny, titles, photos, family):
    of_titles, of_photos = encoders_by_name([f"clip:{tiny(family)}"])
    assert (of_titles.name, of_photos.name) == (
        f"clip-title:tiny-{family}",
        f"clip-photo:tiny-{family}",
    )
    assert (of_titles.modality, of_photos.modality) == ("text", "photo")
    assert of_titles.model is of_photos.model
    backbone = load_backbone(tiny(family), "clip")
    with torch.inference_mode():
        expected = unit_rows(backbone(backbone.prepare(titles)).numpy())
        seen = unit_rows(backbone(backbone.prepare(photos)).numpy())
    np.testing.assert_allclose(of_titles.encode_titles(titles).rows, expected, atol=1e-5)
    rows = of_photos.embed([of_photos.look(photo) for photo in photos])[:, 0]
    np.testing.assert_allclose(rows, seen, atol=1e-4)


def test_a_photo_model_is_none_of_titles_and_photos(tiny):
    with pytest.raises(ValueError, match="of kind photo, not clip"):
        encoders_by_name([f"clip:{tiny('dinov2')}"])


def test_a_catalogue_is_matched_by_both(tiny, tmp_path, photos, long_title):
    (tmp_path / "photos").mkdir()
    for place in range(4):
        Image.fromarray(photos[place // 2]).save(tmp_path / "photos" / f"{place}.png")
    offers = pl.DataFrame(
        {
            "posting_id": list("abcd"),
            "title": ["tas anak", long_title, "lampu led", ""],
            "image": [f"{place}.png" for place in range(4)],
        }
    )
    catalog = read_catalog(offers, photos=tmp_path / "photos")
    matches = Matcher(encoders_by_name([f"clip:{tiny('clip')}"])).match(catalog)
    told = matches.summary["encoders"]
    assert told["clip-title:tiny-clip"]["postings"] == 3
    assert told["clip-photo:tiny-clip"]["postings"] == 4
    assert matches.summary["notes"] == [
        "1 different titles are longer than the 20 tokens that clip-title:tiny-clip reads: cut"
    ]
