"""The life of an upload: seeds "Requesting an upload" to "Finishing the upload".

It is long because one machine has all transitions, and is compared with one model.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from catalog.records import KeptUploadState
from manager.errors import IllegalTransition
from manager.files.upload_requests import RequestedUpload
from manager.uploads.effects import (
    RESUMED_ELSEWHERE,
    SERVICE_LOST,
    AbortService,
    AnnounceFile,
    AskClient,
    ClosePrompt,
    Commit,
    Effect,
    FailIfTaken,
    FreeService,
    NumberName,
    Park,
    ReleaseReference,
    ReplaceFile,
    TellAccepted,
    TellFinish,
    TellParked,
    TellRejected,
    TellStageFinish,
    refused_by_service,
)
from manager.uploads.overwrites import Action
from manager.uploads.state_machine import Upload
from manager.uploads.transitions import (
    ABORTED,
    ENDS,
    MAY_NOT_ADD,
    MAY_NOT_OVERWRITE,
    ON_SERVICE,
    PARKED,
    SKIPPED,
    TRANSITIONS,
    UploadEvent,
    UploadState,
)

REQUESTED = RequestedUpload(
    upload_id="3f0a6a54-5c4e-4a63-8b5e-0d9a2f3c1b00",
    client="c",
    user_id=7,
    folder=("archive",),
    name="big.iso",
    size=30_000_000,
    is_public=False,
    do_overwrite=False,
    chunk_size=10_484_736,
    chunk_count=3,
)
DISK_FULL = refused_by_service("disk full")
HASH, MIME = "ab" * 32, "application/x-iso9660-image"

Happening = Callable[[Upload], list[Effect]]


def kept(upload: Upload) -> list[Effect]:
    """Keeps an upload, which needs nothing to be done."""
    upload.keep()
    return []


EVENTS: dict[str, Happening] = {
    "service_accepted": lambda upload: upload.service_accepted(),
    "service_refused": lambda upload: upload.service_refused(DISK_FULL),
    "service_finished": lambda upload: upload.service_finished(HASH, MIME),
    "service_failed": lambda upload: upload.service_failed("no chunk came"),
    "service_lost": lambda upload: upload.service_lost(),
    "service_stopped": lambda upload: upload.service_stopped(),
    "abort_requested": lambda upload: upload.abort_requested(),
    "client_left": lambda upload: upload.client_left(),
    "commit_done": lambda upload: upload.commit_done("big.iso"),
    "commit_failed": lambda upload: upload.commit_failed("no database"),
    "commit_postponed": lambda upload: upload.commit_postponed("away"),
    "keep": kept,
    "taken_over": lambda upload: upload.taken_over(),
    "park_requested": lambda upload: upload.park_requested(),
    "not_permitted": lambda upload: upload.not_permitted(),
    "name_taken": lambda upload: upload.name_taken(5),
    "name_taken_by_folder": lambda upload: upload.name_taken_by_folder("is a folder"),
    "overwrite": lambda upload: upload.decision(Action.OVERWRITE),
    "rename": lambda upload: upload.decision(Action.RENAME),
    "skip": lambda upload: upload.decision(Action.SKIP),
}


def upload_after(*events: str, do_overwrite: bool = False) -> Upload:
    """An upload to which these events have happened."""
    upload = Upload(replace(REQUESTED, do_overwrite=do_overwrite))
    for event in events:
        EVENTS[event](upload)
    return upload


STORED = ("service_accepted", "service_finished")
ASKED = (*STORED, "name_taken")


class TestRequesting:
    """From the request to the response."""

    def test_accepted(self):
        """The service is ready, so the client's request is answered with acceptance."""
        upload = upload_after()
        assert upload.service_accepted() == [TellAccepted()]
        assert upload.state is UploadState.UPLOADING

    def test_refused(self):
        """A refusal answers the request with the reason, and frees the service; no finish info."""
        upload = upload_after()
        effects = upload.service_refused(DISK_FULL)
        assert effects == [FreeService(), TellRejected(DISK_FULL), ReleaseReference()]
        assert upload.state is UploadState.REJECTED

    def test_service_lost_before_it_answered(self):
        """The loss of a service that had not answered yet rejects the request."""
        upload = upload_after()
        assert upload.service_lost() == [TellRejected(SERVICE_LOST), ReleaseReference()]

    def test_client_left_before_the_answer(self):
        """The service may have begun already, so it is stopped before it is freed."""
        upload = upload_after()
        assert upload.client_left() == [AbortService()]
        assert upload.service_accepted() == []
        assert upload.service_stopped() == [FreeService(), ReleaseReference()]


