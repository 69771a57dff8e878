"""CHANGELOG.md is cut into releases, in the format that it names."""

import re
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def releases() -> dict[str, str]:
    """What stands below each heading of the second level, newest first."""
    _, *sections = re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)
    return {heading: text for heading, _, text in (each.partition("\n") for each in sections)}


def entries() -> list[list[str]]:
    """The lines of each entry."""
    found: list[list[str]] = []
    for line in "".join(releases().values()).splitlines():
        if line.startswith("- "):
            found.append([line])
        elif line and not line.startswith("### "):
            found[-1].append(line)
    return found


def test_unreleased_changes_come_first_and_releases_follow_by_date() -> None:
    """Each release has a version and a date, and both fall from one to the next."""
    first, *released = releases()
    assert first == "Unreleased"
    parts = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) - (\d{4}-\d\d-\d\d)", each) for each in released]
    assert None not in parts, released
    versions = [tuple(map(int, each.groups()[:3])) for each in parts if each]
    dates = [each[4] for each in parts if each]
    assert versions == sorted(set(versions), reverse=True)
    assert dates == sorted(dates, reverse=True)


def test_the_project_has_the_version_of_its_newest_release() -> None:
    """Whoever cuts a release gives the project its number."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert list(releases())[1].partition(" ")[0] == project["version"]


def test_each_release_has_every_kind_of_change_once_and_in_order() -> None:
    """Added, Changed, Deprecated, Removed, Fixed, Security."""
    for release, text in releases().items():
        kinds = re.findall(r"^### (.*)$", text, re.MULTILINE)
        assert kinds == [kind for kind in KINDS if kind in kinds], release


def test_no_merge_has_mangled_an_entry() -> None:
    """An entry is one paragraph of whole sentences, and no line stands in the file twice."""
    for entry in entries():
        assert entry[-1].endswith("."), entry
        assert all(line.startswith("  ") for line in entry[1:]), entry
        text = " ".join(line.strip() for line in entry)
        assert not re.search(r"[a-z0-9]{2}\. [a-z]", text), entry
    assert not re.search(r"\.\n\n- ", CHANGELOG)
    lines = Counter(line.strip() for line in CHANGELOG.splitlines() if len(line) > 20)
    assert [line for line, count in lines.items() if count > 1] == []
