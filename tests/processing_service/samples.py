"""Small real files, made with the libraries that read them or written out by hand."""

import struct
import zipfile
import zlib
from collections.abc import Mapping
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pypdfium2
from mutagen import id3
from PIL import Image, ImageCms, TiffImagePlugin

RED, GREEN, BLUE = (220, 30, 30), (30, 200, 30), (30, 30, 220)


def halves(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    """A picture that is red on its left and blue on its right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def rotated_photo() -> bytes:
    """A JPEG of a camera that was held upright: stored 60x40, seen 40x60 with red on top."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F], exif[0x0110] = "Maker", "Model 1"
    exif.get_ifd(0x8769).update({0x9003: "2024:05:06 07:08:09", 0x9011: "+02:00"})
    rational = TiffImagePlugin.IFDRational
    place = {1: "N", 2: (rational(52), rational(30), rational(0))}
    place |= {3: "W", 4: (rational(13), rational(15), rational(36))}
    exif.get_ifd(0x8825).update(place)
    return encoded(halves(), "JPEG", quality=95, exif=exif.tobytes())


def animation() -> bytes:
    """A GIF of three frames."""
    frames = [Image.new("P", (20, 10), index) for index in range(3)]
    for frame in frames:
        frame.putpalette([*RED, *GREEN, *BLUE])
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


def with_srgb_profile() -> bytes:
    """A JPEG with a colour profile."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encoded(halves(), "JPEG", icc_profile=profile)


def bomb(side: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that takes gigabytes once decoded."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(100_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def film(path: Path, *, seconds: int = 2, rotation: int = 0) -> bytes:
    """An MP4 that begins black and is red on its left and blue on its right from 0.2 s on."""
    with av.open(str(path), "w", format="mp4") as container:
        container.metadata.update({"title": "A film", "location": "+52.5-013.2/"})
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 10)
        frames: Any = av.VideoFrame  # its constructors are not annotated
        for index in range(seconds * 10):
            picture = Image.new("RGB", (96, 64)) if index < 2 else halves(96, 64)
            container.mux(stream.encode(frames.from_image(picture)))
        container.mux(stream.encode())
    content = path.read_bytes()
    return _turned(content) if rotation else content


def _turned(content: bytes) -> bytes:
    """The film with a matrix in its track header that has players turn it by 90 degrees."""
    upright = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 0x40000000)
    sideways = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 64 << 16, 0, 0x40000000)
    track = content.index(b"tkhd")
    matrix = content.index(upright, track)
    return content[:matrix] + sideways + content[matrix + len(sideways) :]


def song(path: Path, *, cover: bytes | None) -> bytes:
    """An MP3 of about a second, with tags and perhaps a cover."""
    with av.open(str(path), "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=44100, layout="mono")
        frame = av.AudioFrame(format="s16p", layout="mono", samples=44100)
        frame.sample_rate = 44100
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    kinds: Any = id3  # its constructors are not annotated
    tags = kinds.ID3()
    for tag in (kinds.TIT2(text="A song"), kinds.TPE1(text="Somebody"), kinds.TALB(text="Songs")):
        tags.add(tag)
    if cover is not None:
        tags.add(kinds.APIC(mime="image/jpeg", type=3, desc="Cover", data=cover))
    tags.save(path)
    return path.read_bytes()


def document(*, pages: int = 2) -> bytes:
    """A PDF of upright pages."""
    pdf = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        pdf.new_page(200, 300).close()
    file = BytesIO()
    pdf.save(file)
    pdf.close()
    return file.getvalue()


def titled_document() -> bytes:
    """A PDF written out, of one page with a red field, and with a title."""
    return _written_out(b"1 0 0 rg 0 0 200 300 re f")


def written_document(text: str) -> bytes:
    """A PDF of one page with a text, and with keywords."""
    return _written_out(b"BT /F 12 Tf 20 200 Td (%s) Tj ET" % text.encode())


def _written_out(stream: bytes) -> bytes:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 300]/Contents 4 0 R"
            b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
        ),
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Title(A title)/Author(Somebody)/Keywords(money, year)>>",
    ]
    content, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer<</Size 6/Root 1 0 R/Info 5 0 R>>\nstartxref\n%d\n%%%%EOF" % len(content)
    return content + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer


def colour(image: Image.Image, x: float, y: float) -> str:
    """Which of the samples' colours is at a place, in parts of the width and height."""
    at = (int(image.width * x), int(image.height * y))
    pixel = image.convert("RGB").getpixel(at)
    assert isinstance(pixel, tuple)
    return ("red", "green", "blue")[pixel.index(max(pixel))] if max(pixel) > 100 else "dark"


def archive(parts: Mapping[str, str]) -> bytes:
    """A ZIP archive of texts, such as office documents are."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    return file.getvalue()


def captioned_photo() -> bytes:
    """A JPEG with texts in EXIF and in IPTC."""
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = "A caption", "Ann"
    exif[0x9C9E] = "winter;snow".encode("utf-16-le")
    fields = {5: [b"Peak"], 25: [b"ice", "grün".encode()], 90: [b"Chur"], 101: [b"Switzerland"]}
    records = b"".join(
        b"\x1c\x02" + struct.pack(">BH", number, len(value)) + value
        for number, values in fields.items()
        for value in values
    )
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records
    resource += b"\0" * (len(records) % 2)
    segment = b"Photoshop 3.0\0" + resource
    photo = encoded(halves(), "JPEG", exif=exif.tobytes())
    return photo[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + photo[2:]