class TestStoring:
    """While chunks come."""

    def test_finish(self):
        """On finish the service is free before the client hears of it, and the file is saved."""
        upload = upload_after("service_accepted")
        assert upload.service_finished(HASH, MIME) == [
            FreeService(),
            TellStageFinish(service_disconnect=False),
            Commit(HASH, MIME, FailIfTaken()),
        ]
        assert not upload.is_on_service

    def test_failure(self):
        """A failure before the stage finish tells the finish info alone, with the reason."""
        upload = upload_after("service_accepted")
        assert upload.service_failed("no chunk came") == [
            FreeService(),
            TellFinish(success=False, reason="no chunk came"),
            ReleaseReference(),
        ]

    def test_service_lost(self):
        """A lost service: stage finish with `service_disconnect`, then the failed finish."""
        upload = upload_after("service_accepted")
        assert upload.service_lost() == [
            TellStageFinish(service_disconnect=True),
            TellFinish(success=False, reason=SERVICE_LOST.reason),
            ReleaseReference(),
        ]
        assert upload.state is UploadState.FAILED

    def test_client_left(self):
        """A client that leaves is told nothing, and its service is freed once it has stopped."""
        upload = upload_after("service_accepted")
        assert upload.client_left() == [AbortService()]
        assert upload.is_on_service
        assert upload.service_stopped() == [FreeService(), ReleaseReference()]


class TestAborting:
    """The client wants no more of it."""

    def test_abort(self):
        """An abort stops the service first; then it is free and the client hears of the end."""
        upload = upload_after("service_accepted")
        assert upload.abort_requested() == [AbortService()]
        assert upload.service_stopped() == [
            FreeService(),
            TellFinish(success=False, reason=ABORTED),
            ReleaseReference(),
        ]

    @pytest.mark.parametrize("crossing", ["service_finished", "service_failed"])
    def test_news_that_cross_an_abort_are_ignored(self, crossing: str):
        """What the service sent before it heard of the abort does not change its outcome."""
        upload = upload_after("service_accepted", "abort_requested")
        assert EVENTS[crossing](upload) == []
        assert TellFinish(success=False, reason=ABORTED) in upload.service_stopped()

    def test_a_withdrawn_file_of_a_bundle(self):
        """The service goes on with the others, so that nobody waits for it."""
        upload = upload_after("service_accepted")
        assert upload.withdrawn() == [
            TellFinish(success=False, reason=ABORTED),
            ReleaseReference(),
        ]
        assert upload.state is UploadState.ABORTED

    def test_abort_twice(self):
        """A second abort is no error and stops the service no second time."""
        assert upload_after("service_accepted", "abort_requested").abort_requested() == []

    def test_service_lost_while_aborting(self):
        """A service that goes away instead of stopping ends the upload as well."""
        upload = upload_after("service_accepted", "abort_requested")
        assert upload.service_lost() == [
            TellStageFinish(service_disconnect=True),
            TellFinish(success=False, reason=ABORTED),
            ReleaseReference(),
        ]

    def test_client_left_while_aborting(self):
        """A client that leaves after its abort is told nothing any more."""
        upload = upload_after("service_accepted", "abort_requested", "client_left")
        assert upload.service_stopped() == [FreeService(), ReleaseReference()]

    def test_too_late(self):
        """While the file is being saved an abort is refused, and the upload goes on."""
        upload = upload_after(*STORED)
        with pytest.raises(IllegalTransition) as refusal:
            upload.abort_requested()
        assert refusal.value.code == "illegal-transition"
        assert upload.state is UploadState.STORED

    def test_abort_in_limbo(self):
        """An upload that waits for a decision can be aborted; its question is closed."""
        assert upload_after(*ASKED).abort_requested() == [
            ClosePrompt(),
            TellFinish(success=False, reason=ABORTED),
            ReleaseReference(),
        ]


