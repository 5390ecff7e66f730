"""Webhook endpoints: where events are posted to, signed by the Standard Webhooks scheme."""

from aws_lambda_powertools.event_handler.api_gateway import Response

from api.answers import Webhook, Webhooks, WebhookTest, WebhookWithSecret
from api.belongings import own_session, own_webhook
from api.current import current
from api.endpoints import change, chosen, register, try_out, workshop
from api.parameters import WebhookId
from api.resolver import Router
from api.schemas import NewWebhook, WebhookChange
from api.webhook_views import new_secret_view, webhook_view
from waypost import bootstrap
from waypost.entities.webhook import delete_endpoint, list_endpoints
from waypost.services.webhook_endpoints import finish_rotation, rotate_secret

router = Router()
_TAGS = ["webhooks"]


@router.post("/v1/webhooks", status_code=201, tags=_TAGS, summary="Create a webhook")
def create(body: NewWebhook) -> WebhookWithSecret:
    """The answer holds the secret that signs every post. It is not shown again."""
    app, call = bootstrap.app(), current()
    session = own_session(body.session_id).id if body.session_id is not None else None
    endpoint, secret = register(
        call.make_id("whk"), tenant=call.tenant, url=body.url, events=chosen(body.events), session=session, app=app
    )
    return new_secret_view(endpoint, secret, app)


@router.get("/v1/webhooks", tags=_TAGS, summary="List webhooks")
def list_all() -> Webhooks:
    app = bootstrap.app()
    endpoints = list_endpoints(app.table, current().tenant)
    return Webhooks(webhooks=[webhook_view(endpoint, app) for endpoint in endpoints])


@router.get("/v1/webhooks/<webhook_id>", tags=_TAGS, summary="Get a webhook")
def get(webhook_id: WebhookId) -> Webhook:
    """With what it is still owed, since when, and how the latest posts went."""
    return webhook_view(own_webhook(webhook_id), bootstrap.app())


@router.patch("/v1/webhooks/<webhook_id>", tags=_TAGS, summary="Change a webhook")
def patch(webhook_id: WebhookId, body: WebhookChange) -> Webhook:
    """What is left out stays. Pausing it (`enabled` false) moves what it is owed to its dead letters; what happens
    while it is disabled, by you or because it answered 410, is posted once it is enabled again."""
    app = bootstrap.app()
    return webhook_view(change(own_webhook(webhook_id), body, app), app)


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


@router.post("/v1/webhooks/<webhook_id>/rotate-secret", tags=_TAGS, summary="Begin to change a webhook's secret")
def rotate(webhook_id: WebhookId) -> WebhookWithSecret:
    """Gives a new secret, which is not shown again. Every post bears both signatures until you finish, or for 24 h:
    give your receiver the new secret meanwhile."""
    app, rotation = bootstrap.app(), current().make_id("cmd")
    endpoint, secret = rotate_secret(own_webhook(webhook_id), rotation, workshop(app))
    return new_secret_view(endpoint, secret, app)


@router.post(
    "/v1/webhooks/<webhook_id>/rotate-secret/finish", tags=_TAGS, summary="Finish to change a webhook's secret"
)
def finish(webhook_id: WebhookId) -> Webhook:
    """From now on only the newer secret signs. Harmless when there is only one."""
    app = bootstrap.app()
    return webhook_view(finish_rotation(own_webhook(webhook_id), workshop(app)), app)
