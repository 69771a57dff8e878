"""Overwrite prompts, as the life of an upload describes them (docs/uploads.md)."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from manager.errors import UnknownPrompt
from manager.uploads.overwrites import Action, OverwriteQueue, Settled


def queue_of(*upload_ids: str) -> OverwriteQueue:
    """A queue in which these questions are open."""
    queue = OverwriteQueue()
    begin(queue, *upload_ids)
    for upload_id in upload_ids:
        queue.ask(upload_id)
    return queue


def begin(queue: OverwriteQueue, *upload_ids: str) -> None:
    """Lets uploads begin, whose names may turn out to be taken later."""
    for upload_id in upload_ids:
        queue.began(upload_id)


def test_a_question_is_open_until_answered():
    """The client does not have to answer immediately, and may answer in any order."""
    queue = queue_of("a", "b", "c")
    assert queue.answer("b", Action.RENAME, use_on_all=False) == Settled(
        [("b", Action.RENAME)], cancel=False
    )
    assert queue.open_prompts == ("a", "c")


def test_one_answer_settles_all_open_questions():
    """With `use_on_all_uploads` all other queued up questions are resolved by this answer."""
    queue = queue_of("a", "b", "c")
    settled = queue.answer("b", Action.SKIP, use_on_all=True)
    assert settled == Settled([(each, Action.SKIP) for each in "bac"], cancel=True)
    assert queue.open_prompts == ()


@pytest.mark.parametrize("action", Action)
def test_the_client_is_not_bothered_again(action: Action):
    """After an answer for all, later conflicts are decided without a question."""
    queue = queue_of("a")
    queue.answer("a", action, use_on_all=True)
    begin(queue, "b")
    assert queue.ask("b") is action
    assert queue.open_prompts == ()


def test_questions_are_asked_again_after_the_booking_is_cleared():
    """The standing answer holds until the booking is cleared."""
    queue = queue_of("a")
    queue.answer("a", Action.OVERWRITE, use_on_all=True)
    queue.booking_cleared()
    begin(queue, "b")
    assert queue.ask("b") is None


def test_the_answer_holds_for_what_the_booking_has_left_unfinished():
    """An upload that meets its taken name after the clear is still one of those answered for."""
    queue = queue_of("a")
    begin(queue, "b")
    queue.answer("a", Action.SKIP, use_on_all=True)
    queue.booking_cleared()
    begin(queue, "c")
    queue.booking_cleared()
    assert [queue.ask(each) for each in "bc"] == [Action.SKIP, None]


@pytest.mark.parametrize("clears", [1, 2])
def test_an_answer_after_its_booking_is_none_for_the_next(clears: int):
    """A question may outlive its booking, and is then answered for that booking's uploads alone."""
    queue = queue_of("a")
    begin(queue, "b")
    for _ in range(clears):
        queue.booking_cleared()
    begin(queue, "next")
    queue.answer("a", Action.OVERWRITE, use_on_all=True)
    assert [queue.ask(each) for each in ("b", "next")] == [Action.OVERWRITE, None]
    queue.ended("a")
    queue.booking_cleared()
    begin(queue, "later")
    assert queue.ask("later") is None


@pytest.mark.parametrize(("answered", "other"), [("old", "new"), ("new", "old")])
def test_an_answer_for_all_leaves_the_questions_of_other_bookings_open(answered: str, other: str):
    """The client takes its whole queue for resolved, so that what is not has to be asked again."""
    queue = queue_of("old")
    queue.booking_cleared()
    begin(queue, "new")
    queue.ask("new")
    settled = queue.answer(answered, Action.OVERWRITE, use_on_all=True)
    assert settled == Settled([(answered, Action.OVERWRITE)], cancel=True, ask_again=(other,))
    assert queue.answer(other, Action.SKIP, use_on_all=False).decisions == [(other, Action.SKIP)]


def test_open_questions_survive_a_cleared_booking():
    """A client may clear its booking on the last stage finish, with questions still open."""
    queue = queue_of("a")
    queue.booking_cleared()
    assert queue.answer("a", Action.RENAME, use_on_all=False).decisions == [("a", Action.RENAME)]


def test_an_answer_for_one_is_no_standing_answer():
    """Without `use_on_all_uploads` the next conflict is asked about."""
    queue = queue_of("a")
    queue.answer("a", Action.OVERWRITE, use_on_all=False)
    begin(queue, "b")
    assert queue.ask("b") is None


