"""Arguments and options that several commands have."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
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


class SpacesChoice(StrEnum):
    """What `--spaces` may be."""

    COMMON = "common"
    PERSONAL = "personal"


class ConflictOption(StrEnum):
    """What `--on-conflict` may be."""

    ASK = "ask"
    OVERWRITE = "overwrite"
    RENAME = "rename"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonOptions:
    """Options that stand before the command.

    Attributes:
        profile: Name of the login to use; None for the one without a name, and the environment.
        is_quiet: Whether only data, questions and errors are printed.
        is_plain: Whether nothing is drawn that changes on the terminal.
    """

    profile: str | None = None
    is_quiet: bool = False
    is_plain: bool = False

    def keep(self, context: typer.Context) -> None:
        """Hand them to the command that this context runs."""
        context.meta[_COMMON] = self

    @staticmethod
    def of(context: typer.Context) -> "CommonOptions":
        """Those of a command."""
        kept = context.meta.get(_COMMON)
        return kept if isinstance(kept, CommonOptions) else CommonOptions()


_COMMON = "discord-cloud.common-options"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """Options of `discord-cloud copy` and `sync`: how a folder is made as another one.

    Attributes:
        include: Patterns of the files that are looked at; none of them: all.
        exclude: Patterns of files that are not looked at, on either side.
        checksum: Whether files are compared by their content.
        size_only: Whether they are compared by their size alone.
        modify_window_s: By how much modification times of the same file may differ.
        deletes: Whether what only the target has is deleted.
        is_dry_run: Whether it is only shown what would be done.
        jobs: Files at once.
        limit_rate: Bytes per second of all files together, as it was typed; None for no limit.
        as_json: Whether JSON is printed.
    """

    include: Sequence[str]
    exclude: Sequence[str]
    checksum: bool
    size_only: bool
    modify_window_s: float
    deletes: bool
    is_dry_run: bool
    jobs: int
    limit_rate: str | None
    as_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """Options of `discord-cloud up`.

    Attributes:
        data: Folder that keeps everything.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        slots: Uploads at the same time.
        public_url: URL at which other machines connect to this one; None if only this machine does.
        spaces: What the users of a new cloud see, unless `SPACES` says so; None: that is chosen with
            the first user.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 4000
    slots: int = 4
    public_url: str | None = None
    spaces: SpacesChoice | None = None