class TestSaving:
    """From the stage finish to the end."""

    def test_saved(self):
        """The client is told the success, and everybody that the file was added."""
        assert upload_after(*STORED).commit_done("big.iso") == [
            TellFinish(success=True),
            AnnounceFile(),
            ReleaseReference(),
        ]

    def test_may_still_fail(self):
        """The upload may still fail after the stage finish."""
        assert upload_after(*STORED).commit_failed("no database") == [
            TellFinish(success=False, reason="no database"),
            ReleaseReference(),
        ]

    def test_taken_name_is_asked_about(self):
        """If the file exists already, the client is asked; until then the file is in limbo."""
        upload = upload_after(*STORED)
        assert upload.name_taken(5) == [AskClient()]
        assert upload.state is UploadState.AWAITING_DECISION

    def test_overwrite(self):
        """`overwrite` replaces the very file that the client was asked about."""
        assert upload_after(*ASKED).decision(Action.OVERWRITE) == [
            Commit(HASH, MIME, ReplaceFile(5))
        ]

    def test_rename(self):
        """`rename` saves under another name, which the finish info tells."""
        upload = upload_after(*ASKED)
        assert upload.decision(Action.RENAME) == [Commit(HASH, MIME, NumberName())]
        assert upload.commit_done("big (1).iso")[0] == TellFinish(
            success=True, rename_target="big (1).iso"
        )

    def test_skip(self):
        """`skip` drops the upload, which ends without success."""
        upload = upload_after(*ASKED)
        assert upload.decision(Action.SKIP) == [
            TellFinish(success=False, reason=SKIPPED),
            ReleaseReference(),
        ]
        assert upload.state is UploadState.ABORTED

    def test_overwrite_without_the_right(self):
        """A file that the user may not write is not replaced, whatever was chosen."""
        upload = upload_after(*ASKED, "overwrite")
        assert upload.not_permitted() == [
            TellFinish(success=False, reason=MAY_NOT_OVERWRITE),
            ReleaseReference(),
        ]

    def test_a_folder_without_the_right(self):
        """Where no file has the name, it is the folder to which nothing may be added."""
        assert upload_after(*STORED).not_permitted() == [
            TellFinish(success=False, reason=MAY_NOT_ADD),
            ReleaseReference(),
        ]

    def test_another_file_took_the_name(self):
        """A file that came after the question is not replaced by its answer: it is asked again."""
        upload = upload_after(*ASKED, "overwrite")
        assert upload.name_taken(9) == [AskClient()]
        assert upload.decision(Action.OVERWRITE) == [Commit(HASH, MIME, ReplaceFile(9))]

    def test_do_overwrite(self):
        """With `do_overwrite` the file is replaced without a question."""
        upload = upload_after(*STORED, do_overwrite=True)
        assert upload.name_taken(5) == [Commit(HASH, MIME, ReplaceFile(5))]

    def test_do_overwrite_without_the_right(self):
        """`do_overwrite` does not replace a file that the user may not write."""
        upload = upload_after(*STORED, "name_taken", do_overwrite=True)
        assert upload.not_permitted() == [
            TellFinish(success=False, reason=MAY_NOT_OVERWRITE),
            ReleaseReference(),
        ]

    def test_folder_of_that_name_is_asked_about(self):
        """Where a folder has the name, the client is asked as well: it may rename or skip."""
        upload = upload_after(*STORED)
        assert upload.name_taken_by_folder("is a folder") == [AskClient()]
        assert upload.decision(Action.RENAME) == [Commit(HASH, MIME, NumberName())]

    def test_folder_is_not_overwritten(self):
        """`overwrite` says why it cannot be, and never asks again: a standing answer would for ever."""
        upload = upload_after(*STORED, "name_taken_by_folder")
        assert upload.decision(Action.OVERWRITE) == [
            TellFinish(success=False, reason="is a folder"),
            ReleaseReference(),
        ]
        assert upload.state is UploadState.FAILED

    def test_do_overwrite_does_not_overwrite_a_folder(self):
        """Nor does `do_overwrite`, which asks nothing."""
        upload = upload_after(*STORED, do_overwrite=True)
        assert upload.name_taken_by_folder("is a folder") == [
            TellFinish(success=False, reason="is a folder"),
            ReleaseReference(),
        ]
        upload = upload_after(*STORED, "client_left", do_overwrite=True)
        assert upload.name_taken_by_folder("is a folder") == [ReleaseReference()]

    def test_folder_took_the_name_of_the_file_to_be_overwritten(self):
        """What came after the question is asked about anew, and a file after a folder too."""
        upload = upload_after(*ASKED, "overwrite")
        assert upload.name_taken_by_folder("is a folder") == [AskClient()]
        upload = upload_after(*STORED, "name_taken_by_folder", "rename")
        assert upload.name_taken(9) == [AskClient()]
        assert upload.decision(Action.OVERWRITE) == [Commit(HASH, MIME, ReplaceFile(9))]

    def test_lost_on_disconnect(self):
        """If the client disconnects while the file is in limbo, the file is lost."""
        upload = upload_after(*ASKED)
        assert upload.client_left() == [ReleaseReference()]
        assert upload.state is UploadState.ABORTED

    def test_saving_goes_on_without_the_client(self):
        """A file that is being saved as its client leaves is saved and announced."""
        upload = upload_after(*STORED, "client_left")
        assert upload.commit_done("big.iso") == [AnnounceFile(), ReleaseReference()]

    def test_nobody_left_to_ask(self):
        """A taken name ends the upload of a departed client: nobody can answer."""
        upload = upload_after(*STORED, "client_left")
        assert upload.name_taken(5) == [ReleaseReference()]

    def test_departed_client_may_not_overwrite(self):
        """A refusal that nobody hears ends the upload as well."""
        upload = upload_after(*STORED, "client_left", "name_taken", do_overwrite=True)
        assert upload.not_permitted() == [ReleaseReference()]

    def test_departed_client_had_said_what_to_do(self):
        """`do_overwrite` needs nobody who answers."""
        upload = upload_after(*STORED, "client_left", do_overwrite=True)
        assert upload.name_taken(5) == [Commit(HASH, MIME, ReplaceFile(5))]


