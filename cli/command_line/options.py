"""Arguments and options that several commands have."""

from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", min=1, max=64, metavar="N", help="Files at once.")
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
RemotePaths = Annotated[list[str], typer.Argument(help="Remote files and folders.")]


class SeveralAndOne(TyperCommand):
    """Takes several things, and behind them one more: where they go.

    Of a single argument the parser takes that it is where they go, and would call the things missing.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as in typer
        """Parse the command line. Raises `BadParameter` for what is missing."""
        several, last = (each for each in self.params if isinstance(each, TyperArgument))
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            if error.param is several and self.make_parser(ctx).parse_args(words)[0][last.name]:
                error.param, error.message = last, last.help or ""
            raise


class ConflictOption(StrEnum):
    """What `--on-conflict` may be."""

    ASK = "ask"
    OVERWRITE = "overwrite"
    RENAME = "rename"
    SKIP = "skip"
