"""What a package index shows of the project."""

import re
from importlib.metadata import metadata

from storage.discord.http import USER_AGENT

PAGE = metadata("discord-cloud")
ADDRESSES = dict(line.split(", ") for line in PAGE.get_all("Project-URL") or ())


def test_nothing_on_the_page_is_relative():
    """Links and images of the README lead somewhere from any other site as well."""
    description = str(PAGE["Description"])
    targets = re.findall(r'\]\(([^)]+)\)|src="([^"]+)"', description)
    assert len(targets) > 20
    assert [each for pair in targets for each in pair if each and "://" not in each] == []


def test_the_project_has_one_address():
    """The page and what Discord is told of us name the same one."""
    assert f"({ADDRESSES['Homepage']}, {PAGE['Version']})" in USER_AGENT
    assert all(address.startswith(ADDRESSES["Homepage"]) for address in ADDRESSES.values())
