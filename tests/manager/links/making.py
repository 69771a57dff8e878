"""Links as their owners make them."""

from typing import Any

from aiohttp import web

from catalog.link_port import FileLink
from catalog.records import File
from manager.app_keys import CATALOG, LINKS
from manager.links.manager import LinkOptions


async def make_link(app: web.Application, file: File, **options: Any) -> tuple[FileLink, str]:
    """A link of the file's owner, and what its address holds."""
    owner = await app[CATALOG].user_by_id(file.owner_id or 0)
    assert owner is not None
    links = app[LINKS]
    link = await links.create(owner, file, LinkOptions(**{"life_s": links.life_s, **options}))
    token = links.token_of(link)
    assert token is not None
    return link, token


async def link_to(app: web.Application, file: File, **options: Any) -> str:
    """What the address of a link of the file's owner holds."""
    _, token = await make_link(app, file, **options)
    return token
