"""What a request costs, counted before anything runs.

A selected field costs one, and a page costs its selection times the number of entries that it may have. So
nesting, aliases and fragments multiply the cost as they multiply the database's work. Counting is itself
bounded: every step adds to the sum, and counting stops when the sum exceeds the limit.
"""

from collections.abc import Mapping
from typing import Any

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
