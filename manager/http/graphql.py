"""`/graphql`: one request by POST, for users and other services."""

from typing import Any

import msgspec
import structlog
from aiohttp import web
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult

from manager.errors import InvalidRequest
from manager.graphql.schema import public_error, schema
from manager.graphql.types import GraphQLContext
from manager.http.parameters import json_object, token_of
from manager.http.parts import parts_of

log = structlog.get_logger(__name__)


class GraphQLRequest(msgspec.Struct, frozen=True):
    """The body of a request."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = msgspec.field(default=None, name="operationName")


def graphql_routes() -> list[web.RouteDef]:
    """The route of the GraphQL interface."""
    return [web.post("/graphql", _graphql)]


async def _graphql(request: web.Request) -> web.Response:
    token, sent = token_of(request), await json_object(request)
    # Not before: the token may die while the body comes in.
    context = await _context(request, token)
    try:
        body = msgspec.convert(sent, GraphQLRequest)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"the body must be a GraphQL request: {error}") from error
    return _answer(await _result(body, context))


async def _result(body: GraphQLRequest, context: GraphQLContext) -> ExecutionResult:
    """Runs a request; one that names no operation which can be run has an error as its result."""
    try:
        return await schema.execute(
            body.query,
            variable_values=body.variables,
            context_value=context,
            operation_name=body.operation_name,
        )
    except MissingQueryError:
        reason = "the query is empty"
    except CannotGetOperationTypeError as error:
        reason = error.as_http_error_reason()
    except InvalidOperationTypeError as error:
        reason = error.as_http_error_reason("POST")
    return ExecutionResult(data=None, errors=[GraphQLError(reason)])


async def _context(request: web.Request, token: str) -> GraphQLContext:
    """Nobody gets anywhere without credentials, not even to the schema. Raises `InvalidToken`."""
    parts = parts_of(request)
    return GraphQLContext(
        caller=await parts.authenticator.identify(token),
        authenticator=parts.authenticator,
        catalog=parts.catalog,
        links=parts.content_links,
        processing=parts.control.processing,
        references=parts.references,
        tickets=parts.control.tickets,
        webhooks=parts.webhooks,
        quarantines=parts.quarantines,
        base_url=parts.control.reception.base_url(request),
    )


def _answer(result: ExecutionResult) -> web.Response:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        told = []
        for error in result.errors:
            visible, is_defect = public_error(error)
            if is_defect:
                log.error("graphql-failed", path=error.path, exc_info=error.original_error)
            told.append(visible.formatted)
        body["errors"] = told
    return web.Response(
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
