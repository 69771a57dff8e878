"""Which files share a message: as many as fit, none that need not wait."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.u2s import MAX_CHUNKS_IN_MESSAGE
from storage.discord.composing import (
    SMALL_FILE_BYTES,
    SMALL_MESSAGE_BYTES,
    MessageComposer,
    Place,
    WaitingFiles,
)
from storage.discord.sizes import DOCUMENTED_LIMITS, MessageLimits, takes

MIB = 1024 * 1024
LARGE = MessageLimits(attachment_bytes=10 * MIB, request_bytes=200 * MIB, attachments=10)
FILES = st.lists(
    st.tuples(
        st.one_of(st.integers(1, 20_000), st.integers(1, 11 * MIB)),
        st.integers(1, 400),
        st.booleans(),
    ),
    min_size=1,
    max_size=60,
)


def begun(size: int, limits: MessageLimits = LARGE) -> MessageComposer:
    """A message with a first file of one chunk."""
    composer = MessageComposer(limits)
    composer.begin(size, 1)
    return composer


def test_large_files_that_wait_fill_a_message():
    """As many as there may be attachments."""
    composer = begun(10 * MIB)
    taken = [composer.take_along(10 * MIB, 1, has_turn=False) for _ in range(10)]
    assert taken == [True] * 9 + [False]
    assert composer.sizes == [10 * MIB] * 10
    assert composer.is_full


def test_the_request_may_be_full_before():
    """As documented, it takes two large files."""
    composer = begun(10 * MIB - 1024, DOCUMENTED_LIMITS)
    taken = [composer.take_along(10 * MIB - 1024, 1, has_turn=False) for _ in range(2)]
    assert taken == [True, False]
    assert not composer.is_full


def test_small_files_share_an_attachment():
    """One behind the other, so that the number of attachments does not matter."""
    composer = begun(10)
    assert all(composer.take_along(1000, 1, has_turn=number % 2 == 0) for number in range(50))
    assert composer.sizes == [50_010]
    assert composer.places[:3] == [Place(0, 0), Place(0, 10), Place(0, 1010)]


def test_files_that_fit_behind_a_large_one_share_its_attachment():
    """The next one is begun when the first has no room left."""
    composer = begun(6 * MIB)
    for size in (6 * MIB, 4 * MIB, 3 * MIB):
        assert composer.take_along(size, 1, has_turn=False)
    assert composer.places[1:] == [Place(1, 0), Place(0, 6 * MIB), Place(1, 6 * MIB)]


def test_small_and_large_files_do_not_mix():
    """A small one would be saved only after the large ones."""
    assert not begun(10).take_along(MIB, 1, has_turn=False)
    assert not begun(MIB).take_along(10, 1, has_turn=False)


def test_a_large_file_that_can_go_by_itself_is_not_taken_along():
    """It would be saved later for company's sake."""
    assert not begun(MIB).take_along(MIB, 1, has_turn=True)


def test_a_message_of_small_files_stays_small():
    """Whether they wait or not."""
    composer = begun(SMALL_FILE_BYTES)
    taken = [composer.take_along(SMALL_FILE_BYTES, 1, has_turn=False) for _ in range(8)]
    assert taken == [True] * 7 + [False]
    assert sum(composer.sizes) == SMALL_MESSAGE_BYTES


def test_a_message_holds_no_more_chunks_than_a_report():
    """However small they are."""
    composer = begun(1)
    assert not composer.take_along(1000, MAX_CHUNKS_IN_MESSAGE, has_turn=False)
    assert composer.take_along(1000, MAX_CHUNKS_IN_MESSAGE - 1, has_turn=False)
    assert composer.is_full


@given(FILES, st.sampled_from([LARGE, DOCUMENTED_LIMITS]))
def test_a_message_is_within_its_limits_and_every_file_has_a_place_of_its_own(files, limits):
    """Whatever waits: places do not overlap and fill the attachments."""
    (first, chunks, _), *others = files
    composer = MessageComposer(limits)
    composer.begin(min(first, limits.attachment_bytes), chunks)
    sizes, count = [min(first, limits.attachment_bytes)], chunks
    for size, chunks, has_turn in others:
        if composer.take_along(size, chunks, has_turn=has_turn):
            sizes.append(size)
            count += chunks
    assert takes(limits, composer.sizes)
    assert count <= MAX_CHUNKS_IN_MESSAGE
    ends = [0] * len(composer.sizes)
    for size, place in zip(sizes, composer.places, strict=True):
        assert place.offset == ends[place.attachment]
        ends[place.attachment] += size
    assert ends == composer.sizes


def test_files_that_wait_fill_a_message():
    """Large ones by the attachments and the size of a request, small ones by their bytes and number."""
    large, many, small, numerous = (WaitingFiles() for _ in range(4))
    for count in range(2):
        share = large.fullness(DOCUMENTED_LIMITS, 10 * MIB)
        assert count * 0.4 <= share < count * 0.4 + 0.01
        large.add(10 * MIB)
    assert large.fullness(DOCUMENTED_LIMITS, 10 * MIB) == 1
    large.remove(10 * MIB)
    assert large.fullness(DOCUMENTED_LIMITS, 10 * MIB) < 1
    for count in range(10):
        assert many.fullness(LARGE, MIB) == count / 10
        many.add(MIB)
    assert many.fullness(LARGE, MIB) == 1
    for count in range(8):
        assert small.fullness(LARGE, SMALL_FILE_BYTES) == count / 8
        small.add(SMALL_FILE_BYTES)
    assert small.fullness(LARGE, 1) == 1
    for count in range(MAX_CHUNKS_IN_MESSAGE):
        assert numerous.fullness(LARGE, 1) == count / MAX_CHUNKS_IN_MESSAGE
        numerous.add(1)
    assert numerous.fullness(LARGE, 1) == 1
