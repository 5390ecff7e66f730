"""What the linking page says to the person with the phone: for every status a heading, a text and what can be done."""

from dataclasses import dataclass

from waypost.entities.session import Session


@dataclass(frozen=True, slots=True)
class Words:
    """`step` is how far it is (STEPS), None where it goes no further by itself; `again` offers to try once more."""

    step: str | None
    title: str
    text: str
    again: bool = False


STEPS = ("scan", "pair", "passkey", "sync", "linked")

_BY_STATUS: dict[str, Words] = {
    "starting": Words("scan", "One moment", "A browser is being started; the code appears here."),
    "scan_qr": Words(
        "scan",
        "Scan this code",
        "On your phone open WhatsApp, then Settings, Linked devices, Link a device, and point the camera at the code.",
    ),
    "pairing": Words("pair", "Your phone has scanned the code", "Keep WhatsApp open on the phone until this is done."),
    "passkey_required": Words(
        "passkey",
        "WhatsApp asks for a passkey",
        "This cannot be answered here. Tell whoever gave you this link: they finish it in a browser of their own, "
        "with you and your passkey beside them.",
    ),
    "syncing": Words("sync", "Linked. Your chats are being fetched", "You can leave this page and close WhatsApp."),
    "working": Words("linked", "Done: your phone is linked", "You can close this page."),
    "logged_out": Words(None, "The link was ended", "It was ended on the phone, or by whoever runs this.", again=True),
    "banned": Words(None, "WhatsApp has blocked this account", "Only WhatsApp can help: write to its support."),
    "stopped": Words(None, "Linking was stopped", "Somebody stopped it, or it was never started.", again=True),
    "failed": Words(None, "Linking did not work", "Try again, or ask whoever gave you this link.", again=True),
}
_LINKED = ("degraded", "restricted", "asleep")  # what comes after `working` is not this page's business

_BY_REASON: dict[str, Words] = {
    "qr_attempts_exhausted": Words(
        None, "Nobody scanned a code in time", "Have the phone at hand, then try again.", again=True
    ),
    "proxy_unreachable": Words(
        "scan", "The way to WhatsApp is interrupted", "It is tried again by itself; nothing is wrong with your phone."
    ),
}


def words_for(session: Session, *, linked: bool) -> Words:
    """`linked`: the account was linked, so that what is shown does not depend on how it fares from then on."""
    status, reason = session.status, session.reason
    if linked and status != "syncing":
        return _BY_STATUS["working"]
    if reason in _BY_REASON and (status == "starting" or (status == "failed" and session.desired != "running")):
        return _BY_REASON[reason]
    if status in _LINKED:
        return _BY_STATUS["starting"]
    words = _BY_STATUS.get(status, _BY_STATUS["failed"])
    # At rest, but somebody has asked again: a browser is on its way.
    return _BY_STATUS["starting"] if words.again and session.desired == "running" else words
