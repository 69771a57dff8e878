"""`/graphql`: one request by POST, for users and other services."""

from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from aiohttp import web
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult

from common.addresses import ClientAddresses
from manager.accounts.callers import Authenticator, Caller
from manager.errors import InvalidRequest
from manager.graphql.schema import public_error, schema
from manager.graphql.types import GraphQLContext
from manager.http.parameters import base_url_of, json_object, token_of

log = structlog.get_logger(__name__)


class GraphQLRequest(msgspec.Struct, frozen=True):
    """The body of a request."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = msgspec.field(default=None, name="operationName")


MakeContext = Callable[[Caller, str, str], GraphQLContext]
"""Makes what resolvers are given, for a caller that uses this base URL, and comes from this address."""


def graphql_routes(
    authenticator: Authenticator,
    addresses: ClientAddresses,
    make_context: MakeContext,
    public_url: str | None,
) -> list[web.RouteDef]:
    """The route of the GraphQL interface.

    Args:
        authenticator: Identifies callers.
        addresses: Identifies clients.
        make_context: What resolvers are given.
        public_url: URL of the manager for callers; None: that of their request.
    """

    async def graphql(request: web.Request) -> web.Response:
        token, sent = token_of(request), await json_object(request)
        # Not before: the token may be revoked while the body comes in. Without valid credentials not
        # even the schema is shown.
        caller = await authenticator.identify(token)
        address = addresses.of_request(request)
        context = make_context(caller, base_url_of(request, public_url), address)
        try:
            body = msgspec.convert(sent, GraphQLRequest)
        except msgspec.ValidationError as error:
            raise InvalidRequest(f"the body must be a GraphQL request: {error}") from error
        return _answer(await _result(body, context))

    return [web.post("/graphql", graphql)]


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


def _answer(result: ExecutionResult) -> web.Response:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        errors = []
        for error in result.errors:
            visible, is_defect = public_error(error)
            if is_defect:
                log.error("graphql-failed", path=error.path, exc_info=error.original_error)
            errors.append(visible.formatted)
        body["errors"] = errors
    return web.Response(
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
