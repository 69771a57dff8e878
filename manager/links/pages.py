"""The pages that a browser gets for a link. No I/O.

They work without a script; the style sheet is one of the web page's files. The page that asks for a password,
and the one that says what is wrong, have nothing in them of what the link leads to.
"""

from collections.abc import Callable
from html import escape

from aiohttp import web

from manager.links.texts import LinkTexts, texts_for

PageSources = Callable[[web.Request], str]
"""Sources of a policy that admit the files of the web page alone, for where it was asked for."""

_PAGE = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="{base}/favicon.svg">
<link rel="stylesheet" href="{base}/links.css">
{head}</head>
<body>
<main{attributes}>
{content}
</main>
</body>
</html>
"""
# Without an action it is sent to where the page is from, so that the link need not be in it.
_FORM = """\
<h1>{title}</h1>
<p>{hint}</p>
<form method="post">
{wrong}<label for="password">{label}</label>
<input id="password" name="password" type="password" autocomplete="off" maxlength="256" required autofocus>
<button class="primary">{button}</button>
</form>"""


def wants_page(request: web.Request) -> bool:
    """Whether a person asks, with a browser."""
    return "text/html" in request.headers.get("Accept", "")


class LinkPages:
    """Makes the pages."""

    def __init__(self, base: str, sources: PageSources) -> None:
        """Takes what it uses.

        Args:
            base: Path below which the files of the web page are, without a slash at its end.
            sources: Says where these may come from.
        """
        self.base = base
        self._sources = sources

    def password(
        self, request: web.Request, status: int, wrong: tuple[str, str] | None = None
    ) -> web.Response:
        """Asks for the password of a link. `wrong`: code and text of what was wrong with the last one."""
        texts = texts_of(request)
        said = (
            "" if wrong is None else f'<p class="wrong" role="alert">{_text(texts, *wrong)}</p>\n'
        )
        content = _FORM.format(
            title=escape(texts.locked_title),
            hint=escape(texts.who_knows),
            wrong=said,
            label=escape(texts.asks_for),
            button=escape(texts.open),
        )
        return self.page(request, status, texts.locked_title, content)

    def refusal(self, request: web.Request, status: int, code: str, reason: str) -> web.Response:
        """Says why a link does not open what it leads to."""
        texts = texts_of(request)
        title = escape(texts.does_not_work)
        content = f"<h1>{title}</h1>\n<p>{_text(texts, code, reason)}</p>"
        return self.page(request, status, texts.does_not_work, content)

    def page(
        self,
        request: web.Request,
        status: int,
        title: str,
        content: str,
        *,
        is_wide: bool = False,
        script: str | None = None,
        connects_to: str = "",
    ) -> web.Response:
        """A page, whose content is HTML.

        Args:
            request: What it answers.
            status: Of the answer.
            title: As text.
            content: As HTML.
            is_wide: Whether it has more than a few lines.
            script: A file of the web page that it runs; None: no script.
            connects_to: Sources to which the script talks, besides this manager.
        """
        head = (
            ""
            if script is None
            else f'<script type="module" src="{self.base}/{script}"></script>\n'
        )
        text = _PAGE.format(
            language=texts_of(request).language,
            title=escape(title),
            base=self.base,
            head=head,
            attributes=' class="wide"' if is_wide else "",
            content=content,
        )
        headers = self._headers(request, runs_script=script is not None, connects_to=connects_to)
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)

    def _headers(
        self, request: web.Request, *, runs_script: bool, connects_to: str
    ) -> dict[str, str]:
        own = self._sources(request)
        script = f"script-src {own}; connect-src 'self' {connects_to}; " if runs_script else ""
        return {
            "Content-Security-Policy": f"default-src 'none'; style-src {own}; img-src 'self'; "
            f"media-src 'self'; {script}form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
            "Vary": "Accept, Accept-Language, Cookie",
            "X-Robots-Tag": "noindex",
        }


def texts_of(request: web.Request) -> LinkTexts:
    """The texts in the language of who asks."""
    return texts_for(request.headers.get("Accept-Language"))


def _text(texts: LinkTexts, code: str, text: str) -> str:
    return escape(texts.error(code, text))
