"""Changes come out in the order of their commits, whatever becomes of single calls."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from manager.broadcast.sequencer import Sequencer

MAX_WAIT_S = 5.0


@dataclass
class Timeline:
    """Calls of a catalog: each begins, commits (or not), and answers (or not), in any order."""

    sequencer: Sequencer[str] = field(default_factory=lambda: Sequencer(MAX_WAIT_S))
    now: float = 0.0
    delivered: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Takes what is ready."""
        self.delivered += self.sequencer.ready(self.now)

    def answer(self, call: int, number: int) -> None:
        """A call tells its change and is over."""
        self.sequencer.add_change(number, str(number), self.now)
        self.look()
        self.settle(call)

    def settle(self, call: int) -> None:
        """A call is over."""
        self.sequencer.settle(call)
        self.look()


def test_answers_that_overtake_one_another_wait():
    """The first commit is delivered first, although its answer comes last."""
    line = Timeline()
    first, second, third = (line.sequencer.expect() for _ in range(3))
    line.answer(third, 3)
    line.answer(second, 2)
    assert line.delivered == []
    line.answer(first, 1)
    assert line.delivered == ["1", "2", "3"]


def test_what_follows_directly_waits_for_nobody():
    """A call that hangs holds up none whose number is the next."""
    line = Timeline()
    line.answer(line.sequencer.expect(), 7)
    line.sequencer.expect()
    line.answer(line.sequencer.expect(), 8)
    assert line.delivered == ["7", "8"]


def test_a_lost_answer_holds_up_nothing():
    """A number is not waited for once the call that may have taken it has failed."""
    line = Timeline()
    line.answer(line.sequencer.expect(), 1)
    failing, following = line.sequencer.expect(), line.sequencer.expect()
    line.answer(following, 3)
    assert line.delivered == ["1"]
    line.settle(failing)
    assert line.delivered == ["1", "3"]


def test_numbers_of_others_are_not_waited_for():
    """What another program changed leaves a gap that no call of this one fills."""
    line = Timeline()
    line.answer(line.sequencer.expect(), 1)
    line.answer(line.sequencer.expect(), 9)
    assert line.delivered == ["1", "9"]


def test_a_call_that_began_later_is_not_waited_for():
    """What began after an answer was committed after it."""
    line = Timeline()
    line.answer(line.sequencer.expect(), 1)
    older, following = line.sequencer.expect(), line.sequencer.expect()
    line.answer(following, 5)
    line.sequencer.expect()
    line.settle(older)
    assert line.delivered == ["1", "5"]


def test_a_call_that_hangs_is_waited_for_so_long_and_no_longer():
    """After the time the rest goes on, and what comes too late is delivered at once."""
    line = Timeline()
    line.answer(line.sequencer.expect(), 1)
    hanging = line.sequencer.expect()
    line.answer(line.sequencer.expect(), 3)
    line.now = line.sequencer.due_at or 0.0
    assert line.now == MAX_WAIT_S
    line.look()
    line.answer(line.sequencer.expect(), 4)
    assert line.delivered == ["1", "3", "4"]
    line.answer(hanging, 2)
    assert line.delivered == ["1", "3", "4", "2"]
    assert line.sequencer.due_at is None


def test_what_comes_late_and_low_prolongs_no_wait():
    """An overdue change takes along all that were committed before it."""
    line = Timeline()
    line.answer(line.sequencer.expect(), 1)
    line.sequencer.expect()
    late = line.sequencer.expect()
    line.answer(line.sequencer.expect(), 9)
    line.now = MAX_WAIT_S - 1.0
    line.answer(late, 5)
    line.now = MAX_WAIT_S
    line.look()
    assert line.delivered == ["1", "5", "9"]


def test_a_reading_stands_between_the_changes_around_it():
    """What was read after a change and before the next one is delivered between them."""
    line = Timeline()
    line.answer(line.sequencer.expect(), 1)
    second, third = line.sequencer.expect(), line.sequencer.expect()
    line.answer(third, 3)
    line.sequencer.add_reading(2, "read", line.now)
    line.answer(second, 2)
    assert line.delivered == ["1", "2", "read", "3"]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[int], list[bool], list[int]]:
    """Calls in the order of their beginning, of which some get lost, and the order of the answers."""
    calls = draw(st.integers(min_value=1, max_value=12))
    commits = draw(st.permutations(range(calls)))
    lost = draw(st.lists(st.booleans(), min_size=calls, max_size=calls))
    answers = draw(st.permutations(range(calls)))
    return list(commits), lost, list(answers)


@given(histories(), st.integers(min_value=0, max_value=100))
def test_the_order_is_that_of_the_commits(history, before):
    """Whatever gets lost and overtakes: what is answered is delivered once, in the order of commits."""
    commits, lost, answers = history
    line = Timeline()
    calls = [line.sequencer.expect() for _ in commits]
    numbers = {call: before + place for place, call in enumerate(commits, 1)}
    for index in answers:
        if lost[index]:
            line.settle(calls[index])
        else:
            line.answer(calls[index], numbers[index])
    told = [numbers[index] for index in answers if not lost[index]]
    assert line.delivered == [str(number) for number in sorted(told)]
    assert line.sequencer.due_at is None


@given(
    st.lists(
        st.tuples(st.integers(min_value=1, max_value=30), st.floats(min_value=0.0, max_value=3.0)),
        unique_by=lambda each: each[0],
    )
)
def test_nothing_waits_longer_than_it_has_to(changes):
    """With a call that never ends, every change is delivered within its time, and none is lost."""
    line = Timeline()
    line.sequencer.expect()
    arrived: dict[str, float] = {}
    for number, pause_s in changes:
        line.now += pause_s
        line.look()
        arrived[str(number)] = line.now
        line.answer(line.sequencer.expect(), number)
        overdue = [at for each, at in arrived.items() if each not in line.delivered]
        assert all(line.now < at + MAX_WAIT_S for at in overdue)
    while (due_at := line.sequencer.due_at) is not None:
        line.now = due_at
        line.look()
    assert sorted(line.delivered) == sorted(arrived)
