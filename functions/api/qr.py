"""The code that links an account: as a picture or as text, whichever the caller accepts, and never a dead one."""

import base64
import io
from typing import Literal

from aws_lambda_powertools.event_handler.api_gateway import Response

from api import answers
from api.belongings import own_session
from api.current import current
from api.negotiation import choose
from api.parameters import SessionId
from api.resolver import Router
from api.views import qr_text, shown_code
from waypost import bootstrap
from waypost.domain.event import rfc3339
from waypost.entities.session import QrCode, Session
from waypost.errors import Conflict

router = Router()

# In the order that wins where the caller has no preference: browsers show a PNG.
TYPES = ("image/png", "image/svg+xml", "application/json")


@router.get(
    "/v1/sessions/<session_id>/qr",
    tags=["sessions"],
    summary="Get the code to scan",
    responses={
        200: {
            "description": "The newest code. Dead after `expires_at`: ask again then.",
            "content": {
                "image/png": {"schema": {"type": "string", "format": "binary"}},
                "image/svg+xml": {"schema": {"type": "string"}},
                "application/json": {"model": answers.QrCode},
            },
        }
    },
)
def get(session_id: SessionId) -> Response[str]:
    """`Accept` chooses between PNG (the default), SVG and JSON."""
    session = own_session(session_id)
    wanted = choose(current().header("accept"), TYPES)
    qr = _live_code(session)
    headers = {
        "Cache-Control": "no-store",
        "X-Qr-Sequence": str(qr.sequence),
        "X-Qr-Expires-At": rfc3339(qr.expires_ms),
        "Vary": "Accept",
    }
    answer: Response[str] = Response(200, wanted, _render(wanted, qr_text(session, qr, bootstrap.app()), qr), headers)
    answer.base64_encoded = wanted == "image/png"
    return answer


def _live_code(session: Session) -> QrCode:
    qr = shown_code(session, bootstrap.app())
    if qr is None:
        raise Conflict(
            f"There is no code to scan now: the session is {session.status}.",
            field="session_id",
            mend=_mend(session),
            code="qr_not_available",
        )
    return qr


def _mend(session: Session) -> str:
    if session.status == "scan_qr":
        return "The code is being replaced: ask again in a second."
    if session.me is not None and session.desired == "running":
        return "The account is linked: nothing has to be scanned."
    if session.desired == "running":
        return "The session is on its way: ask again in a few seconds."
    return "Start the session first: POST /v1/sessions/{id}/start."


def _render(wanted: str, text: str, qr: QrCode) -> str:
    """The body; a PNG in base64."""
    if wanted == "application/json":
        expires_at = rfc3339(qr.expires_ms)
        answer = answers.QrCode(code=text, attempt=qr.attempt, sequence=qr.sequence, expires_at=expires_at)
        return answer.model_dump_json()
    if wanted == "image/png":
        return base64.b64encode(picture(text, "png")).decode()
    return picture(text, "svg").decode()


def picture(text: str, kind: Literal["png", "svg"]) -> bytes:
    """The code drawn, dark on white whatever surrounds it."""
    import segno  # late: only pictures need it

    out = io.BytesIO()
    light = {"light": "#fff"} if kind == "svg" else {}
    segno.make_qr(text).save(out, kind=kind, scale=8, border=4, **light)
    return out.getvalue()
