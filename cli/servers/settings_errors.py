"""Names all wrong settings at once: what is expected, in which unit, and what it is for.

Values are never shown: they may be secrets.
"""

from collections.abc import Iterator
from typing import Final, get_args

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
    by_setting: dict[str, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False, include_input=False):
        by_setting.setdefault(str(details["loc"][0]) if details["loc"] else "", []).append(details)
    for name, found in by_setting.items():
        field = settings.model_fields.get(name)
        if field is None:
            yield from map(_sentence, found)
        else:
            problem = _alternatives([_problem(details, name, field) for details in found])
            yield f"{prefix}{name}".upper() + f": {problem}{_remedy(field)}. {field.description}"


def _alternatives(problems: list[str]) -> str:
    """A setting that takes values of several kinds has a problem with each of them."""
    first, *others = problems
    return ", or ".join([first, *(problem.removeprefix("expected ") for problem in others)])


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
    noun = "a whole number" if _takes_whole_numbers(field.annotation) else "a number"
    unit = next((unit for ending, unit in _UNITS if name.endswith(ending)), None)
    return f"{noun} of {unit}" if unit else noun


def _takes_whole_numbers(annotation: object) -> bool:
    return annotation is int or any(map(_takes_whole_numbers, get_args(annotation)))


def _remedy(field: FieldInfo) -> str:
    if field.is_required() or not isinstance(field.default, int | float):
        return ""
    return f"; without it, {_shown(field.default)} holds"


def _shown(number: float) -> str:
    if isinstance(number, bool):
        return str(number).lower()
    return str(int(number) if number == int(number) else number)
