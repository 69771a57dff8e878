"""The whole service: jobs in, views and reports out."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from protocol.t2s import JobDone, JobFailed
from tests.processing_service import samples
from tests.processing_service.fake_manager import PASSWORD, FakeManager, running_service


@pytest.fixture
def work_folder(tmp_path: Path) -> Path:
    """Where the service has its temporary files."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


async def test_a_photo_gets_metadata_thumbnail_and_preview(
    manager: FakeManager, work_folder, tmp_path
):
    """The views show the photo upright, and nothing tells where it was taken."""
    async with running_service(manager, work_folder):
        report = await manager.result(samples.rotated_photo(), "image/jpeg", name="photo.jpg")
    assert isinstance(report, JobDone)
    found = report.metadata
    assert (found["kind"], found["width"], found["height"]) == ("image", 40, 60)
    assert found["taken_at"] == "2024-05-06T07:08:09+02:00"
    assert found["thumbhash"]
    assert "gps" not in found
    assert "failed" not in found
    assert manager.names(report.job_id) == {"thumbnail", "preview"}
    thumbnail = manager.views[report.job_id, "thumbnail"]
    assert thumbnail.type == "image/avif"
    picture = thumbnail.picture(tmp_path / "view")
    assert picture.size == (40, 60)
    assert samples.colour(picture, 0.5, 0.1) == "red"
    assert manager.views[report.job_id, "preview"].type == "image/webp"
    assert not any(work_folder.iterdir())


async def test_each_family_gets_its_views(manager: FakeManager, work_folder, tmp_path):
    """Films have posters, songs covers, PDFs first pages, and each a thumbnail."""
    cover = samples.encoded(samples.halves(), "PNG")
    files = [
        (samples.film(tmp_path / "film"), "video/mp4", "poster"),
        (samples.song(tmp_path / "song", cover=cover), "audio/mpeg", "cover"),
        (samples.titled_document(), "application/pdf", "first-page"),
        (samples.encoded(samples.halves(), "AVIF"), "image/avif", "preview"),
        (samples.animation(), "image/gif", "preview"),
    ]
    async with running_service(manager, work_folder):
        for content, kind, view in files:
            report = await manager.result(content, kind)
            assert isinstance(report, JobDone), report
            assert manager.names(report.job_id) == {"thumbnail", view}
            picture = manager.views[report.job_id, "thumbnail"].picture(tmp_path / "view")
            assert samples.colour(picture, 0.1, 0.5) == "red"


async def test_texts_and_songs_without_cover_have_no_views(
    manager: FakeManager, work_folder, tmp_path
):
    """There is metadata nevertheless."""
    async with running_service(manager, work_folder):
        text = await manager.result(b"one\ntwo\n", "text/plain; charset=utf-8")
        song = await manager.result(samples.song(tmp_path / "s", cover=None), "audio/mpeg")
    assert isinstance(text, JobDone)
    assert text.metadata == {
        "kind": "text",
        "encoding": "ascii",
        "lines": 2,
        "text": "one two",
    }
    assert isinstance(song, JobDone)
    assert song.metadata["tags"]["title"] == "A song"
    assert not manager.views


@pytest.mark.parametrize("kind", ["application/zip", "image/svg+xml", "audio/midi", "image/jpeg"])
async def test_what_nobody_reads_is_not_even_downloaded(manager: FakeManager, work_folder, kind):
    """Files of other types, and empty ones, are done at once."""
    content = b"" if kind == "image/jpeg" else b"PK or whatever"
    async with running_service(manager, work_folder):
        report = await manager.result(content, kind)
    assert report == JobDone(job_id=report.job_id, metadata={})
    assert not manager.ranges


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"just some words\n" * 50, "image/jpeg", "not an image"),
        (samples.rotated_photo()[:500], "image/jpeg", "broken or cut off"),
        (samples.bomb(), "image/png", "more than 100000000 pixels"),
        (b"%PDF-1.7\n", "application/pdf", "not a PDF"),
        (b"just some words\n" * 50, "video/mp4", "not a video or sound"),
    ],
)
async def test_what_cannot_be_read_is_given_up(
    manager: FakeManager, work_folder, content, kind, reason
):
    """The reason is clear, no other attempt is wanted, and nothing is stored."""
    async with running_service(manager, work_folder):
        report = await manager.result(content, kind)
    assert isinstance(report, JobFailed)
    assert reason in report.error
    assert report.retry is False
    assert not manager.views
    assert not any(work_folder.iterdir())


async def test_a_file_beyond_the_disk_limit_is_given_up(manager: FakeManager, work_folder):
    """It is not downloaded. Of a text the beginning is enough."""
    async with running_service(manager, work_folder, max_input_mib=1):
        film = await manager.result(b"", "video/mp4", size=1024**2 + 1)
        text = await manager.result(b"words " * 400_000, "text/plain")
    assert isinstance(film, JobFailed)
    assert "more than the 1048576" in film.error
    assert film.retry is False
    assert isinstance(text, JobDone)
    assert manager.ranges == ["bytes=0-1048575"]


async def test_a_cut_off_download_goes_on(manager: FakeManager, work_folder):
    """What has arrived is not asked for again."""
    content = samples.rotated_photo()
    manager.cuts = [100, 0, 50]
    async with running_service(manager, work_folder):
        report = await manager.result(content, "image/jpeg")
    assert isinstance(report, JobDone)
    last = len(content) - 1
    begins = (0, 100, 100, 150)
    assert manager.ranges == [f"bytes={begin}-{last}" for begin in begins]


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_a_file_that_is_not_given_is_tried_later(manager: FakeManager, work_folder, status):
    """An error of the manager says nothing about the file."""
    manager.content_status = status
    async with running_service(manager, work_folder):
        report = await manager.result(samples.animation(), "image/gif")
    assert isinstance(report, JobFailed)
    assert report.retry is True


