"""The schema is a promise to other services."""

from pathlib import Path

import pytest
from graphql import GraphQLError, parse, validate

from catalog.errors import CatalogUnavailable, TooManyTickets
from manager.errors import NoSuchFile
from manager.graphql import schema as module
from manager.graphql.schema import MAX_COST, CostRule, public_error, schema

COMMITTED = Path(__file__).parents[3] / "docs" / "schema.graphql"


def test_the_committed_schema_is_the_one_that_is_served(tmp_path):
    """A change of the interface shows in the committed file."""
    module.main(str(tmp_path / "schema.graphql"))
    written = (tmp_path / "schema.graphql").read_text(encoding="utf-8")
    assert COMMITTED.read_text(encoding="utf-8") == written, "run `make docs`"


def refusals(query: str) -> list[str]:
    """What the rule on costs says to a request."""
    return [error.message for error in validate(schema._schema, parse(query), [CostRule])]  # noqa: SLF001 - strawberry has no other way to the schema


def pages(first: str) -> str:
    """A request for a page of references."""
    return f"query ($n: Int) {{ references(first: {first}) {{ nodes {{ key fileId }} }} }}"


@pytest.mark.parametrize("first", ["1", "100", "$n", "99999999999999999999"])
def test_a_page_is_affordable(first):
    """The largest page with all its fields costs less than the limit, variables included."""
    assert refusals(pages(first)) == []


FRAGMENTS = (
    "{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...C ...C } "
    f"fragment C on Query {{ {' '.join(f'k{n}: keys {{ name }}' for n in range(MAX_COST // 4))} }}"
)
BOMB = "{ ...F0 }" + " ".join(
    f"fragment F{n} on Query {{ {f'...F{n + 1} ' * 30} }}" for n in range(10)
)
"""Fragments of fragments, the last of which does not even exist."""


@pytest.mark.parametrize(
    "query",
    [
        pages("999"),
        "{ "
        + " ".join(f"r{n}: references(first: 100) {{ nodes {{ key }} }}" for n in range(15))
        + "}",
        FRAGMENTS,
        BOMB,
        "{ ...A } fragment A on Query { ...A }",
    ],
    ids=["page", "aliases", "fragments", "bomb", "circle"],
)
def test_what_multiplies_is_too_expensive(query):
    """Pages, aliases and fragments count as often as they would be resolved; circles end."""
    (refusal,) = refusals(query)
    assert "too complex" in refusal


@pytest.mark.parametrize(
    ("cause", "text", "code"),
    [
        (NoSuchFile(), "there is no such file", "no-such-file"),
        (TooManyTickets("2 tickets are open"), "2 tickets are open", "too-many-tickets"),
        (
            CatalogUnavailable("secret.host:5432 refused"),
            "the catalog is not available: try again",
            "catalog-unavailable",
        ),
        (RuntimeError("secret"), "internal error: the manager's log says more", "internal"),
    ],
)
def test_errors_are_told_by_code(cause, text, code):
    """Errors have a stable code; what is a defect of ours shows nothing of itself."""
    told, is_defect = public_error(GraphQLError("x", original_error=cause))
    assert (told.message, (told.extensions or {})["code"]) == (text, code)
    assert is_defect == isinstance(cause, RuntimeError)


def test_errors_of_the_request_are_told_as_they_are():
    """Who writes a wrong request hears what is wrong."""
    error = GraphQLError("Cannot query field 'x'")
    assert public_error(error) == (error, False)


@pytest.mark.parametrize("query", ["{ ...A } fragment A on Query { ...A }", BOMB])
async def test_fragments_that_never_end_are_refused(query):
    """A circle, or one fragment in another a trillion times, is an error like any other."""
    result = await schema.execute(query)
    assert result.errors
    assert not any(public_error(error)[1] for error in result.errors)
