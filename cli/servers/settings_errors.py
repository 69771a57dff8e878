"""Names all wrong settings at once: what is expected, in which unit, and what it is for.

Values are never shown: they may be secrets.
"""

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from cli.errors import SettingsInvalid

_UNITS: Final = (
    ("_bytes_per_s", "bytes per second"),
    ("_requests_per_s", "requests per second"),
    ("_s", "seconds"),
    ("_mib", "MiB"),
    ("_bytes", "bytes"),
    ("_size", "bytes"),
)
_BOUNDS: Final = (
    ("gt", "more than {}"),
    ("ge", "{} or more"),
    ("lt", "less than {}"),
    ("le", "{} or less"),
)
_NO_NUMBER: Final = frozenset(
    {"finite_number", "float_parsing", "float_type", "int_from_float", "int_parsing", "int_type"}
)


def settings_invalid(error: ValidationError, settings: type[BaseSettings]) -> SettingsInvalid:
    """The error with one line per wrong setting: `NAME: what is expected. What the setting is.`."""
    lines = "\n".join(f"  {line}" for line in _lines(error, settings))
    return SettingsInvalid(f"these settings (environment or .env) are wrong:\n{lines}")


def sandbox_required(reason: Exception) -> SettingsInvalid:
    """The error of a service that may not run without a sandbox, where it cannot have one."""
    return SettingsInvalid(
        f"REQUIRE_SANDBOX is set, and {reason}. docs/processing.md says what the sandbox needs"
    )


def _lines(error: ValidationError, settings: type[BaseSettings]) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix", "")
    for details in error.errors(include_url=False, include_input=False):
        name = str(details["loc"][0]) if details["loc"] else ""
        field = settings.model_fields.get(name)
        if field is None:
            yield _sentence(details)
        else:
            problem = _problem(details, name, field) + _remedy(field)
            yield f"{prefix}{name}".upper() + f": {problem}. {field.description}"


def _problem(details: ErrorDetails, name: str, field: FieldInfo) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return "missing"
    if kind in {"too_short", "string_too_short"}:
        return "too short"  # the original tells how long a secret is
    if kind == "bool_parsing":
        return "expected true or false"
    if kind in {"enum", "literal_error"}:
        return f"expected {context['expected']}"
    limits = [text.format(_shown(context[key])) for key, text in _BOUNDS if key in context]
    if limits or kind in _NO_NUMBER:
        return ", ".join([f"expected {_number(name, field)}", *limits])
    return _sentence(details)


def _sentence(details: ErrorDetails) -> str:
    text = details["msg"].removeprefix("Value error, ")
    # The name of a setting stays as it is.
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _number(name: str, field: FieldInfo) -> str:
    noun = "a whole number" if field.annotation is int else "a number"
    unit = next((unit for ending, unit in _UNITS if name.endswith(ending)), None)
    return f"{noun} of {unit}" if unit else noun


def _remedy(field: FieldInfo) -> str:
    if field.is_required() or not isinstance(field.default, int | float):
        return ""
    return f"; without it, {_shown(field.default)} holds"


def _shown(number: float) -> str:
    if isinstance(number, bool):
        return str(number).lower()
    return str(int(number) if number == int(number) else number)
