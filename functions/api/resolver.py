"""Powertools' resolver, made fit for threads, and answering what it never routes in our words.

In Lambda one process answers one request at a time, and the resolver keeps that request on a class. On one machine
the same handler runs in many threads, so here it is kept per thread, and what is built on first use is built first.
"""

import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayRestResolver, ResponseBuilder
from aws_lambda_powertools.event_handler.api_gateway import Router as PowertoolsRouter
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from api.access_log import note_answer
from api.current import Call, answering, current, current_or_none
from api.door import check_body, plainly
from api.problems import MethodNotAllowed, RouteNotFound, response
from api.uploads import taken_in
from waypost.errors import WaypostError


class Router(PowertoolsRouter):
    """The routes of one resource."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Powertools leaves it without types


class Resolver(APIGatewayRestResolver):
    def resolve(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        began = time.perf_counter()
        event, wrong = taken_in(event)
        with answering(Call(APIGatewayProxyEvent(plainly(event), self._json_body_deserializer), context)):
            answer = self._refused(event, wrong) or super().resolve(event, context)
            answer["multiValueHeaders"]["X-Request-Id"] = [current().request_id]
            # Answers hold messages and numbers: no cache on the way may keep them.
            answer["multiValueHeaders"].setdefault("Cache-Control", ["no-store"])
            note_answer(current(), answer["statusCode"], (time.perf_counter() - began) * 1000)
        return answer

    def get_ready(self) -> None:
        """Build every route's chain of middlewares, which two first requests at once would build twice."""
        for route in (*self._static_routes, *self._dynamic_routes):
            route._build_middleware_stack(self._router_middlewares, self)

    def append_context(self, **additional_context: Any) -> None:
        super().append_context(**additional_context)  # type: ignore[no-untyped-call]
        call, route = current_or_none(), additional_context.get("_route")
        if call is not None and route is not None:
            call.route = route.openapi_path

    @property  # type: ignore[override]  # a class attribute above
    def current_event(self) -> APIGatewayProxyEvent:
        return current().event

    @current_event.setter
    def current_event(self, value: Any) -> None:
        """Powertools sets it on the base class, where nothing of ours looks."""

    @property
    def lambda_context(self) -> Any:
        return current().lambda_context

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        """As above."""

    @property
    def context(self) -> dict[str, Any]:
        call = current_or_none()
        return {} if call is None else call.resolver_context

    @context.setter
    def context(self, value: dict[str, Any]) -> None:
        """Powertools gives every resolver one dict at birth; ours has one per request instead."""

    def _handle_not_found(self, method: str, path: str) -> ResponseBuilder[Any]:
        # The resolver would make up a route with the path as typed, which may hold a number, and run middlewares on it.
        routes = (*self._static_routes, *self._dynamic_routes)
        allowed = sorted({route.method for route in routes if route.rule.match(path)})
        if allowed:
            return self._refuse(MethodNotAllowed(method, allowed))
        return self._refuse(
            RouteNotFound("There is nothing at this address.", mend="GET /openapi.json lists every address.")
        )

    def _refused(self, event: Mapping[str, Any], wrong: WaypostError | None) -> dict[str, Any] | None:
        try:
            if wrong is not None:
                raise wrong
            check_body(event)
        except WaypostError as error:
            return self._build_response(self._refuse(error))
        return None

    def _refuse(self, error: WaypostError) -> ResponseBuilder[Any]:
        return self._response_builder_class(response=response(error, current().request_id), serializer=self._serializer)
