"""Images, with Pillow: reads them, and draws views and placeholders of any picture.

A picture is made upright, small, of plain sRGB colours, and freed of the metadata that it carries.
"""

import base64
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final, cast

import thumbhash
from PIL import ExifTags, Image, ImageCms, ImageFile, IptcImagePlugin, UnidentifiedImageError

from processing_service.errors import TooManyPixels, Unreadable, unreadable_on_error
from processing_service.readers import ReaderOptions, ReaderResult
from processing_service.views import ViewDefinition

FORMATS: Final = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "TIFF", "WEBP")
"""Pillow supports more, among them one that starts another program."""
_ANIMATED: Final = frozenset({"AVIF", "GIF", "PNG", "WEBP"})
"""The formats whose frames follow each other in time."""
_EXIF_TEXTS: Final = {
    "title": ExifTags.Base.XPTitle,
    "description": ExifTags.Base.ImageDescription,
    "author": ExifTags.Base.Artist,
    "keywords": ExifTags.Base.XPKeywords,
}
_IPTC_RECORD: Final = 2
_IPTC_TEXTS: Final = {"title": 5, "description": 120, "author": 80, "keywords": 25}
"""Fields by their numbers (IPTC Information Interchange Model, record 2)."""
_IPTC_PLACES: Final = (92, 90, 95, 101)
"""Location, city, province and country."""
_NAMES: Final = {"MPO": "jpeg"}
"""Cameras put several pictures into one JPEG."""


def read(source: Path, options: ReaderOptions) -> ReaderResult:
    """Read an image.

    Raises:
        Unreadable: it is none, or broken.
        TooManyPixels: it is larger than the options allow.
    """
    with opened(source, options.max_pixels) as image:
        metadata = _describe(image) | _describe_exif(image, keep_gps=options.keep_gps)
        metadata |= _describe_iptc(image, keep_place=options.keep_gps)
        picture = prepare(image, options.max_side, _orientation(image))
    return ReaderResult(metadata=metadata, picture=picture, recipe="image")


@contextmanager
def opened(source: Path | IO[bytes], max_pixels: int) -> Iterator[Image.Image]:
    """Open an image, without decoding it yet.

    Raises:
        Unreadable: it is none, or broken, now or whenever it is decoded in the context.
        TooManyPixels: it is larger.
    """
    with unreadable_on_error("the image"), _pixels_limited(max_pixels):
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


def _describe(image: Image.Image) -> dict[str, object]:
    """Return the basic metadata; the size is that of the upright image."""
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


def _describe_exif(image: Image.Image, *, keep_gps: bool) -> dict[str, object]:
    exif = _exif(image)
    if not exif:
        return {}
    found: dict[str, object] = {
        "orientation": _orientation(image),
        "taken_at": _taken_at(exif.get_ifd(ExifTags.IFD.Exif)),
        "camera": {"make": exif.get(ExifTags.Base.Make), "model": exif.get(ExifTags.Base.Model)},
    }
    found |= {name: _exif_text(exif.get(tag)) for name, tag in _EXIF_TEXTS.items()}
    if keep_gps:
        found["gps"] = _coordinates(exif.get_ifd(ExifTags.IFD.GPSInfo))
    return found


def _exif_text(value: object) -> str | None:
    """Windows writes its own fields as bytes, in UTF-16."""
    if isinstance(value, bytes):
        return value.decode("utf-16-le", "ignore")
    return value if isinstance(value, str) else None


def _describe_iptc(image: Image.Image, *, keep_place: bool) -> dict[str, object]:
    """What agencies and photo programs write into pictures."""
    try:
        fields = IptcImagePlugin.getiptcinfo(cast("ImageFile.ImageFile", image)) or {}
    except Exception:  # noqa: BLE001 - an image with broken IPTC is an image nevertheless
        return {}
    found: dict[str, object] = {
        name: _iptc_texts(fields.get((_IPTC_RECORD, number)))
        for name, number in _IPTC_TEXTS.items()
    }
    if keep_place:
        found["place"] = [
            text
            for number in _IPTC_PLACES
            for text in _iptc_texts(fields.get((_IPTC_RECORD, number)))
        ]
    return {name: value for name, value in found.items() if value}


def _iptc_texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [each.decode("utf-8", "replace") for each in values if isinstance(each, bytes)]


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


def _coordinates(gps: dict[int, object]) -> dict[str, object] | None:
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


UPRIGHT: Final = 1
"""The EXIF orientation of what needs no turning."""
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS: Final = frozenset({5, 6, 7, 8})
"""The EXIF orientations whose width is the height of what is seen."""
_RESIZABLE: Final = frozenset({"L", "RGB", "RGBA", "CMYK"})
_DEEP: Final = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
_THUMBHASH_SIDE: Final = 32
"""Enough for what a thumbhash keeps; its library is slow with more."""
_AVIF_SPEED: Final = 6
_SRGB: Final = ImageCms.createProfile("sRGB")


def prepare(image: Image.Image, max_side: int, orientation: int = UPRIGHT) -> Image.Image:
    """Return a copy in RGB or RGBA, upright and reduced to a longest side in pixels.

    Memory is saved where the format can be decoded smaller (JPEG): such images must not have been
    loaded yet.
    """
    if image.mode not in _RESIZABLE:
        image = _eight_bit(image)
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    image.load()
    image = _plain_colours(image)
    turn = _TURNS.get(orientation)
    if turn is not None:
        image = image.transpose(turn)
    # Encoders write EXIF, XMP and profiles from here unless it is empty.
    image.info = {}
    return image


def save_view(image: Image.Image, view: ViewDefinition, target: Path) -> str:
    """Write a prepared picture as the view is defined. Returns the MIME type."""
    small = image.copy()
    small.thumbnail((view.max_side, view.max_side), Image.Resampling.LANCZOS)
    options: dict[str, Any] = {"quality": view.quality}
    if view.format == "avif":
        options |= {"speed": _AVIF_SPEED, "max_threads": 1}
    elif view.format == "jpeg":
        small = _on_white(small)
        options |= {"optimize": True, "progressive": True}
    small.save(target, view.format.upper(), **options)
    return f"image/{view.format}"


def thumbhash_of(image: Image.Image) -> str:
    """Return a placeholder of some 25 bytes, in base64 (https://evanw.github.io/thumbhash/).

    What is transparent counts as white: the library fails at transparency.
    """
    small = _on_white(image).convert("RGBA")
    small.thumbnail((_THUMBHASH_SIDE, _THUMBHASH_SIDE))
    coded = thumbhash.rgba_to_thumb_hash(small.width, small.height, list(small.tobytes()))
    return base64.b64encode(bytes(coded)).decode()


def _eight_bit(image: Image.Image) -> Image.Image:
    """Convert to a mode that can be resized; palettes and grey keep their transparency."""
    if image.mode in _DEEP:
        deep = image.convert("I")
        # 16 bits are the most that image files have; Pillow clips rather than scales.
        return deep.point(lambda value: value * (1 / 256)).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _plain_colours(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    target = "RGBA" if image.has_transparency_data else "RGB"
    if profile and image.mode in {"RGB", "RGBA", "CMYK"}:
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode=mode)
            image = converted or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a picture with a broken profile is shown in the colours of plain sRGB
    return image if image.mode == target else image.convert(target)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white