class TestKeeping:
    """A kept upload is parked where another one would be given up."""

    def test_without_its_client(self):
        """The service stops; what it has stored by then stays, and is taken note of."""
        upload = upload_after("service_accepted", "keep")
        assert upload.client_left() == [AbortService()]
        assert upload.takes_chunks
        assert upload.service_stopped() == [
            FreeService(),
            Park(KeptUploadState.UPLOADING, None),
            ReleaseReference(),
        ]
        assert upload.state is UploadState.PARKED

    def test_without_its_service(self):
        """The client hears that it can be resumed, in place of the finish info."""
        upload = upload_after("service_accepted", "keep")
        assert upload.service_lost() == [
            TellStageFinish(service_disconnect=True),
            Park(KeptUploadState.UPLOADING, None),
            TellParked(SERVICE_LOST.code, SERVICE_LOST.reason),
            ReleaseReference(),
        ]

    def test_with_a_service_that_gave_up(self):
        """The type that it had found is kept, and the client hears why it is to be resumed."""
        upload = upload_after("service_accepted", "keep")
        assert upload_after("service_accepted").mime_type is None
        upload.type_found(MIME)
        assert upload.mime_type == MIME
        assert upload.service_failed("no chunk came") == [
            FreeService(),
            Park(KeptUploadState.UPLOADING, MIME),
            TellParked("service-failed", "no chunk came"),
            ReleaseReference(),
        ]

    def test_resumed_elsewhere(self):
        """Who had it hears so, and its service stops."""
        upload = upload_after("service_accepted", "keep")
        assert upload.taken_over() == [
            TellParked(RESUMED_ELSEWHERE.code, RESUMED_ELSEWHERE.reason),
            AbortService(),
        ]

    def test_left_by_a_client_that_stays(self):
        """It hears so at once; its service stops as if it had disconnected."""
        told = TellParked("parked", PARKED)
        upload = upload_after("service_accepted", "keep")
        assert upload.park_requested() == [told, AbortService()]
        assert upload.park_requested() == []
        assert upload.client_left() == []
        assert upload.service_stopped() == [
            FreeService(),
            Park(KeptUploadState.UPLOADING, None),
            ReleaseReference(),
        ]
        upload = upload_after(*ASKED, "keep")
        parked = Park(KeptUploadState.AWAITING_DECISION, MIME)
        assert upload.park_requested() == [ClosePrompt(), parked, told, ReleaseReference()]

    def test_left_while_its_file_is_entered(self):
        """The client hears that it has left, and nothing of how that ends; it may ask later."""
        upload = upload_after(*STORED, "keep")
        assert upload.park_requested() == [TellParked("parked", PARKED)]
        assert upload.commit_done("big.iso") == [AnnounceFile(), ReleaseReference()]

    def test_only_what_is_kept_can_be_left(self):
        """Of any other upload nothing would remain."""
        with pytest.raises(IllegalTransition):
            upload_after("service_accepted").park_requested()

    def test_without_the_catalog(self):
        """All is stored; only the file has to be entered, with the type that was found."""
        upload = upload_after(*STORED, "keep")
        assert upload.commit_postponed("away") == [
            Park(KeptUploadState.STORED, MIME),
            TellParked("catalog-unavailable", "away"),
            ReleaseReference(),
        ]

    def test_a_question_waits_for_the_client(self):
        """Whether the client leaves before or after it is asked."""
        parked = [Park(KeptUploadState.AWAITING_DECISION, MIME), ReleaseReference()]
        assert upload_after(*ASKED, "keep").client_left() == parked
        assert upload_after(*STORED, "keep", "client_left").name_taken(5) == parked

    def test_aborted_all_the_same(self):
        """Its client takes it back, also while it is being parked."""
        upload = upload_after("service_accepted", "keep", "client_left", "abort_requested")
        assert upload.service_stopped() == [FreeService(), ReleaseReference()]
        assert upload.state is UploadState.ABORTED

    def test_nothing_missing(self):
        """Without a service the file is entered at once; the catalog knows the hash."""
        upload = Upload(REQUESTED, is_kept=True)
        assert upload.nothing_missing(MIME) == [
            TellAccepted(),
            TellStageFinish(),
            Commit("", MIME, FailIfTaken()),
        ]

    @pytest.mark.parametrize(
        "path", [(), ("service_accepted", "client_left"), (*STORED, "client_left")]
    )
    def test_too_late_or_too_early(self, path: tuple[str, ...]):
        """Only an upload whose client is there can be kept, and only once it has begun."""
        with pytest.raises(IllegalTransition):
            upload_after(*path).keep()


