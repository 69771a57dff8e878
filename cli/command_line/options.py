"""Arguments and options that several commands have."""

from enum import StrEnum
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Files at once.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
RemotePaths = Annotated[list[str], typer.Argument(help="Remote files and folders.")]


class ConflictOption(StrEnum):
    """What `--on-conflict` may be."""

    ASK = "ask"
    OVERWRITE = "overwrite"
    RENAME = "rename"
    SKIP = "skip"
