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
    """The schema; errors of resolvers are made fit for callers elsewhere."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Logs nothing: whoever executes the schema knows what is worth it."""


schema = CloudSchema(
    query=Query,
    mutation=Mutation,
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[
        lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
        # Types refer to one another without end, and whoever needs the schema has it in docs/.
        DisableIntrospection,
        lambda: AddValidationRules([CostRule]),
    ],
)


def shown(error: GraphQLError) -> tuple[GraphQLError, bool]:
    """An error as the caller may see it, and whether it is a defect of ours."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return error, False
    if isinstance(cause, CatalogUnavailable):
        text, code, is_defect = "the catalog is not available: try again", cause.code, False
    elif isinstance(cause, ManagerError | CatalogError):
        text, code, is_defect = str(cause), cause.code, False
    else:
        text, code, is_defect = "internal error: the manager's log says more", "internal", True
    told = GraphQLError(text, error.nodes, path=error.path, extensions={"code": code})
    return told, is_defect


def main(target: str) -> None:
    """Writes the schema to a file."""
    Path(target).write_text(schema.as_str() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
