"""The GraphQL schema, and the limit on what one request may cost.

`python -m manager.graphql.schema docs/schema.graphql` writes the schema to a file.

The cost is counted before anything runs. A selected field costs one, and a page costs its selection times
the number of entries that it may have. So nesting, aliases and fragments multiply the cost as they multiply
the database's work. Counting is itself bounded: every step adds to the sum, and counting stops when the
sum exceeds the limit.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)
from strawberry.extensions import AddValidationRules, DisableIntrospection, MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from catalog.errors import CatalogError, CatalogUnavailable
from manager.errors import ManagerError
from manager.graphql.resolvers import Mutation, Query
from manager.graphql.types import SCALARS
from manager.tickets.references import MAX_PAGE

MAX_COST = 2000
MAX_DEPTH = 12
"""Levels of fields and fragments within one another; useful requests have far fewer."""


class CostRule(ValidationRule):
    """Refuses requests that cost more than `MAX_COST`."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            node.name.value: node
            for node in context.document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }

    def enter_operation_definition(
        self,
        node: OperationDefinitionNode,
        *_: Any,  # noqa: ANN401 - the visitor's own
    ) -> None:
        """Checks one operation."""
        cost = self._cost(node.selection_set, MAX_DEPTH)
        if cost > MAX_COST:
            self.report_error(
                GraphQLError(
                    f"this request is too complex: ask for less at once (cost above {MAX_COST})",
                    nodes=[node],
                    extensions={"code": "too-complex"},
                )
            )

    def _cost(self, selections: SelectionSetNode | None, depth: int) -> int:
        """The cost of a selection; counting stops above `MAX_COST`."""
        if selections is None:
            return 0
        if depth == 0:
            return MAX_COST + 1
        total = 0
        for node in selections.selections:
            total += self._cost_of(node, depth - 1)
            if total > MAX_COST:
                break
        return total

    def _cost_of(self, node: object, depth: int) -> int:
        match node:
            case FieldNode():
                return 1 + _entries(node) * self._cost(node.selection_set, depth)
            case FragmentSpreadNode():
                fragment = self._fragments.get(node.name.value)
                return 1 + self._cost(fragment.selection_set if fragment else None, depth)
            case _:
                return 1 + self._cost(getattr(node, "selection_set", None), depth)


def _entries(node: FieldNode) -> int:
    """The most entries a page may have; for a variable, the most that is allowed."""
    for argument in node.arguments or ():
        if argument.name.value == "first":
            value = argument.value
            if isinstance(value, IntValueNode) and len(value.value) <= len(str(MAX_PAGE)):
                return max(1, int(value.value))
            return MAX_PAGE
    return 1


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
