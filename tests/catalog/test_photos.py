import io
import os
import struct
import threading
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samesku.catalog import photos
from samesku.catalog.photos import (
    MAX_PIXELS,
    PhotoError,
    load_photo,
    opened_photo,
    read_photo_bytes,
    read_photos,
)

CASES = Path(__file__).parents[1] / "cases" / "09-photos"


def corners(height=40, width=60):
    """A photo whose top left is red, top right green, bottom left blue, bottom right grey."""
    photo = np.zeros((height, width, 3), dtype=np.uint8)
    photo[: height // 2, : width // 2] = (220, 20, 20)
    photo[: height // 2, width // 2 :] = (20, 220, 20)
    photo[height // 2 :, : width // 2] = (20, 20, 220)
    photo[height // 2 :, width // 2 :] = 128
    return photo


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width, height, *chunks):
    """A PNG that claims a size, with further chunks and no pixels."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *(chunk(*each) for each in chunks), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_reads_every_format_by_content_not_by_name(tmp_path, kind):
    path = tmp_path / "photo.txt"
    path.write_bytes(encoded(Image.fromarray(corners()), kind))
    photo = load_photo(path)
    assert photo.dtype == np.uint8
    assert photo.shape == (40, 60, 3)
    assert photo.flags.writeable
    assert np.abs(photo[5::10, 5::10].astype(int) - corners()[5::10, 5::10]).max() <= 24


@pytest.mark.parametrize("orientation", range(1, 9))
def test_applies_exif_rotation(orientation):
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transpose that the flag undoes
    stored = Image.fromarray(corners())
    if orientation in back:
        stored = stored.transpose(Image.Transpose(back[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = load_photo(encoded(stored, "PNG", exif=exif))
    assert np.array_equal(photo, corners())


def test_transparency_lies_on_white():
    clear = np.dstack([corners(), np.zeros((40, 60), dtype=np.uint8)])
    clear[:20, :, 3] = 255
    photo = load_photo(encoded(Image.fromarray(clear), "PNG"))
    assert np.array_equal(photo[:20], corners()[:20])
    assert (photo[20:] == 255).all()


def test_transparent_palette_lies_on_white():
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 200, 0, 0])
    palette.paste(0, (0, 0, 4, 8))
    photo = load_photo(encoded(palette, "PNG", transparency=0))
    assert (photo[:, :4] == 255).all()
    assert (photo[:, 4:] == (200, 0, 0)).all()


def test_sixteen_bit_grey_keeps_its_upper_byte():
    grey = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    photo = load_photo(encoded(Image.fromarray(grey), "PNG"))
    assert np.array_equal(photo, np.repeat((grey >> 8).astype(np.uint8)[..., None], 3, axis=2))


def test_cmyk_jpeg_keeps_its_colours():
    photo = load_photo(encoded(Image.fromarray(corners()).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(photo[5::10, 5::10].astype(int) - corners()[5::10, 5::10]).max() <= 24


def test_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (20, 10), (i, 0, 0)) for i in range(200)]
    content = encoded(frames[90], "GIF", save_all=True, append_images=frames)
    assert (load_photo(content) == (90, 0, 0)).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 20000), (20000, 1)])
def test_extreme_shapes(size):
    assert load_photo(encoded(Image.new("RGB", size, "red"), "PNG")).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files_are_refused(kind, share):
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3)).astype(np.uint8)
    content = encoded(Image.fromarray(noise), kind)
    with pytest.raises(PhotoError) as refused:
        load_photo(content[: int(share * len(content))])
    assert refused.value.path == "<bytes>"
    assert refused.value.reason.startswith(("truncated", "damaged"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<html>not found</html>", "a web page"),
        (b"MZ" * 50, "not an image"),
        (b"%PDF-1.7", "a PDF"),
        (b"RIFF1234WAVE", "not an image"),
    ],
)
def test_other_files_are_named(content, told):
    with pytest.raises(PhotoError, match=rf"{told} \(not JPEG"):
        load_photo(content)


@pytest.mark.parametrize(
    "start", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF....WEBP"]
)
def test_garbage_behind_a_true_start_is_refused(start):
    rng = np.random.default_rng(1)
    for _ in range(20):
        with pytest.raises(PhotoError):
            load_photo(start + rng.bytes(300))


def test_bomb_is_refused_from_its_header_without_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PhotoError, match="decompression bomb"):
            load_photo(png(60_000, 60_000))


def test_text_bomb_is_refused_quickly():
    body = zlib.compress(bytes(50_000_000))
    bomb = png(4, 4, *[(b"zTXt", b"key\0\0" + body)] * 20)
    begun = time.perf_counter()
    with pytest.raises(PhotoError):
        load_photo(bomb)
    assert time.perf_counter() - begun < 5


def test_photos_beyond_the_bounds_are_refused(tmp_path, monkeypatch):
    content = encoded(Image.fromarray(corners()), "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    monkeypatch.setattr(photos, "MAX_PIXELS", 2400)
    monkeypatch.setattr(photos, "MAX_BYTES", len(content))
    assert load_photo(path).shape == (40, 60, 3)
    monkeypatch.setattr(photos, "MAX_PIXELS", 2399)
    with pytest.raises(PhotoError, match="decompression bomb"):
        load_photo(path)
    monkeypatch.setattr(photos, "MAX_BYTES", len(content) - 1)
    for source in (path, content):
        with pytest.raises(PhotoError, match="file too large"):
            load_photo(source)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    reasons = {
        "empty.jpg": "empty file",
        "zero.jpg": "not a regular file",
        "pipe.jpg": "not a regular file",
        ".": "not a regular file",
        "gone.jpg": "file missing",
        "empty.jpg/under": "file missing",
        "loop.jpg": "cannot be read",
        "a\0b": "not a valid file name",
        "n" * 300: "cannot be read",
    }
    for name, reason in reasons.items():
        with pytest.raises(PhotoError, match=reason):
            read_photo_bytes(tmp_path / name)


@pytest.fixture
def folder(tmp_path):
    """Thirty photos of growing width, every seventh broken."""
    paths = []
    for i in range(30):
        paths.append(tmp_path / f"{i}.png")
        whole = encoded(Image.new("RGB", (i + 1, 3)), "PNG")
        paths[-1].write_bytes(whole if i % 7 else b"broken")
    return paths


def test_photos_come_in_order_and_bad_ones_stop_nothing(folder):
    seen = list(read_photos(folder, lambda photo: photo.shape[1]))
    assert [i for i, _ in seen] == list(range(30))
    for i, result in seen:
        if i % 7:
            assert result == i + 1
        else:
            assert isinstance(result, PhotoError)
            assert result.path == str(folder[i])


def test_faults_of_the_work_itself_are_raised(folder):
    def fails(photo):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        list(read_photos(folder, fails))


@pytest.mark.parametrize(
    "name",
    ["alpha.png", "anim.gif", "anim.webp", "cmyk.jpg", "exif6.jpg", "grey16.png", "palette.png",
     "still.avif", "../damaged_exif.jpg"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Tag data")
def test_unusual_photos_are_read(name):
    assert min(load_photo(CASES / "photos" / name).shape[:2]) > 1


@pytest.mark.parametrize(
    ("name", "told"),
    [("html.jpg", "a web page"), ("svg.jpg", "an SVG drawing"), ("trunc.jpg", "truncated"),
     ("zero.jpg", "empty file")],
)  # fmt: skip
def test_what_is_no_photo_is_refused_by_its_true_name(name, told):
    with pytest.raises(PhotoError, match=told):
        load_photo(CASES / "photos" / name)


def test_other_containers_are_named():
    for content, told in ((b"\0\0\0\x18ftypheic", "HEIC"), (b"\xff\x0a\0\0", "JPEG XL")):
        with pytest.raises(PhotoError, match=told):
            load_photo(content)


@pytest.mark.parametrize("mode", ["I;16", "LA", "P", "RGBA", "CMYK"])
def test_large_photos_are_brought_to_rgb_as_small_ones(mode, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, (50, 40, 4), dtype=np.uint8)
    image = Image.fromarray(noise)
    if mode == "I;16":
        image = Image.fromarray(noise.view(np.uint16)[..., 0])
    elif mode == "CMYK":
        image = Image.fromarray(noise, "CMYK")
    else:
        image = image.convert("RGB").convert("P") if mode == "P" else image.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"transparency": 3} if mode == "P" else {}
    content = encoded(image, "TIFF" if mode == "CMYK" else "PNG", exif=exif, **options)
    whole = load_photo(content)
    monkeypatch.setattr("samesku.catalog.photos.BAND", 40 * 7)
    assert np.array_equal(load_photo(content), whole)


def test_photos_that_are_open_at_once_share_a_budget_of_pixels():
    large = encoded(Image.new("1", (8000, 4100)), "PNG")
    assert MAX_PIXELS / 2 < 8000 * 4100
    open_now, most = [], []

    def look(content):
        with opened_photo(content):
            open_now.append(1)
            most.append(len(open_now))
            time.sleep(0.3)
            open_now.pop()

    threads = [threading.Thread(target=look, args=(large,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1]


def test_a_jpeg_of_which_less_is_enough_is_decoded_smaller():
    content = encoded(Image.fromarray(corners(800, 1200)), "JPEG")
    with opened_photo(content, about=200) as photo:
        assert photo.shape[0] < 400