class TestTable:
    """The table as a whole."""

    def test_every_state_is_reachable(self):
        """Each state but the first is the target of a step."""
        targets = {step.to for step in TRANSITIONS.values()}
        assert targets | {UploadState.REQUESTED} == set(UploadState)

    def test_every_event_is_used(self):
        """Each event happens somewhere."""
        assert {event for _, event in TRANSITIONS} == set(UploadEvent)

    def test_nothing_leads_out_of_an_end(self):
        """The ends are exactly the states without a step."""
        assert set(UploadState) - {state for state, _ in TRANSITIONS} == ENDS

    def test_every_loss_is_handled(self):
        """On a service, its loss can happen at any time; before the end, the client's can."""
        for state in set(UploadState) - ENDS:
            gone = state in {UploadState.ABANDONED, UploadState.LEFT_BEHIND}
            assert ((state, UploadEvent.CLIENT_LEFT) in TRANSITIONS) is not gone
            lost = UploadEvent.SERVICE_LOST
            if state is UploadState.PARKING:
                lost = UploadEvent.KEPT_SERVICE_LOST
            assert ((state, lost) in TRANSITIONS) is (state in ON_SERVICE)

    @pytest.mark.parametrize("state", UploadState)
    def test_what_is_of_use_in_which_state(self, state: UploadState):
        """Chunks are taken while uploading, and of what is kept; an abort, while it can still take effect."""
        paths: dict[UploadState, tuple[str, ...]] = {
            UploadState.REQUESTED: (),
            UploadState.UPLOADING: ("service_accepted",),
            UploadState.ABORTING: ("service_accepted", "abort_requested"),
            UploadState.ABANDONED: ("client_left",),
            UploadState.PARKING: ("service_accepted", "keep", "client_left"),
            UploadState.PARKED: (*STORED, "keep", "commit_postponed"),
            UploadState.STORED: STORED,
            UploadState.LEFT_BEHIND: (*STORED, "client_left"),
            UploadState.AWAITING_DECISION: ASKED,
            UploadState.COMMITTED: (*STORED, "commit_done"),
            UploadState.REJECTED: ("service_refused",),
            UploadState.FAILED: (*STORED, "commit_failed"),
            UploadState.ABORTED: (*ASKED, "skip"),
        }
        upload = upload_after(*paths[state])
        assert upload.state is state
        assert upload.is_requested is (state is UploadState.REQUESTED)
        assert upload.takes_chunks is (state in {UploadState.UPLOADING, UploadState.PARKING})

    @pytest.mark.parametrize("event", EVENTS)
    @pytest.mark.parametrize(
        "path",
        [("service_refused",), (*STORED, "commit_done"), ("service_accepted", "service_lost")],
    )
    def test_an_ended_upload_stays_as_it_is(self, path: tuple[str, ...], event: str):
        """Whatever happens to an upload that has ended is refused and changes nothing."""
        upload = upload_after(*path)
        state = upload.state
        with pytest.raises(IllegalTransition):
            EVENTS[event](upload)
        assert upload.state is state
        assert upload.is_over


