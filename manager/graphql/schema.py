"""The schema: `python -m manager.graphql.schema docs/schema.graphql` writes it down."""

import sys
from pathlib import Path

import strawberry
from graphql import GraphQLError
from strawberry.extensions import AddValidationRules, DisableIntrospection, MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from catalog.errors import CatalogError, CatalogUnavailable
from manager.errors import ManagerError
from manager.graphql.cost import CostRule
from manager.graphql.resolvers import Mutation, Query
from manager.graphql.types import SCALARS

MAX_TOKENS = 2000


class CloudSchema(strawberry.Schema):
    """The schema; `public_error` turns the errors of resolvers into those that callers see."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Logs nothing: the caller of `execute` logs defects."""


schema = CloudSchema(
    query=Query,
    mutation=Mutation,
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[
        lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
        # Introspection recurses without end, and the schema is published in docs/.
        DisableIntrospection,
        lambda: AddValidationRules([CostRule]),
    ],
)


def public_error(error: GraphQLError) -> tuple[GraphQLError, bool]:
    """The error that the caller may see, and whether it is a defect of the manager."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return error, False
    if isinstance(cause, CatalogUnavailable):
        text, code, is_defect = "the catalog is not available: try again", cause.code, False
    elif isinstance(cause, ManagerError | CatalogError):
        text, code, is_defect = str(cause), cause.code, False
    else:
        text, code, is_defect = "internal error: the manager's log says more", "internal", True
    public = GraphQLError(text, error.nodes, path=error.path, extensions={"code": code})
    return public, is_defect


def main(target: str) -> None:
    """Writes the schema to a file."""
    Path(target).write_text(schema.as_str() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
