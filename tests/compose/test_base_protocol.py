"""The base protocol through Caddy and the gateway: the tests of `tests/base_protocol` that need nothing else.

First of this package: they expect that there is no file yet.
"""

from collections.abc import AsyncIterator

import pytest

from tests.base_protocol.frontend import Frontend
from tests.base_protocol.test_browsers import (  # noqa: F401 - pytest collects them here as well
    test_a_refused_upgrade_can_be_read,
    test_an_upload_service_answers_preflights,
    test_an_upload_service_lets_pages_read_errors,
    test_downloads_can_be_read,
    test_the_manager_answers_preflights,
    test_the_manager_lets_pages_read_answers,
)
from tests.base_protocol.test_frontends import (  # noqa: F401
    test_a_taken_name_is_asked_about,
    test_a_whole_upload,
    test_an_abort,
    test_clearing_while_a_request_is_in_flight,
    test_empty_files_need_no_service,
    test_one_answer_for_all,
    test_two_uploads_at_once,
    test_wrong_logins,
)
from tests.compose.base_stage import DeployedStage
from tests.compose.quiet_link import QuietLink

pytestmark = pytest.mark.compose


@pytest.fixture
async def stage(quiet_link: QuietLink, stage: DeployedStage) -> AsyncIterator[DeployedStage]:
    """Each test finds no file, and leaves none. A connection is opened that a later test looks at."""
    assert quiet_link
    yield stage
    await stage.empty()


@pytest.fixture
async def alice(stage: DeployedStage) -> Frontend:
    """A user with two services booked."""
    return await stage.frontend(booked=2)
