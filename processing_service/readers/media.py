"""Reads videos and sound with FFmpeg (PyAV), and the tags of sound with mutagen.

FFmpeg knows formats that name other files and addresses, and follows them: playlists, DASH, lists to
concatenate. Only formats that hold everything themselves are opened, and only as a file.
"""

from contextlib import suppress
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Final, cast

import av
import mutagen
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from processing_service.errors import (
    ProcessingError,
    TooManyPixels,
    Unreadable,
    unreadable_on_error,
)
from processing_service.readers import ReaderOptions, ReaderResult
from processing_service.readers.images import opened, prepare

_CONTAINERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,asf,mpeg,mpegts,mpegvideo,m4v,h264,hevc,ivf,"
    "mp3,aac,ac3,eac3,flac,ogg,wav,w64,aiff,au,amr,ape,wv,tta,caf,dts"
)
_OPTIONS: Final = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
_TAGS: Final = (
    *("title", "artist", "album", "albumartist", "album_artist", "composer", "genre", "date"),
    *("tracknumber", "track", "discnumber", "disc", "language"),
)
"""Other tags may reveal where or with what a film was made."""
_LOCATION: Final = ("location", "com.apple.quicktime.location.ISO6709")
_POSTER_AT: Final = 0.1
"""Films fade in from black, so the poster is from later: at this fraction of the duration."""
_MOST_FRAMES: Final = 150
"""Frames that are decoded at most, from the last one that can be sought to the poster."""


def read(source: Path, options: ReaderOptions) -> ReaderResult:
    """Read a video or audio file.

    Raises:
        Unreadable: it is neither, or broken.
        TooManyPixels: a frame is larger than the options allow.
    """
    with unreadable_on_error("the recording"), _opened(source) as container:
        metadata = _describe(container)
        metadata["tags"] = _sound_tags(source) | _tags(container, _TAGS)
        if options.keep_gps:
            metadata["location"] = next(iter(_tags(container, _LOCATION).values()), None)
        return _with_picture(container, metadata, options)


def _opened(source: Path) -> InputContainer:
    try:
        return av.open(f"file:{source}", container_options=_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise Unreadable("the file is not a video or sound of a known format") from error


def _describe(container: InputContainer) -> dict[str, object]:
    found: dict[str, object] = {
        "container": container.format.name,
        "duration_s": container.duration and container.duration / av.time_base,
        "bit_rate": container.bit_rate,
    }
    film = _film(container)
    if film is not None:
        found |= {"width": film.width, "height": film.height}
        found["video"] = {"codec": film.codec_context.name, "frame_rate": film.average_rate}
    sound = next(iter(container.streams.audio), None)
    if sound is not None:
        found["audio"] = {
            "codec": sound.codec_context.name,
            "sample_rate": sound.sample_rate,
            "channels": sound.channels,
        }
    if film is None and sound is None:
        raise Unreadable("there is neither video nor sound in the file")
    return found


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _film(container: InputContainer) -> VideoStream | None:
    return next((stream for stream in container.streams.video if not _is_cover(stream)), None)


def _with_picture(
    container: InputContainer, metadata: dict[str, object], options: ReaderOptions
) -> ReaderResult:
    """Keep the metadata even when the picture fails."""
    film = _film(container)
    try:
        with unreadable_on_error("the picture"):
            if film is not None:
                poster, rotation = _poster(container, film, options.max_pixels)
                if rotation % 180:
                    metadata |= {"width": film.height, "height": film.width}
                picture = prepare(poster, options.max_side)
                return ReaderResult(metadata=metadata, picture=picture, recipe="poster")
            cover = _cover(container, options)
            return ReaderResult(metadata=metadata, picture=cover, recipe="cover" if cover else None)
    except TooManyPixels:
        raise
    except ProcessingError as error:
        return ReaderResult(metadata=metadata, picture_error=str(error))


def _poster(
    container: InputContainer, film: VideoStream, max_pixels: int
) -> tuple[Image.Image, int]:
    """A frame, upright, and by how many degrees it was turned for that."""
    if film.width * film.height > max_pixels:
        raise TooManyPixels(f"a frame has more than {max_pixels} pixels")
    # The stream may grow larger than its header said.
    film.codec_context.options = {"max_pixels": str(max_pixels)}
    film.codec_context.thread_count = 1
    at = ((container.start_time or 0) + (container.duration or 0) * _POSTER_AT) / av.time_base
    frame = _frame_at(container, film, at)
    if frame is None:
        raise Unreadable("no frame of the video can be decoded")
    image = cast("Image.Image", frame.to_image())  # type: ignore[no-untyped-call]  # PyAV left it out
    return image.rotate(frame.rotation, expand=True), frame.rotation


def _frame_at(container: InputContainer, film: VideoStream, at: float) -> VideoFrame | None:
    """The frame at a time in seconds, or else one that comes before it."""
    frame = None
    with suppress(av.FFmpegError):
        container.seek(int(at * av.time_base))
    with suppress(av.FFmpegError):
        for frame in islice(container.decode(film), _MOST_FRAMES):
            if frame.time is None or frame.time >= at:
                break
    return frame


def _cover(container: InputContainer, options: ReaderOptions) -> Image.Image | None:
    stream = next(filter(_is_cover, container.streams.video), None)
    if stream is None:
        return None
    packet = next(packet for packet in container.demux(stream) if packet.size)
    with opened(BytesIO(bytes(packet)), options.max_pixels) as image:
        return prepare(image, options.max_side)


def _tags(container: InputContainer, names: tuple[str, ...]) -> dict[str, object]:
    found = {name.lower(): value for name, value in container.metadata.items()}
    return {name: found[name.lower()] for name in names if name.lower() in found}


def _sound_tags(source: Path) -> dict[str, object]:
    """Tags by the same names whatever the format; none where mutagen does not know it."""
    try:
        found = mutagen.File(source, easy=True)
        tags = cast("dict[str, object]", dict(found.tags or {})) if found is not None else {}
    except Exception:  # noqa: BLE001 - sound with broken tags is sound nevertheless
        return {}
    lists = ((name, tags.get(name)) for name in _TAGS)
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in lists
        if isinstance(value, str | list) and value
    }