def test_an_unknown_question_is_refused():
    """An answer that nobody asked for, or a second one, is refused and changes nothing."""
    queue = queue_of("a", "b")
    queue.answer("a", Action.SKIP, use_on_all=False)
    with pytest.raises(UnknownPrompt) as refusal:
        queue.answer("a", Action.OVERWRITE, use_on_all=True)
    assert refusal.value.code == "unknown-prompt"
    assert queue.open_prompts == ("b",)
    begin(queue, "c")
    assert queue.ask("c") is None


def test_an_answer_that_crosses_the_one_for_all_is_no_mistake():
    """It was on its way before the client could know; once, and it decides nothing."""
    queue = queue_of("a", "b")
    queue.answer("a", Action.SKIP, use_on_all=True)
    assert queue.answer("b", Action.OVERWRITE, use_on_all=True) == Settled([], cancel=False)
    begin(queue, "c")
    assert queue.ask("c") is Action.SKIP
    with pytest.raises(UnknownPrompt):
        queue.answer("b", Action.OVERWRITE, use_on_all=False)


def test_a_dropped_question_needs_no_answer():
    """The question of an upload that ended otherwise is closed; closing it twice is no error."""
    queue = queue_of("a", "b")
    queue.drop("a")
    queue.drop("a")
    assert queue.answer("b", Action.SKIP, use_on_all=True).decisions == [("b", Action.SKIP)]


def test_an_answer_ends_with_the_last_upload_of_its_booking():
    """Nothing of a booking is kept that is cleared and whose uploads are over."""
    queue = queue_of("a", "b")
    queue.answer("a", Action.SKIP, use_on_all=True)
    queue.booking_cleared()
    for upload_id in "ab":
        queue.ended(upload_id)
    begin(queue, "a", "b")
    assert [queue.ask(each) for each in "ab"] == [None, None]


UPLOADS = st.sampled_from("abcdef")


class QueueMachine(RuleBasedStateMachine):
    """Questions and answers in any order, against a model that remembers every booking for ever."""

    @initialize()
    def start(self):
        """Nothing asked, nothing decided."""
        self.queue = OverwriteQueue()
        self.booking = 0
        self.booking_of: dict[str, int] = {}
        self.standing: dict[int, Action] = {}
        self.open: list[str] = []
        self.crossing: set[str] = set()

    @rule(upload=UPLOADS)
    def begin(self, upload):
        """An upload begins."""
        if upload not in self.booking_of:
            self.queue.began(upload)
            self.booking_of[upload] = self.booking

    @rule(upload=UPLOADS)
    def ask(self, upload):
        """A name is taken."""
        if upload not in self.booking_of:
            return
        standing = self.standing.get(self.booking_of[upload])
        assert self.queue.ask(upload) is standing
        if standing is None and upload not in self.open:
            self.open.append(upload)

    @rule(upload=UPLOADS, action=st.sampled_from(Action), use_on_all=st.booleans())
    def answer(self, upload, action, use_on_all):
        """The client answers, perhaps what was not asked."""
        if upload in self.crossing:
            self.crossing.remove(upload)
            answered = self.queue.answer(upload, action, use_on_all=use_on_all)
            assert answered == Settled([], cancel=False)
            return
        if upload not in self.open:
            with pytest.raises(UnknownPrompt):
                self.queue.answer(upload, action, use_on_all=use_on_all)
            return
        self.open.remove(upload)
        answered = self.queue.answer(upload, action, use_on_all=use_on_all)
        if not use_on_all:
            assert answered == Settled([(upload, action)], cancel=False)
            return
        booking = self.booking_of[upload]
        self.standing[booking] = action
        others = [each for each in self.open if self.booking_of[each] == booking]
        self.crossing.update(others)
        self.open = [each for each in self.open if each not in others]
        decisions = [(each, action) for each in (upload, *others)]
        assert answered == Settled(decisions, cancel=True, ask_again=tuple(self.open))

    @rule(upload=UPLOADS)
    def drop(self, upload):
        """A question needs no answer any more."""
        self.queue.drop(upload)
        self.open = [each for each in self.open if each != upload]

    @rule(upload=UPLOADS)
    def end(self, upload):
        """An upload is over."""
        self.queue.ended(upload)
        self.open = [each for each in self.open if each != upload]
        self.booking_of.pop(upload, None)

    @rule()
    def clear_booking(self):
        """The booking is cleared, perhaps with uploads that have left their services and not ended."""
        self.queue.booking_cleared()
        self.booking += 1
        self.crossing = set()

    @invariant()
    def open_in_order(self):
        """The open questions are those asked and not settled, in order."""
        assert self.queue.open_prompts == tuple(self.open)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=60, stateful_step_count=40)
