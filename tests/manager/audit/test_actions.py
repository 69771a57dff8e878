"""The actions of the audit log, and their page."""

import ast
import re
from pathlib import Path

from manager.audit.actions import AuditAction, with_table

ROOT = Path(__file__).parents[3]


def test_the_page_lists_every_action():
    """`make docs` would change nothing."""
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    assert with_table(page) == page
    assert all(f"| `{action.value}` |" in page for action in AuditAction)


def test_every_action_is_recorded_somewhere():
    """No action is left over."""
    used = set()
    for package in ("cli", "manager"):
        for path in (ROOT / package).rglob("*.py"):
            code = path.read_text(encoding="utf-8")
            if "from manager.audit.actions import AuditAction" not in code:
                continue
            for node in ast.walk(ast.parse(code)):
                if (
                    isinstance(node, ast.Attribute)
                    and getattr(node.value, "id", "") == "AuditAction"
                ):
                    used.add(node.attr)
    assert used == {action.name for action in AuditAction}


def test_names_are_in_kebab_case():
    """They are searched for, and shown, as they are."""
    assert [each for each in AuditAction if not re.fullmatch(r"[a-z]+(-[a-z]+)*", each.value)] == []
