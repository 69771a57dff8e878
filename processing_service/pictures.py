"""Pictures: made upright, small, of plain sRGB colours and without what they carry along."""

import base64
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import thumbhash
from PIL import Image, ImageCms

from processing_service.views import View

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
    """A copy in RGB or RGBA, upright and reduced to a longest side in pixels.

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


def save(image: Image.Image, view: View, target: Path) -> str:
    """Writes a prepared picture as the view has it. Returns the MIME type."""
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
    """A placeholder of some 25 bytes, in base64 (https://evanw.github.io/thumbhash/).

    What is transparent counts as white: the library fails at transparency.
    """
    small = _on_white(image).convert("RGBA")
    small.thumbnail((_THUMBHASH_SIDE, _THUMBHASH_SIDE))
    coded = thumbhash.rgba_to_thumb_hash(small.width, small.height, list(small.tobytes()))
    return base64.b64encode(bytes(coded)).decode()


def _eight_bit(image: Image.Image) -> Image.Image:
    """The same in a mode that can be resized; palettes and grey with their transparency."""
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
