"""`link` and `links`: addresses that open a file or folder without an account."""

import re
import sys
from dataclasses import asdict, dataclass

import typer

from cli.commands.accounts import limit_of
from cli.commands.summary import Summary, transfer_all
from cli.context import CommandContext, command_context
from cli.errors import reported
from cli.login import account_client
from cli.output import human_time, print_json, print_line
from client_sdk import Client, FolderLinkInfo, LinkInfo
from client_sdk.errors import InvalidInput, NotFound
from client_sdk.links import UNSET, Unset
from common.wording import counted

_TIME = re.compile(r"(\d{1,9})([mhd])", re.ASCII)
_UNIT_S = {"m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Options for what may be added by a link; None for what is not given."""

    files: int | None
    size: str | None
    total: str | None

    @property
    def are_given(self) -> bool:
        """Whether there is one."""
        return any(each is not None for each in (self.files, self.size, self.total))

    def parsed(self) -> dict[str, int | None]:
        """Those that are given, by their names in the SDK; None for any number. Raises `InvalidInput`."""
        limits: dict[str, int | None] = {}
        if self.files is not None:
            limits["max_files"] = self.files or None
        if self.size is not None:
            limits["max_file_size"] = limit_of("--max-size", self.size)
        if self.total is not None:
            limits["max_total_size"] = limit_of("--max-total", self.total)
        return limits


def make(
    context: typer.Context,
    path: str,
    *,
    upload: bool,
    limits: UploadLimits,
    expires: str | None,
    has_password: bool,
    password_stdin: bool,
    downloads: int | None,
    label: str | None,
    follow: bool,
    as_json: bool,
) -> None:
    """Make a link, and print its address."""
    ctx = command_context(context)
    with reported(ctx.err):
        for_files = downloads is not None or follow
        _check_kind(limits, upload=upload, for_files=for_files)
        received = limits.parsed()
        life_s = life_of(expires)
        password = _given_password(ctx, has_password, stdin=password_stdin) or None

    async def to_folder(cloud: Client) -> FolderLinkInfo:
        return await cloud.create_folder_link(
            path,
            for_uploads=upload,
            label=label or "",
            life_s=life_s,
            password=password,
            **received,
        )

    async def make_one(cloud: Client) -> LinkInfo | FolderLinkInfo:
        if upload or not path.strip("/"):
            return await to_folder(cloud)
        try:
            return await cloud.create_link(
                path,
                label=label or "",
                life_s=life_s,
                password=password,
                max_downloads=downloads,
                follows_content=follow,
            )
        except NotFound:
            if for_files or not await cloud.exists(path):
                raise
            return await to_folder(cloud)

    async def run() -> None:
        async with ctx.client() as cloud:
            made = await make_one(cloud)
        if as_json:
            print_json(ctx.out, _as_data(made))
        else:
            print_line(ctx.out, made.url or "")

    ctx.run(run())


def list_links(
    context: typer.Context, path: str | None, *, user: str | None, as_json: bool
) -> None:
    """List links, the newest first."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() if user is None else account_client(ctx) as cloud:
            found: list[LinkInfo | FolderLinkInfo] = []
            found += await _file_links(cloud, path, user)
            found += await _folder_links(cloud, path, user)
        found.sort(key=lambda link: link.created_at, reverse=True)
        if as_json:
            print_json(ctx.out, [_as_data(link) for link in found])
            return
        for link in found:
            print_line(ctx.out, _line(link))

    ctx.run(run())


async def _file_links(cloud: Client, path: str | None, user: str | None) -> list[LinkInfo]:
    if path is not None and not path.strip("/"):
        return []
    try:
        return [link async for link in cloud.links(path, user=user)]
    except NotFound:
        if path is None or user is not None or not await cloud.exists(path):
            raise
        return []


async def _folder_links(cloud: Client, path: str | None, user: str | None) -> list[FolderLinkInfo]:
    wanted = None if path is None or user is not None else f"/{path.strip('/')}"
    found = [link async for link in cloud.folder_links(user=user)]
    return [link for link in found if wanted is None or link.path == wanted]


def change(
    context: typer.Context,
    link_id: str,
    *,
    limits: UploadLimits,
    expires: str | None,
    has_password: bool | None,
    password_stdin: bool,
    downloads: int | None,
    label: str | None,
    as_json: bool,
) -> None:
    """Change a link."""
    ctx = command_context(context)
    with reported(ctx.err):
        if limits.are_given and downloads is not None:
            raise InvalidInput(
                "--downloads is for links to files, the limits on what is added are not"
            )
        received = limits.parsed()
        life_s = life_of(expires)
        given = _given_password(ctx, has_password, stdin=password_stdin)
        password = UNSET if given is None else given or None
    new_label = UNSET if label is None else label
    new_downloads = UNSET if downloads is None else downloads or None

    async def change_one(cloud: Client) -> LinkInfo | FolderLinkInfo:
        if not received:
            try:
                return await cloud.change_link(
                    link_id,
                    label=new_label,
                    life_s=life_s,
                    password=password,
                    max_downloads=new_downloads,
                )
            except NotFound:
                if downloads is not None:
                    raise
        return await cloud.change_folder_link(
            link_id, label=new_label, life_s=life_s, password=password, **received
        )

    async def run() -> None:
        async with ctx.client() as cloud:
            changed = await change_one(cloud)
        if as_json:
            print_json(ctx.out, _as_data(changed))
        else:
            ctx.note("the link has been changed")

    ctx.run(run())


def revoke(context: typer.Context, ids: list[str], *, any_user: bool) -> None:
    """End links."""
    ctx = command_context(context)

    async def run() -> None:
        summary = Summary()
        async with account_client(ctx) if any_user else ctx.client() as cloud:

            async def revoke_one(link_id: str) -> None:
                try:
                    await cloud.revoke_link(link_id, of_any_user=any_user)
                except NotFound:
                    await cloud.revoke_folder_link(link_id, of_any_user=any_user)
                summary.done.append({"id": link_id})

            await transfer_all(ids, revoke_one, str, summary, 1)
        summary.print_failures(ctx)
        if summary.done:
            ctx.note(f"revoked {counted(len(summary.done), 'link')}")
        summary.exit()

    ctx.run(run())


def life_of(expires: str | None) -> float | Unset | None:
    """Seconds of a time such as 7d. Raises `InvalidInput`."""
    if expires is None:
        return UNSET
    if expires == "never":
        return None
    match = _TIME.fullmatch(expires)
    if match is None:
        raise InvalidInput(
            f"{expires}: give minutes, hours or days, such as 30m, 12h or 7d; or never"
        )
    return int(match[1]) * _UNIT_S[match[2]]


def _check_kind(limits: UploadLimits, *, upload: bool, for_files: bool) -> None:
    """Return if the options go together. Raises `InvalidInput`."""
    if limits.are_given and not upload:
        raise InvalidInput("limits on what is added need --upload")
    if upload and for_files:
        raise InvalidInput("--downloads and --follow are for links to files")


def _given_password(ctx: CommandContext, has_password: bool | None, *, stdin: bool) -> str | None:
    """What is to be the password: empty to take it away, None to leave it. Raises `InvalidInput`."""
    if has_password is False and not stdin:
        return ""
    return _ask_password(ctx, stdin=stdin) if has_password or stdin else None


def _ask_password(ctx: CommandContext, *, stdin: bool) -> str:
    """Read the password of a link. Raises `InvalidInput`."""
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not ctx.is_interactive:
        raise InvalidInput("there is no terminal to ask on: use --password-stdin")
    else:
        password = typer.prompt(
            "Password of the link", hide_input=True, confirmation_prompt=True, err=True
        )
    if not password:
        raise InvalidInput("the password is empty")
    return password


def _line(link: LinkInfo | FolderLinkInfo) -> str:
    """Id, state, when it expires, how often it was used, its file or folder, and the note."""
    until = "never" if link.expires_at is None else human_time(link.expires_at)
    lock = "password" if link.has_password else ""
    path = link.path or ("(hidden)" if link.is_hidden else "(deleted)")
    line = f"{link.id}  {link.state:15}  {until:19}  {_uses(link):>7}  {lock:8}  {path}"
    return f"{line}  {link.label}" if link.label else line


def _uses(link: LinkInfo | FolderLinkInfo) -> str:
    """Downloads of a file, or files added to a folder."""
    if isinstance(link, LinkInfo):
        return f"{link.downloads}/{link.max_downloads or '-'}"
    return f"{link.received_files}/{link.max_files or '-'}" if link.for_uploads else "-"


def _as_data(link: LinkInfo | FolderLinkInfo) -> dict[str, object]:
    return asdict(link) | {"state": link.state.value}