class UploadMachine(RuleBasedStateMachine):
    """Any events in any order: refused ones change nothing, each end is told and tidied once."""

    @initialize(do_overwrite=st.booleans())
    def start(self, do_overwrite):
        """A new upload."""
        self.upload = upload_after(do_overwrite=do_overwrite)
        self.effects: list[Effect] = []
        self.happened: set[str] = set()

    @rule(event=st.sampled_from(sorted(EVENTS)))
    def happens(self, event):
        """Something happens, possible or not."""
        before = self.upload.state
        try:
            self.effects += EVENTS[event](self.upload)
        except IllegalTransition:
            assert self.upload.state is before
        else:
            self.happened.add(event)

    def count(self, *kinds: type) -> int:
        """How many of the effects so far are of these kinds."""
        return sum(isinstance(effect, kinds) for effect in self.effects)

    @invariant()
    def the_end_is_told_once(self):
        """Exactly one rejection or finish info at the end, none before, none to the departed."""
        told = self.count(TellFinish, TellRejected, TellParked)
        if {"taken_over", "park_requested"} & self.happened:
            assert told <= 1
        elif "client_left" in self.happened:
            assert told == 0
        else:
            assert told == self.upload.is_over

    @invariant()
    def success_is_what_was_committed(self):
        """Success is told, and the file announced, exactly when it was committed."""
        successes = [e for e in self.effects if isinstance(e, TellFinish) and e.success]
        committed = self.upload.state is UploadState.COMMITTED
        assert self.count(AnnounceFile) == committed
        gone = {"client_left", "park_requested"} & self.happened
        assert len(successes) == (committed and not gone)

    @invariant()
    def only_what_is_kept_is_parked(self):
        """The catalog notes how far an upload has come exactly when it is parked."""
        parked = self.upload.state is UploadState.PARKED
        assert self.count(Park) == parked
        assert self.upload.is_kept or not parked

    @invariant()
    def the_service_is_freed_once(self):
        """The service is freed as the upload leaves it, unless it was lost."""
        gone = not self.upload.is_on_service and "service_lost" not in self.happened
        assert self.count(FreeService) == gone

    @invariant()
    def the_hold_is_released_once(self):
        """The hold on the content ends with the upload, and not before."""
        assert self.count(ReleaseReference) == self.upload.is_over

    @invariant()
    def stage_finish_is_told_once_at_most(self):
        """A stage finish comes once at most, and before the finish info."""
        assert self.count(TellStageFinish) <= 1
        told = [e for e in self.effects if isinstance(e, TellStageFinish | TellFinish)]
        assert all(isinstance(e, TellFinish) for e in told[1:])

    @invariant()
    def the_service_is_stopped_once_at_most(self):
        """An abort is sent once at most."""
        assert self.count(AbortService) <= 1


TestUploadMachine = UploadMachine.TestCase
TestUploadMachine.settings = settings(max_examples=150, stateful_step_count=30)
