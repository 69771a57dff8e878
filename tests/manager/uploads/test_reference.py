"""docs/uploads.md shows what the code does."""

from pathlib import Path

import pytest

from manager.uploads.state_diagram import main, upload_diagram, with_current_diagram
from manager.uploads.transitions import UploadState

PAGE = Path(__file__).parents[3] / "docs" / "uploads.md"


def test_the_page_is_current():
    """The diagram is the table's (`python -m manager.uploads.state_diagram docs/uploads.md` draws it)."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_current_diagram(page)


def test_the_page_explains_every_state():
    """Each state of the diagram has its row in the page's table."""
    page = PAGE.read_text(encoding="utf-8")
    assert [state for state in UploadState if f"| `{state}` |" not in page] == []


def test_the_diagram_shows_arrows_once():
    """Events that lead from one state to the same other share an arrow."""
    arrows = [line.split(":")[0] for line in upload_diagram().splitlines()]
    assert len(arrows) == len(set(arrows))
    assert "    requested --> uploading" in arrows


def test_a_page_without_the_marks_is_refused():
    """A page that has no place for the diagram is left alone."""
    with pytest.raises(ValueError, match="no place"):
        with_current_diagram("# Uploads\n")


def test_a_page_is_brought_up_to_date(tmp_path: Path):
    """An outdated diagram is replaced, and nothing else."""
    outdated = tmp_path / "page.md"
    page = PAGE.read_text(encoding="utf-8")
    outdated.write_text(page.replace("stateDiagram-v2", "stateDiagram-v1"), encoding="utf-8")
    main(str(outdated))
    assert outdated.read_text(encoding="utf-8") == page
