"""What link-preview crawlers get, on every route that gives away content."""

from html.parser import HTMLParser

import pytest

from manager.downloads.previews import Preview
from tests.manager.links.making import link_to

CRAWLERS = {
    "Discordbot": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Twitterbot": "Twitterbot/1.0",
    "WhatsApp": "WhatsApp/2.23.20.0",
    "TelegramBot": "TelegramBot (like TwitterBot)",
    "Slackbot": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "facebookexternalhit": "facebookexternalhit/1.1",
    "LinkedInBot": "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class _Page(HTMLParser):
    """The tags of a page, as a crawler reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.properties: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        """Notes the tag, and what a meta tag says."""
        self.tags.append(tag)
        found = dict(attrs)
        if tag == "meta" and found.get("property"):
            self.properties[found["property"]] = found["content"]


@pytest.mark.parametrize("agent", CRAWLERS.values(), ids=CRAWLERS.keys())
async def test_crawlers_get_a_page_instead_of_the_file(cloud, content, agent):
    """Each of the known crawlers is told name, size and type, and gets no byte of the file."""
    await cloud.token()
    link = await link_to(cloud.app, await cloud.store("/docs/a.txt", content))
    response = await cloud.client.get(
        "/signed-download", params={"q": link}, headers={"User-Agent": agent}
    )
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    page = _Page(await response.text())
    assert page.properties["og:title"] == "a.txt"
    assert page.properties["og:description"] == "3.4 KiB, text/plain"
    assert "og:image" not in page.properties


async def test_people_get_the_file(cloud, content):
    """A browser is no crawler."""
    await cloud.token()
    link = await link_to(cloud.app, await cloud.store("/docs/a.txt", content))
    response = await cloud.client.get(
        "/signed-download", params={"q": link}, headers={"User-Agent": BROWSER}
    )
    assert await response.read() == content


async def test_crawlers_need_the_same_rights(cloud, content):
    """With a token in the link there is a preview of file and folder; without, there is nothing."""
    token = await cloud.token()
    await cloud.store("/docs/a.txt", content)
    agent = {"User-Agent": CRAWLERS["Slackbot"]}
    for route, title, description in (
        ("/download", "a.txt", "3.4 KiB, text/plain"),
        ("/bulk-download", "docs.zip", "3.4 KiB, folder"),
    ):
        params = {"path": "/docs", "name": "a.txt", "auth": token}
        response = await cloud.client.get(route, params=params, headers=agent)
        page = _Page(await response.text())
        assert page.properties["og:title"] == title
        assert page.properties["og:description"] == description
        nobody = await cloud.client.get(route, params={**params, "auth": "x"}, headers=agent)
        assert nobody.status == 401
    forged = await cloud.client.get("/signed-download", params={"q": "x"}, headers=agent)
    assert forged.status == 403


def test_everything_is_escaped():
    """No name, type or address can add a tag, an attribute or a script to the page."""
    evil = "\"'><script>alert(1)</script><img src=x onerror='x'>{title}&amp;"
    page = _Page(Preview(title=evil, description=evil, image_url=evil).page())
    assert set(page.tags) == {"html", "head", "meta", "title", "body"}
    assert page.properties["og:title"] == evil
    assert page.properties["og:description"] == evil
    assert page.properties["og:image"] == evil
