"""The API's description for machines and for people, without a key."""

import json
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from api.addresses import base_path
from api.openapi import TITLE, document
from api.resolver import Router

router = Router()

# What the bundled page says, and what it says here: its name, and where the document is.
_OURS = {
    "<title>Swagger UI</title>": f"<title>{TITLE}</title>",
    'currentUrl.pathname + "?format=json"': 'currentUrl.pathname.replace(/docs\\/*$/, "openapi.json")',
}


@router.get("/openapi.json", include_in_schema=False)
def openapi_json() -> Response[str]:
    return Response(200, "application/json", json.dumps(_described(), ensure_ascii=False))


@router.get("/docs", include_in_schema=False)
def docs() -> Response[str]:
    """Swagger UI as Powertools bundles it, with everything in one page: nothing is fetched from elsewhere."""
    from aws_lambda_powertools.event_handler.openapi import swagger_ui  # late: it costs as much as all else

    bundle = Path(swagger_ui.__file__).parent
    spec = json.dumps(_described(), ensure_ascii=False).replace("</", "<\\/")
    page: str = swagger_ui.generate_swagger_html(
        spec,
        (bundle / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"),
        (bundle / "swagger-ui.min.css").read_text(encoding="utf-8"),
        "",
        None,
        False,
    )
    for theirs, ours in _OURS.items():
        page = page.replace(theirs, ours)
    return Response(200, "text/html; charset=utf-8", page)


def _described() -> dict[str, Any]:
    from api.handler import resolver  # late: the handler imports this file

    return document(resolver, base_path() or "/")
