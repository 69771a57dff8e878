"""Which uploads are approved."""

import pytest

from manager.errors import NotApproved
from manager.tickets.approval import ApprovalRules, TicketRequest

RULES = ApprovalRules(allowed_types=("image/*", "text/plain"), max_size=100)


@pytest.mark.parametrize("mime_type", ["image/jpeg", "image/svg+xml", "text/plain"])
@pytest.mark.parametrize("size", [1, 100])
def test_what_is_allowed(mime_type, size):
    """A type, or all of a kind, up to and including the largest size."""
    RULES.approve(TicketRequest(mime_type=mime_type, size=size))


def test_everything_may_be_allowed():
    """`*/*` lets every type in."""
    ApprovalRules(allowed_types=("*/*",), max_size=5).approve(
        TicketRequest(mime_type="application/x-whatever", size=5)
    )


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"mime_type": "text/html"}, "text/html"),
        ({"mime_type": "image"}, "mimeType"),
        ({"mime_type": "image/*"}, "mimeType"),
        ({"mime_type": "IMAGE/PNG"}, "lower case"),
        ({"mime_type": "image/png; a=b"}, "mimeType"),
        ({"size": 101}, "100 bytes"),
        ({"size": 0}, "at least 1"),
        ({"size": -1}, "at least 1"),
        ({"success_action_status": 302}, "successActionStatus"),
        ({"success_action_redirect": "javascript:alert(1)"}, "successActionRedirect"),
        ({"success_action_redirect": "http://"}, "successActionRedirect"),
        ({"success_action_redirect": "http://a/\r\nX: y"}, "successActionRedirect"),
        ({"success_action_redirect": "http://[::1"}, "successActionRedirect"),
        ({"success_action_redirect": "http://a/" + "x" * 2048}, "successActionRedirect"),
    ],
)
def test_what_is_refused(wish, word):
    """Anything else, with a word on what is wrong."""
    with pytest.raises(NotApproved, match=word.replace("*", r"\*")):
        RULES.approve(TicketRequest(**{"mime_type": "image/png", "size": 5, **wish}))


@pytest.mark.parametrize("status", [200, 201, 204])
def test_answers_as_s3_has_them(status):
    """The statuses of S3 and any web address."""
    RULES.approve(
        TicketRequest(
            mime_type="image/png",
            size=1,
            success_action_status=status,
            success_action_redirect="https://example.org/done?x=1",
        )
    )
