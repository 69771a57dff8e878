"""Reading images."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from processing_service.errors import TooManyPixels, Unreadable
from processing_service.readers import ReaderOptions, ReaderResult, images
from processing_service.views import ViewDefinition
from tests.processing_service import samples


def read(
    path: Path, content: bytes, *, keep_gps: bool = False, max_pixels: int = 10**6
) -> ReaderResult:
    """What is found in an image of this content."""
    source = path / "input"
    source.write_bytes(content)
    rules = ReaderOptions(max_side=32, max_pixels=max_pixels, keep_gps=keep_gps, size=len(content))
    return images.read(source, rules)


def picture(reading: ReaderResult) -> Image.Image:
    """The picture, which must be there."""
    assert reading.picture is not None
    return reading.picture


def test_a_rotated_photo_is_seen_upright(tmp_path):
    """Size and picture are those of what is seen, not of what is stored."""
    found = read(tmp_path, samples.rotated_photo())
    assert (found.metadata["width"], found.metadata["height"]) == (40, 60)
    assert found.metadata["orientation"] == 6
    assert picture(found).size == (21, 32)
    assert samples.colour(picture(found), 0.5, 0.2) == "red"
    assert samples.colour(picture(found), 0.5, 0.8) == "blue"


def test_the_time_of_a_photo_is_kept(tmp_path):
    """The time that the camera wrote, with its offset, in ISO 8601; and the camera."""
    found = read(tmp_path, samples.rotated_photo()).metadata
    assert found["taken_at"] == "2024-05-06T07:08:09+02:00"
    assert found["camera"] == {"make": "Maker", "model": "Model 1"}


def test_texts_of_a_photo_are_kept(tmp_path):
    """From EXIF and IPTC; the names of the place only when they are wanted."""
    found = read(tmp_path, samples.captioned_photo()).metadata
    assert found["title"] == ["Peak"]
    assert (found["description"], found["author"]) == ("A caption", "Ann")
    assert found["keywords"] == ["ice", "grün"]
    assert "place" not in found
    found = read(tmp_path, samples.captioned_photo(), keep_gps=True).metadata
    assert found["place"] == ["Chur", "Switzerland"]


def test_the_place_of_a_photo_is_kept_only_when_wanted(tmp_path):
    """Without the setting nothing tells where a photo was taken."""
    assert "gps" not in read(tmp_path, samples.rotated_photo()).metadata
    found = read(tmp_path, samples.rotated_photo(), keep_gps=True).metadata["gps"]
    assert found == {"latitude": 52.5, "longitude": pytest.approx(-13.26)}


@pytest.mark.parametrize("kind", ["avif", "webp", "jpeg"])
def test_views_carry_nothing_along(tmp_path, kind):
    """No EXIF, and so no place, goes from a photo into its views."""
    found = read(tmp_path, samples.rotated_photo(), keep_gps=True)
    view = ViewDefinition(name="v", match=("image/*",), max_side=16, format=kind, quality=50)
    assert images.save_view(picture(found), view, tmp_path / "view") == f"image/{kind}"
    with Image.open(tmp_path / "view") as saved:
        assert saved.format == kind.upper()
        assert saved.size == (10, 16)
        assert not saved.getexif()
        assert "icc_profile" not in saved.info


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "L", {}),
        ("PNG", "1", {}),
        ("PNG", "RGBA", {}),
        ("GIF", "P", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("AVIF", "RGB", {}),
        ("JPEG", "CMYK", {}),
        ("TIFF", "CMYK", {}),
        ("BMP", "RGB", {}),
        ("JPEG2000", "RGB", {}),
    ],
)
def test_reads_usual_formats(tmp_path, kind, mode, options):
    """Whatever the format and the mode: size, format, and a picture fit for a screen."""
    found = read(tmp_path, samples.encoded(samples.halves(mode=mode), kind, **options))
    assert (found.metadata["width"], found.metadata["height"]) == (60, 40)
    assert found.metadata["format"] == kind.lower()
    assert picture(found).size == (32, 21)
    assert picture(found).mode in {"RGB", "RGBA"}
    if mode not in {"L", "1"}:
        assert samples.colour(picture(found), 0.1, 0.5) == "red"
        assert samples.colour(picture(found), 0.9, 0.5) == "blue"


def test_reads_sixteen_bits(tmp_path):
    """Grey in 16 bits keeps its brightness."""
    image = Image.new("I;16", (40, 40), 32768)
    found = read(tmp_path, samples.encoded(image, "PNG"))
    pixel = picture(found).getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert pixel[0] == pytest.approx(128, abs=1)


def test_counts_frames(tmp_path):
    """The frames of an animation are counted, and the first is the picture."""
    found = read(tmp_path, samples.animation())
    assert found.metadata["frames"] == 3
    assert samples.colour(picture(found), 0.5, 0.5) == "red"


def test_keeps_transparency(tmp_path):
    """What is transparent stays so, in palettes too; JPEG views show it white."""
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0)).quantize()
    found = read(tmp_path, samples.encoded(image, "PNG", transparency=0))
    assert found.metadata["has_alpha"] is True
    assert picture(found).mode == "RGBA"
    view = ViewDefinition(name="v", match=("image/*",), max_side=16, format="jpeg", quality=90)
    images.save_view(picture(found), view, tmp_path / "view")
    with Image.open(tmp_path / "view") as saved:
        assert saved.getpixel((8, 8)) == (255, 255, 255)


def test_applies_colour_profiles(tmp_path):
    """A picture with a profile comes out in sRGB, one with a broken profile nevertheless."""
    good = read(tmp_path, samples.with_srgb_profile())
    broken = read(tmp_path, samples.encoded(samples.halves(), "JPEG", icc_profile=b"nonsense"))
    for found in (good, broken):
        assert samples.colour(picture(found), 0.1, 0.5) == "red"


def test_makes_a_placeholder():
    """A thumbhash has a few bytes, the same for the same picture."""
    first, again = (images.thumbhash_of(samples.halves()) for _ in range(2))
    assert first == again
    assert 10 < len(first) < 40


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (33, 31)])
@pytest.mark.parametrize("colour", [(0, 0, 0, 0), (9, 9, 9, 255)])
def test_odd_pictures_have_views_and_a_placeholder(tmp_path, size, colour):
    """Single dots, lines and empty pictures are pictures."""
    found = picture(read(tmp_path, samples.encoded(Image.new("RGBA", size, colour), "PNG")))
    assert images.thumbhash_of(found)
    view = ViewDefinition(name="v", match=("image/*",), max_side=16, format="avif", quality=50)
    images.save_view(found, view, tmp_path / "view")
    with Image.open(tmp_path / "view") as saved:
        assert max(saved.size) <= 16


def test_small_pictures_are_not_enlarged(tmp_path):
    """A view is at most as large as its picture."""
    found = read(tmp_path, samples.encoded(samples.halves(6, 4), "PNG"))
    assert picture(found).size == (6, 4)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP"])
def test_a_cut_off_image_is_unreadable(tmp_path, kind):
    """Half an image is no image, whatever its format."""
    content = samples.encoded(Image.effect_noise((60, 60), 90).convert("RGB"), kind)
    with pytest.raises(Unreadable):
        read(tmp_path, content[: len(content) // 2])


def test_a_text_is_no_image(tmp_path):
    """A text that claims to be an image is recognised."""
    with pytest.raises(Unreadable, match="not an image"):
        read(tmp_path, b"just some words, called photo.jpg\n" * 20)


@pytest.mark.parametrize(
    "content", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"P6 1 1 255\n..."]
)
def test_formats_off_the_list_are_not_tried(tmp_path, content):
    """PostScript, which starts another program, and other rarities are not opened."""
    with pytest.raises(Unreadable, match="not an image"):
        read(tmp_path, content)


def test_a_bomb_is_not_decoded(tmp_path):
    """An image of more pixels than allowed is recognised by its header."""
    with pytest.raises(TooManyPixels, match="1000000 pixels"):
        read(tmp_path, samples.bomb())
    small = samples.encoded(samples.halves(), "PNG")
    with pytest.raises(TooManyPixels):
        read(tmp_path, small, max_pixels=60 * 40 - 1)
    assert read(tmp_path, small, max_pixels=60 * 40).picture is not None


def test_broken_exif_is_no_hindrance(tmp_path):
    """An image with nonsense for EXIF is read without it."""
    content = samples.encoded(
        samples.halves(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xffnonsense"
    )
    assert "taken_at" not in read(tmp_path, content).metadata


def test_reads_from_memory_as_well():
    """Covers are opened without a file."""
    with images.opened(BytesIO(samples.animation()), 1000) as image:
        assert image.size == (20, 10)
