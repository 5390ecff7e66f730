"""Webhook endpoints: where events are posted to, signed by the Standard Webhooks scheme."""

from aws_lambda_powertools.event_handler.api_gateway import Response

from api.answers import Webhooks, WebhookTest, WebhookWithSecret
from api.belongings import own_session, own_webhook
from api.current import current
from api.endpoints import destination_of, register, try_out
from api.parameters import WebhookId
from api.resolver import Router
from api.schemas import NewWebhook
from api.views import new_webhook_view, webhook_view
from waypost import bootstrap
from waypost.entities.webhook import delete_endpoint, list_endpoints
from waypost.services.targets import check_url

router = Router()
_TAGS = ["webhooks"]


@router.post("/v1/webhooks", status_code=201, tags=_TAGS, summary="Create a webhook")
def create(body: NewWebhook) -> WebhookWithSecret:
    """The answer holds the secret that signs every post. It is not shown again."""
    app, call = bootstrap.app(), current()
    check_url(body.url, allow_private=app.settings.allow_private_targets)
    session = own_session(body.session_id).id if body.session_id is not None else None
    events = tuple(dict.fromkeys(body.events or ()))
    endpoint, destination = register(
        call.make_id("whk"), tenant=call.tenant, url=body.url, events=events, session=session, app=app
    )
    return new_webhook_view(endpoint, destination.url, destination.secrets[0])


@router.get("/v1/webhooks", tags=_TAGS, summary="List webhooks")
def list_all() -> Webhooks:
    app = bootstrap.app()
    endpoints = list_endpoints(app.table, current().tenant)
    return Webhooks(webhooks=[webhook_view(endpoint, destination_of(endpoint, app).url) for endpoint in endpoints])


@router.delete("/v1/webhooks/<webhook_id>", status_code=204, tags=_TAGS, summary="Delete a webhook")
def delete(webhook_id: WebhookId) -> Response[None]:
    endpoint = own_webhook(webhook_id)
    delete_endpoint(bootstrap.app().table, endpoint.tenant, endpoint.id)
    return Response(204)


@router.post("/v1/webhooks/<webhook_id>/test", tags=_TAGS, summary="Try a webhook")
def test(webhook_id: WebhookId) -> WebhookTest:
    """Posts one signed event of the type `webhook_test` to the endpoint now, and tells how it answered."""
    test_id = f"evt_test_{current().make_id('cmd').removeprefix('cmd_')}"
    return try_out(own_webhook(webhook_id), test_id=test_id, app=bootstrap.app())
