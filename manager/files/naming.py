"""Names and paths in packets: new ones must keep the policy of this deployment."""

from collections.abc import Iterable

from manager.context import ClientContext
from manager.errors import NAMES_LISTED, InvalidRequest
from protocol import generic
from protocol.errors import InvalidValue
from protocol.values import check_name, parse_path


def checked_name(context: ClientContext, name: str) -> str:
    """A name that may be given to something new. Raises `InvalidRequest`."""
    try:
        return check_name(name, context.parts.name_policy)
    except InvalidValue as error:
        raise InvalidRequest(f"name: {error}") from error


def checked_folder(context: ClientContext, path: str) -> tuple[str, ...]:
    """The path of a folder that may be made. Raises `InvalidRequest`."""
    names = parse_path(path)
    try:
        for name in names:
            check_name(name, context.parts.name_policy)
    except InvalidValue as error:
        raise InvalidRequest(f"path: {error}") from error
    return names


def naming_answer(wanted: str, given: str) -> generic.Boolean:
    """True; the message says under which other name it stands if the wanted one was taken."""
    message = None if given == wanted else f"the name was taken, so it is called {given}"
    return generic.Boolean(success=True, message=message)


def names_answer(wanted_and_given: Iterable[tuple[str, str]]) -> generic.Boolean:
    """As `naming_answer`, for several names at once."""
    changed = [
        f"{wanted} is called {given}" for wanted, given in wanted_and_given if wanted != given
    ]
    more = len(changed) - NAMES_LISTED
    listed = ", ".join(changed[:NAMES_LISTED]) + (f" and {more} more differ" if more > 0 else "")
    message = f"names were taken, so {listed}" if changed else None
    return generic.Boolean(success=True, message=message)
