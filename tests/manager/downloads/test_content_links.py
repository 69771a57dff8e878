"""Links to content: what is signed holds for its time, and nothing else does."""

from uuid import uuid4

import pytest

from common.key_derivation import Purpose
from discord_emulator.testing import VirtualClock
from manager.downloads.links import LIFE_S, ContentLinks
from manager.errors import InvalidLink
from tests.manager.signing.rings import signer_of


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock()


def q_of(link: str) -> str:
    """The signature of a link."""
    return link.partition("?q=")[2]


def test_a_link_holds_for_its_content_and_time(clock):
    """A link is for one subject, the same for a while, and over after two days at most."""
    links = ContentLinks(signer_of(b"secret", Purpose.CONTENT_LINKS, clock))
    object_id, other = uuid4(), uuid4()
    file, view = links.file(object_id), links.view(object_id, "thumbnail")
    assert links.file(object_id) == file
    links.check_file(object_id, q_of(file))
    links.check_view(object_id, "thumbnail", q_of(view))
    for wrong_id, q in (
        (other, q_of(file)),
        (object_id, q_of(view)),
        (object_id, q_of(file)[:-1] + "!"),
        (object_id, q_of(file)[:-4]),
        (object_id, ""),
        (object_id, "ü"),
    ):
        with pytest.raises(InvalidLink):
            links.check_file(wrong_id, q)
    for name, q in (("thumbnail", q_of(file)), ("preview", q_of(view))):
        with pytest.raises(InvalidLink):
            links.check_view(object_id, name, q)
    clock.now += LIFE_S
    links.check_file(object_id, q_of(file))
    clock.now += LIFE_S
    with pytest.raises(InvalidLink):
        links.check_file(object_id, q_of(file))
