"""Every shell command of the documentation that can run does so, at the real programs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, Block, blocks_of
from tests.docs.sessions import SESSION_S, Session, runs

WITH_SESSION = [page for page in PAGES if any(runs(block) for block in blocks_of(page))]


def shape_of(value: object) -> object:
    """What stays the same when ids, names and times are others."""
    match value:
        case bool() | None:
            return value
        case dict():
            return {key: shape_of(each) for key, each in value.items()}
        case list():
            return [shape_of(value[0])] if value else []
        case int() | float():
            return "a number"
        case _:
            return "a text"


def check_answer(printed: str, answer: Block) -> None:
    """What a command has printed is what stands below it on the page, but for what differs each time."""
    if answer.language == "json":
        assert shape_of(json.loads(printed)) == shape_of(json.loads(answer.text)), answer.place
    else:
        pattern = re.escape(answer.text.strip()).replace("…", ".*")
        assert re.fullmatch(pattern, printed.strip()), answer.place


def with_answers(page: str, printed: dict[Block, str]) -> Iterator[tuple[str, Block]]:
    """What blocks have printed, with the answers that the page shows."""
    before: Block | None = None
    for block in blocks_of(page):
        if block.note == "answer":
            assert before is not None, block.place
            yield printed[before], block
        elif runs(block):
            before = block


@pytest.mark.timeout(SESSION_S + 20)
@pytest.mark.parametrize("page", WITH_SESSION)
def test_commands_run(page: str, tmp_path: Path) -> None:
    """In the order in which they stand on the page, and they print what it says."""
    printed = Session(page, tmp_path).run()
    for text, answer in with_answers(page, printed):
        check_answer(text, answer)
