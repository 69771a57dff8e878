"""Draws the life of an upload from its transition table, into docs/uploads.md.

`python -m manager.uploads.state_diagram docs/uploads.md` brings the page up to date; a test fails while
it is not.
"""

import re
import sys
from pathlib import Path

from manager.uploads.transitions import ENDS, TRANSITIONS, UploadState

_BEGIN = "<!-- drawn from manager/uploads/transitions.py: begin -->"
_END = "<!-- end -->"
_DRAWING = re.compile(f"{re.escape(_BEGIN)}\n.*?{re.escape(_END)}", re.DOTALL)


def upload_diagram() -> str:
    """The table as a Mermaid state diagram; events that lead the same way share an arrow.

    Events that leave an upload as it is, and have nothing done, are left out.
    """
    arrows: dict[tuple[UploadState, UploadState], list[str]] = {}
    for (state, event), step in TRANSITIONS.items():
        if step.to is not state or step.effects:
            arrows.setdefault((state, step.to), []).append(event.value)
    lines = ["stateDiagram-v2", f"    [*] --> {UploadState.REQUESTED}"]
    lines += [
        f"    {source} --> {target}: {' / '.join(events)}"
        for (source, target), events in arrows.items()
    ]
    lines += [f"    {end} --> [*]" for end in UploadState if end in ENDS]
    return "\n".join(lines)


def with_current_diagram(page: str) -> str:
    """The page, with the diagram between its two marks drawn anew. Raises `ValueError` without them."""
    if not _DRAWING.search(page):
        raise ValueError(f"the page has no place for the diagram: {_BEGIN}")
    drawing = f"{_BEGIN}\n```mermaid\n{upload_diagram()}\n```\n{_END}"
    return _DRAWING.sub(lambda _: drawing, page)


def main(path: str) -> None:
    """Brings the page at `path` up to date."""
    page = Path(path)
    page.write_text(with_current_diagram(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
