"""What pages for who has a link say, in English and German. No I/O.

Errors are written in English; those that a person meets there have a translation by their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from common.wording import human_size


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTexts:
    """The texts of one language. Those with braces take what stands in them."""

    language: str
    locked_title: str
    who_knows: str
    asks_for: str
    open: str
    does_not_work: str
    up: str
    download: str
    download_all: str
    empty: str
    name: str
    size: str
    changed: str
    folder: str
    previous: str
    next: str
    entries: str
    pages: str
    path: str
    upload_title: str
    upload_hint: str
    choose: str
    drop: str
    limit_file_size: str
    limit_total_size: str
    limit_files: str
    until: str
    needs_script: str
    waiting: str
    sending: str
    done: str
    failed: str
    retry: str
    decimal: str
    errors: Mapping[str, str]

    def size_of(self, size: int) -> str:
        """A size in bytes for people."""
        return human_size(size).replace(".", self.decimal)

    def error(self, code: str, text: str) -> str:
        """What an error says, as a sentence."""
        said = self.errors.get(code, text)
        return f"{said[:1].upper()}{said[1:]}{'' if said.endswith('.') else '.'}"


ENGLISH: Final = LinkTexts(
    language="en",
    locked_title="This link needs a password",
    who_knows="Whoever sent you the link knows the password.",
    asks_for="Password",
    open="Open",
    does_not_work="This link does not work",
    up="Up",
    download="Download",
    download_all="Download all",
    empty="This folder is empty.",
    name="Name",
    size="Size",
    changed="Changed",
    folder="Folder",
    previous="Previous",
    next="Next",
    entries="Files and folders",
    pages="Pages",
    path="Path",
    upload_title="Send files",
    upload_hint="Only the recipient sees what you send.",
    choose="Choose files",
    drop="or drop them here",
    limit_file_size="A file may have up to {size}.",
    limit_total_size="There is room for {size} more.",
    limit_files="You may send {count} more files.",
    until="Open until {time}.",
    needs_script="Sending files needs JavaScript.",
    waiting="Waiting",
    sending="{percent} %",
    done="Sent",
    failed="Not sent",
    retry="Try again",
    decimal=".",
    errors={"link-full": "No more may be sent by this link."},
)

GERMAN: Final = LinkTexts(
    language="de",
    locked_title="Dieser Link braucht ein Passwort",
    who_knows="Das Passwort kennt, wer Ihnen den Link geschickt hat.",
    asks_for="Passwort",
    open="Öffnen",
    does_not_work="Dieser Link funktioniert nicht",
    up="Nach oben",
    download="Herunterladen",
    download_all="Alles herunterladen",
    empty="Dieser Ordner ist leer.",
    name="Name",
    size="Größe",
    changed="Geändert",
    folder="Ordner",
    previous="Zurück",
    next="Weiter",
    entries="Dateien und Ordner",
    pages="Seiten",
    path="Pfad",
    upload_title="Dateien senden",
    upload_hint="Was Sie senden, sieht nur der Empfänger.",
    choose="Dateien auswählen",
    drop="oder hier ablegen",
    limit_file_size="Eine Datei darf bis zu {size} haben.",
    limit_total_size="Es ist noch Platz für {size}.",
    limit_files="Sie können noch {count} Dateien senden.",
    until="Offen bis {time}.",
    needs_script="Zum Senden wird JavaScript gebraucht.",
    waiting="Wartet",
    sending="{percent} %",
    done="Gesendet",
    failed="Nicht gesendet",
    retry="Noch einmal versuchen",
    decimal=",",
    errors={
        "invalid-link": "Dieser Link ist ungültig.",
        "link-expired": "Dieser Link ist abgelaufen. Bitten Sie um einen neuen.",
        "link-revoked": "Dieser Link wurde widerrufen. Bitten Sie um einen neuen.",
        "link-used-up": "Dieser Link wurde so oft benutzt, wie er darf. Bitten Sie um einen neuen.",
        "link-not-permitted": "Wer diesen Link gemacht hat, darf das nicht mehr teilen.",
        "link-full": "Mehr darf über diesen Link nicht gesendet werden.",
        "wrong-link-password": "Das Passwort ist falsch.",
        "too-many-attempts": "Zu viele Versuche. Versuchen Sie es später noch einmal.",
        "no-such-file": "Diese Datei gibt es nicht mehr.",
        "no-such-folder": "Diesen Ordner gibt es nicht mehr.",
    },
)


def texts_for(accepted: str | None) -> LinkTexts:
    """The texts in the first language of an `Accept-Language` that is here, otherwise in English."""
    ranked: list[tuple[float, str]] = []
    for part in (accepted or "")[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        ranked.append((_quality(parameter), tag[:2].lower()))
    # The sort is stable: of equal ones the first counts.
    for quality, language in sorted(ranked, key=lambda each: -each[0]):
        if quality > 0 and language in {"de", "en"}:
            return GERMAN if language == "de" else ENGLISH
    return ENGLISH


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
