"""Says in plain words which settings are wrong, all at once, and what would be right.

Values are never shown: they may be secrets.
"""

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings


def explain(error: ValidationError, settings: type[BaseSettings]) -> list[str]:
    """One line per wrong setting: `NAME: what is wrong. What the setting is.`."""
    return list(_lines(error, settings))


def _lines(error: ValidationError, settings: type[BaseSettings]) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix", "")
    for details in error.errors(include_url=False, include_input=False, include_context=False):
        field = str(details["loc"][0]) if details["loc"] else ""
        if not field:
            yield _problem(details)
            continue
        name = f"{prefix}{field}".upper()
        yield f"{name}: {_problem(details)}. {_meaning(field, settings)}"


def _problem(details: ErrorDetails) -> str:
    if details["type"] == "missing":
        return "missing"
    if details["type"] == "too_short":
        return "too short"  # the original speaks of items, and tells how long a secret is
    text = details["msg"].removeprefix("Value error, ")
    # The name of a setting stays as it is.
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _meaning(field: str, settings: type[BaseSettings]) -> str:
    known = settings.model_fields.get(field)
    return (known.description if known else None) or "see docs/settings.md"
