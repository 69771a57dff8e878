"""Reading films and sound."""

from pathlib import Path

import pytest

from processing_service.errors import TooManyPixels, Unreadable
from processing_service.readers import ReaderOptions, ReaderResult, media
from tests.processing_service import samples


def read(
    path: Path, content: bytes, *, keep_gps: bool = False, max_pixels: int = 10**6
) -> ReaderResult:
    """What is found in a recording of this content."""
    source = path / "input"
    source.write_bytes(content)
    rules = ReaderOptions(max_side=48, max_pixels=max_pixels, keep_gps=keep_gps, size=len(content))
    return media.read(source, rules)


def test_a_film_tells_what_it_is(tmp_path):
    """Duration, size, codecs and title."""
    found = read(tmp_path, samples.film(tmp_path / "film")).metadata
    assert found["duration_s"] == pytest.approx(2.0, abs=0.1)
    assert (found["width"], found["height"]) == (96, 64)
    assert found["video"] == {"codec": "h264", "frame_rate": 10}
    assert found["tags"] == {"title": "A film"}
    assert "location" not in found


def test_a_films_place_is_kept_only_when_wanted(tmp_path):
    """With the setting, the metadata say where a film was made."""
    found = read(tmp_path, samples.film(tmp_path / "film"), keep_gps=True).metadata
    assert str(found["location"]).startswith("+52.5")


def test_a_film_has_a_poster(tmp_path):
    """A frame from behind the fade-in shows the film."""
    found = read(tmp_path, samples.film(tmp_path / "film"))
    assert found.recipe == "poster"
    assert found.picture is not None
    assert found.picture.size == (48, 32)
    assert samples.colour(found.picture, 0.1, 0.5) == "red"
    assert samples.colour(found.picture, 0.9, 0.5) == "blue"


def test_a_turned_film_is_seen_upright(tmp_path):
    """Size and poster are those of what players show."""
    found = read(tmp_path, samples.film(tmp_path / "film", rotation=90))
    assert (found.metadata["width"], found.metadata["height"]) == (64, 96)
    assert found.picture is not None
    assert found.picture.size == (32, 48)
    assert samples.colour(found.picture, 0.5, 0.1) == "red"
    assert samples.colour(found.picture, 0.5, 0.9) == "blue"


def test_a_song_has_tags_and_a_cover(tmp_path):
    """Duration, codec, tags, and the cover as picture."""
    cover = samples.encoded(samples.halves(), "JPEG")
    found = read(tmp_path, samples.song(tmp_path / "song", cover=cover))
    assert found.metadata["tags"] == {"title": "A song", "artist": "Somebody", "album": "Songs"}
    assert found.metadata["audio"] == {"codec": "mp3float", "sample_rate": 44100, "channels": 1}
    assert found.metadata["duration_s"] == pytest.approx(1.0, abs=0.15)
    assert "video" not in found.metadata
    assert found.recipe == "cover"
    assert found.picture is not None
    assert samples.colour(found.picture, 0.1, 0.5) == "red"


def test_a_song_without_cover_has_no_picture(tmp_path):
    """No cover is not an error."""
    found = read(tmp_path, samples.song(tmp_path / "song", cover=None))
    assert found.picture is None
    assert found.picture_error is None


def test_a_broken_cover_does_not_hide_the_song(tmp_path):
    """What is known of the song is kept, and why it has no picture."""
    cover = samples.encoded(samples.halves(), "JPEG")[:400]
    found = read(tmp_path, samples.song(tmp_path / "song", cover=cover))
    assert found.metadata["tags"]
    assert found.picture is None
    assert found.picture_error is not None


@pytest.mark.parametrize(
    "content",
    [
        b"just some words, called film.mp4\n" * 20,
        b"",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
    ],
)
def test_what_is_no_recording_is_unreadable(tmp_path, content):
    """Neither texts nor lists of other files are opened."""
    with pytest.raises(Unreadable, match="not a video or sound"):
        read(tmp_path, content)


def test_a_cut_off_film_is_unreadable(tmp_path):
    """A film without its index, which stands at its end, cannot be read."""
    content = samples.film(tmp_path / "film")
    with pytest.raises(Unreadable):
        read(tmp_path, content[: len(content) // 2])


def test_a_film_of_huge_frames_is_not_decoded(tmp_path):
    """Frames of more pixels than allowed end the attempt."""
    with pytest.raises(TooManyPixels):
        read(tmp_path, samples.film(tmp_path / "film"), max_pixels=96 * 64 - 1)
