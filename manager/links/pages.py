"""The pages that a browser gets for a link: one asks for a password, the other says what is wrong. No I/O.

Neither has a script, nor anything of the file: not its name, nor its size.
"""

import base64
import hashlib
from html import escape

from aiohttp import web

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { display: grid; min-height: 100vh; margin: 0; place-items: center; background: Canvas; }
main { box-sizing: border-box; width: min(100%, 26rem); padding: 1.5rem; }
h1 { margin: 0 0 0.5rem; font-size: 1.375rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
label { display: block; margin-bottom: 0.25rem; font-weight: 600; }
input, button { box-sizing: border-box; width: 100%; min-height: 2.75rem; border-radius: 0.5rem; }
input, button { font: inherit; }
input { margin-bottom: 0.75rem; border: 1px solid GrayText; padding: 0 0.75rem; background: Field; }
button { border: 0; background: #2f5bea; color: #fff; font-weight: 600; cursor: pointer; }
.wrong { color: light-dark(#b3261e, #ffb4ab); font-weight: 600; }
:focus-visible { outline: 3px solid #7c9cff; outline-offset: 2px; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept, Cookie",
    "X-Robots-Tag": "noindex",
}
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""
# Without an action it is sent to where the page is from, so that the link need not be in it.
_FORM = """\
<p>Whoever sent you the link knows the password.</p>
<form method="post">
{wrong}<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="off" maxlength="256" required autofocus>
<button>Download</button>
</form>"""


def wants_page(request: web.Request) -> bool:
    """Whether a person asks, with a browser."""
    return "text/html" in request.headers.get("Accept", "")


def password_page(status: int, wrong: str | None = None) -> web.Response:
    """Asks for the password of a link. `wrong`: what was wrong with the last one."""
    text = (
        "" if wrong is None else f'<p class="wrong" role="alert">{escape(_sentence(wrong))}</p>\n'
    )
    return _page(status, "This link needs a password", _FORM.format(wrong=text))


def refusal_page(status: int, reason: str) -> web.Response:
    """Says why a link does not open its file."""
    return _page(status, "This link does not work", f"<p>{escape(_sentence(reason))}</p>")


def _page(status: int, title: str, content: str) -> web.Response:
    page = _PAGE.format(title=title, style=_STYLE, content=content)
    return web.Response(status=status, text=page, content_type="text/html", headers=_HEADERS)


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."
