"""A small client of Waypost: its API with retries, its events as a stream that resumes, and a check for webhooks.

    async with Waypost("https://127.0.0.1:8443", api_key, ca_file=".waypost/tls/ca.pem") as waypost:
        await waypost.send_text(session_id, "+4915112345678", "Your parcel has arrived.")
        await waypost.send_file(session_id, "+4915112345678", "invoice.pdf", "Its invoice")
        async for event in waypost.events(session_id, after=last_place):
            ...

Stands alone: of Waypost it imports nothing but itself.
"""

from waypost.client.bulk import BulkResult, BulkRun, Pool
from waypost.client.consent import ImportedRow, PersonConsents, Template
from waypost.client.errors import BadSignature, ClientError, Refused, StreamEnded, Unreachable
from waypost.client.events import (
    ContactStatus,
    Event,
    MessageReceived,
    MessageSent,
    MessageStatusUpdate,
    Place,
    SessionStatus,
    TypingIndicator,
)
from waypost.client.media import Media
from waypost.client.shapes import Chat, DeadLetter, Delivery, Message, Page, QrCode, Redelivery, Session, Webhook
from waypost.client.signatures import verify_webhook
from waypost.client.waypost import Waypost

__all__ = [
    "BadSignature",
    "BulkResult",
    "BulkRun",
    "Chat",
    "ClientError",
    "ContactStatus",
    "DeadLetter",
    "Delivery",
    "Event",
    "ImportedRow",
    "Media",
    "Message",
    "MessageReceived",
    "MessageSent",
    "MessageStatusUpdate",
    "Page",
    "PersonConsents",
    "Place",
    "Pool",
    "QrCode",
    "Redelivery",
    "Refused",
    "Session",
    "SessionStatus",
    "StreamEnded",
    "Template",
    "TypingIndicator",
    "Unreachable",
    "Waypost",
    "Webhook",
    "verify_webhook",
]
