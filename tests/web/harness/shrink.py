"""Reduces the pictures of a folder to 256 colours, which nobody sees: shrink.py <folder>."""

import sys
from pathlib import Path

from PIL import Image


def main() -> None:
    """Rewrites each picture in its place."""
    for path in sorted(Path(sys.argv[1]).glob("*.png")):
        with Image.open(path) as picture:
            reduced = picture.convert("RGB").quantize(256)
        reduced.save(path, optimize=True)


if __name__ == "__main__":
    main()
