"""The catalog that is held to rights on folders stands in front of all that depends on a user."""

import inspect

from catalog.port import Catalog
from catalog.sqlite.adapter import SqliteCatalog
from manager.spaces.catalog import PersonalCatalog

DEPENDS_ON_A_USER = frozenset({"viewer_id", "permit", "heir_id"})


async def test_whatever_names_a_viewer_or_a_permit_is_guarded(tmp_path):
    """A method that is added to the port with either is not passed through by mistake."""
    async with SqliteCatalog.open(tmp_path / "catalog.sqlite3") as catalog:
        personal = PersonalCatalog(catalog, lambda: None)
        personal.enforce_rights()
    passed_on = [
        name
        for name, method in inspect.getmembers(Catalog, inspect.isfunction)
        if not name.startswith("_")
        and DEPENDS_ON_A_USER & inspect.signature(method).parameters.keys()
        and getattr(personal, name) == getattr(catalog, name)
    ]
    assert passed_on == []
