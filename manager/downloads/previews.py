"""What link-preview crawlers get instead of a file: a small page with Open Graph tags. No I/O."""

import re
from dataclasses import dataclass
from html import escape

from aiohttp import web

from catalog.records import File
from common.wording import human_size

_CRAWLERS = re.compile(
    r"Discordbot|Twitterbot|WhatsApp|TelegramBot|Slackbot|facebookexternalhit|LinkedInBot",
    re.IGNORECASE,
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
    "Vary": "User-Agent",
}
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
{tags}
</head>
<body></body>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is shown of a download; `image_url` is that of its thumbnail, None without one."""

    title: str
    description: str
    image_url: str | None = None

    def page(self) -> str:
        """The page, with everything in it escaped."""
        properties = {
            "og:type": "website",
            "og:site_name": "discord-cloud",
            "og:title": self.title,
            "og:description": self.description,
        }
        if self.image_url is not None:
            properties["og:image"] = self.image_url
        tags = "\n".join(
            f'<meta property="{name}" content="{escape(value)}">'
            for name, value in properties.items()
        )
        return _PAGE.format(title=escape(self.title), tags=tags)

    def response(self) -> web.Response:
        """The page as an answer, which may neither load nor run anything."""
        return web.Response(text=self.page(), content_type="text/html", headers=_HEADERS)


def file_preview(file: File) -> Preview:
    """Name, size and type of a file."""
    kind = f", {file.mime_type}" if file.mime_type else ""
    return Preview(title=file.name, description=f"{human_size(file.size)}{kind}")


def wants_preview(request: web.Request) -> bool:
    """Whether a crawler asks, that would show a preview of the link."""
    return _CRAWLERS.search(request.headers.get("User-Agent", "")) is not None
