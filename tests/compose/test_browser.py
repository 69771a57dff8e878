"""The web page, in Chromium.

It ends all requests when a network of the machine comes or goes, as those of other containers do that start
meanwhile: run nothing else with containers beside these tests.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.compose.deployment import PASSWORD, USER, Deployment

pytestmark = pytest.mark.compose


def test_the_page_works_behind_the_gateway(deployment: Deployment, ada: str):
    """Logging in, uploads, thumbnails, downloads and live changes, as `page.test.js` goes through them."""
    assert ada
    done = subprocess.run(  # noqa: S603
        ["node", "--test", "--test-timeout=240000", str(Path(__file__).with_name("page.test.js"))],  # noqa: S607
        env=os.environ
        | {
            "DEPLOYMENT_URL": deployment.url,
            "DEPLOYMENT_USER": USER,
            "DEPLOYMENT_PASSWORD": PASSWORD,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-6000:]
