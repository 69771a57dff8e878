"""The page of a link for uploads, as HTML. No I/O.

Its script (`page/links/upload.ts`) reads its texts from it.
"""

from datetime import UTC, datetime
from html import escape

from catalog.folder_link_port import FolderLink
from manager.links.folder_states import remaining_files, remaining_size
from manager.links.texts import LinkTexts


def upload_content(link: FolderLink, texts: LinkTexts) -> str:
    """The page, which tells nothing of the folder and of what was added before."""
    limits = "".join(f"<li>{escape(limit)}</li>" for limit in _limits(link, texts))
    said = {
        "waiting": texts.waiting,
        "sending": texts.sending,
        "done": texts.done,
        "failed": texts.failed,
        "retry": texts.retry,
        "full": texts.error("link-full", "this link does not take this file"),
        "ended": texts.error("link-revoked", "this link does not work any more"),
        "storage": texts.error("link-storage-full", "there is no room left where this link leads"),
        "type": texts.error("not-approved", "files of this kind are not accepted here"),
    }
    data = " ".join(f'data-{name}="{escape(text)}"' for name, text in said.items())
    return f"""\
<h1>{escape(texts.upload_title)}</h1>
<p>{escape(texts.upload_hint)}</p>
<noscript><p class="wrong">{escape(texts.needs_script)}</p></noscript>
<div id="drop" {data}>
<label class="primary" for="files">{escape(texts.choose)}</label>
<input id="files" type="file" multiple>
<span>{escape(texts.drop)}</span>
</div>
<ul class="limits">{limits}</ul>
<ul id="sent" class="entries" aria-live="polite" aria-label="{escape(texts.upload_title)}" hidden></ul>"""


def _limits(link: FolderLink, texts: LinkTexts) -> list[str]:
    limits = []
    if link.max_file_size is not None:
        limits.append(texts.limit_file_size.format(size=texts.size_of(link.max_file_size)))
    if (size := remaining_size(link)) is not None:
        limits.append(texts.limit_total_size.format(size=texts.size_of(size)))
    if (count := remaining_files(link)) is not None:
        limits.append(texts.limit_files.format(count=count))
    if link.expires_at is not None:
        until = datetime.fromtimestamp(link.expires_at, UTC)
        limits.append(texts.until.format(time=f"{until:%Y-%m-%d %H:%M} UTC"))
    return limits
