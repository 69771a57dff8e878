"""Reads images with Pillow."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from PIL import ExifTags, Image, UnidentifiedImageError

from processing_service.errors import TooManyPixels, Unreadable, reading
from processing_service.pictures import SIDEWAYS, UPRIGHT, prepare
from processing_service.reading import Reading, Rules

FORMATS: Final = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "TIFF", "WEBP")
"""Pillow knows more, among them one that starts another program."""
_ANIMATED: Final = frozenset({"AVIF", "GIF", "PNG", "WEBP"})
"""The formats whose frames follow each other in time."""
_NAMES: Final = {"MPO": "jpeg"}
"""Cameras put several pictures into one JPEG."""


def read(source: Path, rules: Rules) -> Reading:
    """Reads an image.

    Raises:
        Unreadable: It is none, or broken.
        TooManyPixels: It is larger than the rules allow.
    """
    with opened(source, rules.max_pixels) as image:
        metadata = _facts(image) | _exif_facts(image, keep_gps=rules.keep_gps)
        picture = prepare(image, rules.max_side, _orientation(image))
    return Reading(metadata=metadata, picture=picture, recipe="image")


@contextmanager
def opened(source: Path | IO[bytes], max_pixels: int) -> Iterator[Image.Image]:
    """Opens an image, without decoding it yet.

    Raises:
        Unreadable: It is none, or broken, now or whenever it is decoded in the context.
        TooManyPixels: It is larger.
    """
    with reading("the image"), _pixels_limited(max_pixels):
        try:
            with Image.open(source, formats=FORMATS) as image:
                yield image
        except UnidentifiedImageError as error:
            raise Unreadable("the file is not an image of a known format") from error
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise TooManyPixels(f"the image has more than {max_pixels} pixels") from error


@contextmanager
def _pixels_limited(max_pixels: int) -> Iterator[None]:
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Pillow fails at twice the limit only, and warns before.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _facts(image: Image.Image) -> dict[str, object]:
    """The size is that of the upright image."""
    width, height = image.size
    if _orientation(image) in SIDEWAYS:
        width, height = height, width
    name = image.format or ""
    return {
        "width": width,
        "height": height,
        "format": _NAMES.get(name, name.lower()),
        "has_alpha": image.has_transparency_data,
        "frames": getattr(image, "n_frames", 1) if name in _ANIMATED else 1,
    }


def _exif(image: Image.Image) -> Image.Exif:
    try:
        return image.getexif()
    except Exception:  # noqa: BLE001 - an image with broken EXIF is an image nevertheless
        return Image.Exif()


def _orientation(image: Image.Image) -> int:
    orientation = _exif(image).get(ExifTags.Base.Orientation, UPRIGHT)
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else UPRIGHT


def _exif_facts(image: Image.Image, *, keep_gps: bool) -> dict[str, object]:
    exif = _exif(image)
    if not exif:
        return {}
    facts: dict[str, object] = {
        "orientation": _orientation(image),
        "taken_at": _taken_at(exif.get_ifd(ExifTags.IFD.Exif)),
        "camera": {"make": exif.get(ExifTags.Base.Make), "model": exif.get(ExifTags.Base.Model)},
    }
    if keep_gps:
        facts["gps"] = _place(exif.get_ifd(ExifTags.IFD.GPSInfo))
    return facts


def _taken_at(details: dict[int, object]) -> str | None:
    """ISO 8601, with an offset only where the camera knew it."""
    text = str(details.get(ExifTags.Base.DateTimeOriginal, ""))
    offset = str(details.get(ExifTags.Base.OffsetTimeOriginal, "")).strip("\0 ")
    pattern = "%Y:%m:%d %H:%M:%S"
    for written, shape in ((f"{text} {offset}", f"{pattern} %z"), (text, pattern)):
        try:
            return datetime.strptime(written.strip("\0 "), shape).isoformat()  # noqa: DTZ007 - cameras need not know
        except ValueError:
            continue
    return None


def _place(gps: dict[int, object]) -> dict[str, object] | None:
    try:
        latitude = _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef], "S")
        longitude = _degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef], "W")
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return {"latitude": latitude, "longitude": longitude}


def _degrees(value: object, reference: object, negative: str) -> float:
    if not isinstance(value, tuple):
        raise TypeError
    degrees, minutes, seconds = (float(part) for part in value)
    size = degrees + minutes / 60 + seconds / 3600
    return -size if reference == negative else size
