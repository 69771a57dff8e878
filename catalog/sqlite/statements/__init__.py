"""Every SQL statement of the adapter, named and described, in one file per subject.

A statement begins with a line `-- name --` and the description of what it does or answers. Parameters are
named (`:folder_id`). Times are seconds since the Unix epoch, object ids are the 16 bytes of the UUID, lists
are JSON, but ids of objects follow on each other.
"""

import re
from collections.abc import Iterator
from importlib import resources

_HEADING = re.compile(r"^-- (\w+) --$\n((?:-- .*\n)+)", re.MULTILINE)


class Statements:
    """The statements by name: `sql.file_by_id`, or `sql[name]` for one of several variants."""

    def __init__(self, *scripts: str) -> None:
        """Reads scripts. Raises `ValueError` for a name that is given twice."""
        self._statements: dict[str, str] = {}
        for script in scripts:
            # Text before the first heading, then name, description and statement of each.
            parts = _HEADING.split(script)[1:]
            for name, statement in zip(parts[::3], parts[2::3], strict=True):
                if name in self._statements:
                    raise ValueError(f"two statements are called {name}")
                self._statements[name] = statement.strip()

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._statements)

    def __getitem__(self, name: str) -> str:
        """The statement of that name. Raises `KeyError`."""
        return self._statements[name]

    def __getattr__(self, name: str) -> str:
        """The statement of that name. Raises `AttributeError`."""
        try:
            return self._statements[name]
        except KeyError as error:
            raise AttributeError(f"there is no statement {name}") from error


sql = Statements(
    *(
        entry.read_text(encoding="utf-8")
        for entry in resources.files(__package__).iterdir()
        if entry.name.endswith(".sql")
    )
)
"""All statements of the adapter."""
