"""The code blocks of the documentation.

The info string of a block says what becomes of it. Its first word is the language; what follows says how
it is tested, and is not shown by whoever renders the page:

| info string | what the tests do |
| --- | --- |
| `bash` | run it, as a part of its page's session |
| `bash server` | start it as a part of the session, and go on when it says that it is ready |
| `bash not-run: <reason>` | check its syntax and the commands in it |
| `bash compose: <step>` | check it likewise; `make test-compose-long` runs it in containers |
| `python` | run it, or, as a file that a session uses, `python file: <name>` |
| `json`, `toml`, `yaml`, `dotenv`, `graphql`, `nginx` | read and validate it |
| `json answer` | compare its shape with what the block before it printed |
| `json packet: <packet>` | read it as the data of that packet |
| `text` | nothing: it is no code |
| `text usage` | compare it with the options of the commands |
| `mermaid` | nothing: it is a drawing |

A comment `<!-- session: <commands> -->` is a part of the session that readers need not see.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md"),
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]
_HIDDEN = re.compile(r"<!-- session:\s(?P<commands>.*?)\s-->", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A code block, or hidden commands.

    Attributes:
        page: path of the page below the root of the project.
        line: number of the block's first line in it.
        language: first word of the info string; empty without one, and for indented blocks.
        note: the rest of the info string.
        text: what is in the block.
    """

    page: str
    line: int
    language: str
    note: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.page}:{self.line}"

    def noted(self, key: str) -> str | None:
        """What the note says after `key:`; None when it says nothing of it."""
        name, colon, value = self.note.partition(":")
        return value.strip() if colon and name == key else None


@cache
def blocks_of(page: str) -> list[Block]:
    """All blocks of a page, in order."""
    tokens = MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text())
    return [block for token in tokens if (block := _block(page, token))]


def blocks(*languages: str) -> list[Block]:
    """The blocks of all pages that are in one of some languages."""
    return [block for page in PAGES for block in blocks_of(page) if block.language in languages]


def _block(page: str, token: Token) -> Block | None:
    line = token.map[0] + 1 if token.map else 0
    if token.type in {"fence", "code_block"}:
        language, _, note = token.info.strip().partition(" ")
        return Block(page=page, line=line, language=language, note=note, text=token.content)
    hidden = _HIDDEN.fullmatch(token.content.strip()) if token.type == "html_block" else None
    if hidden:
        return Block(page=page, line=line, language="bash", note="", text=hidden["commands"])
    return None
