"""Whether the API can reach its table: for load balancers and people, without a key."""

from api.answers import Health
from api.openapi import VERSION
from api.resolver import Router
from waypost import bootstrap
from waypost.ports import Key

router = Router()


@router.get("/v1/health", tags=["service"], summary="Say whether the API works")
def health() -> Health:
    """Reads the table. 503 when that fails."""
    app = bootstrap.app()
    app.table.get(Key("HEALTH", "-"))
    return Health(status="ok", version=VERSION, engine=app.settings.engine)