async def test_a_view_is_posted_again_with_a_new_ticket(manager: FakeManager, work_folder):
    """Two failures of an upload service are overcome."""
    manager.statuses = [503, 502]
    async with running_service(manager, work_folder):
        report = await manager.result(samples.animation(), "image/gif")
    assert isinstance(report, JobDone)
    assert manager.names(report.job_id) == {"thumbnail", "preview"}
    assert manager.posts == 4


async def test_a_view_that_is_not_taken_is_tried_later(manager: FakeManager, work_folder):
    """Neither a refused ticket nor a failing upload service says anything about the file."""
    async with running_service(manager, work_folder):
        manager.statuses = [503, 503, 503]
        unposted = await manager.result(samples.animation(), "image/gif")
        manager.refused_views = {"thumbnail"}
        refused = await manager.result(samples.animation(), "image/gif")
    assert isinstance(unposted, JobFailed)
    assert unposted.retry is True
    assert unposted.error == "the view thumbnail was not taken: HTTP 503 not now"
    assert refused == JobFailed(job_id=refused.job_id, error="no ticket today", retry=True)


async def test_views_that_are_there_are_not_made_again(manager: FakeManager, work_folder):
    """Only what is missing is made."""
    async with running_service(manager, work_folder):
        report = await manager.result(samples.animation(), "image/gif", views=("thumbnail",))
    assert manager.names(report.job_id) == {"preview"}


async def test_configured_views_are_made(manager: FakeManager, work_folder, tmp_path):
    """A file of views replaces the usual ones; a changed view is made again where it is there."""
    path = tmp_path / "views.toml"
    path.write_text(
        'version = 7\n[[views]]\nname = "tiny"\nmatch = ["image/gif"]\n'
        'max_side = 8\nformat = "jpeg"\nquality = 50\nremake = true\n'
    )
    async with running_service(manager, work_folder, views_file=path):
        report = await manager.result(samples.animation(), "image/gif", views=("tiny",))
    view = manager.views[report.job_id, "tiny"]
    assert view.type == "image/jpeg"
    assert view.picture(tmp_path / "view").size == (8, 4)
    assert (await manager.requests.get()).recipe_version % 1000 == 7


async def test_every_worker_loop_takes_a_job(manager: FakeManager, work_folder):
    """As many jobs as there are workers are done at once, and each is reported."""
    jobs = {await manager.give(samples.animation(), "image/gif") for _ in range(3)}
    async with running_service(manager, work_folder, workers=2):
        reported = {(await manager.report()).job_id for _ in range(3)}
    assert reported == jobs


async def test_reconnects_after_the_connection_was_lost(manager: FakeManager, work_folder):
    """The service logs in again, is configured again, and works."""
    async with running_service(manager, work_folder):
        assert (await manager.configured.get()).success
        await manager.cut()
        assert (await manager.configured.get()).success
        report = await manager.result(samples.animation(), "image/gif")
    assert isinstance(report, JobDone)
    expected = {"type": "thumbnail", "key": PASSWORD, "extensions": "processing"}
    assert manager.queries == [expected, expected]


async def test_a_manager_without_the_extension_is_told(manager: FakeManager, work_folder):
    """The service cannot work with a bot token, says so, and asks for no job."""
    manager.grants = False
    async with running_service(manager, work_folder):
        answer = await manager.configured.get()
    assert answer.success is False
    assert "bot token" in str(answer.message)
    assert manager.requests.empty()


async def test_a_wrong_password_is_tried_until_it_is_right(
    manager: FakeManager, work_folder, monkeypatch
):
    """A manager that is configured later lets the service in without a restart."""
    monkeypatch.setattr("tests.processing_service.fake_manager.PASSWORD", "another password")
    async with running_service(manager, work_folder, service_password=SecretStr(PASSWORD)):
        await manager.refusals.wait()
        monkeypatch.undo()
        assert (await manager.configured.get()).success


HANGS = """
    import signal

    def test(file):
        return file.name == "hang"

    def generate(source, target, file):
        keep = open("{path}", "rb", 0)
        signal.pause()
"""


async def test_a_lost_lease_ends_the_work(manager: FakeManager, work_folder, witness, install):
    """A job that the manager gave to another is dropped, its worker killed; the next is done."""
    install("hanging", HANGS.format(path=witness.path))
    manager.lease_s = 1
    async with running_service(manager, work_folder):
        await manager.give(b"words", "text/plain", name="hang")
        await witness.come.wait()
        await manager.renewals.get()
        manager.is_ours = False
        await witness.gone.wait()
        manager.is_ours = True
        assert isinstance(await manager.result(b"words", "text/plain"), JobDone)


async def test_a_stop_kills_the_workers(manager: FakeManager, work_folder, witness, install):
    """Nothing of a job is left behind, neither processes nor files."""
    install("hanging", HANGS.format(path=witness.path))
    async with running_service(manager, work_folder):
        await manager.give(b"words", "text/plain", name="hang")
        await witness.come.wait()
    await witness.gone.wait()
    assert not any(work_folder.iterdir())


async def test_a_lost_connection_kills_the_workers(
    manager: FakeManager, work_folder, witness, install
):
    """Jobs end with the connection over which they came."""
    install("hanging", HANGS.format(path=witness.path))
    async with running_service(manager, work_folder):
        await manager.give(b"words", "text/plain", name="hang")
        await witness.come.wait()
        await manager.sockets[0].close()
        await witness.gone.wait()
        assert isinstance(await manager.result(b"words", "text/plain"), JobDone)
