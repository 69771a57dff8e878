"""The packet reference and the page on extensions say what the structs are."""

import re
from pathlib import Path

import pytest

from protocol import PACKETS, reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_current(tmp_path):
    """`make docs` would write the page that is there."""
    reference.main(str(tmp_path / "packets.md"))
    written = (tmp_path / "packets.md").read_text(encoding="utf-8")
    assert (DOCS / "packets.md").read_text(encoding="utf-8") == written, "run `make docs`"


@pytest.mark.parametrize("packet_id", PACKETS)
def test_the_reference_describes_every_packet_once(packet_id):
    """Each has a section of its own."""
    assert reference.render().count(f"\n### `{packet_id}`\n") == 1


def test_the_links_of_the_reference_lead_somewhere():
    """Each kind of value and each object that a field names has its place on the page."""
    page = reference.render()
    headings = {heading.lower() for heading in re.findall(r"^##+ (\w+)$", page, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(\w+)\)", page)) <= headings
    used = set(re.findall(r"\[([\w ]+)\]\(#values\)", page))
    values, _, _ = page.partition("## generic")
    assert used == set(re.findall(r"^\| `([\w ]+)` \| .+ \|$", values, re.MULTILINE))


def test_the_page_on_extensions_names_their_packets():
    """Nothing that an extension adds goes without a word."""
    page = (DOCS / "extensions.md").read_text(encoding="utf-8")
    for packet in PACKETS.values():
        if packet.extension:
            assert f"## `{packet.extension}`" in page
            assert f"| `{packet.id}` |" in page
