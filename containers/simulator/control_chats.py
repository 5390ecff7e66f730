"""The control API's part for chats: what a person reads, writes, mends and takes back on a phone."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from containers.simulator import (
    accounts,
    contacts,
    edits,
    groups,
    history,
    messages,
    outgoing,
    presence,
    receipts,
    votes,
)
from containers.simulator.control_input import body_of, chat_in, field, network_of, number_in, numbers_in
from containers.simulator.errors import BadRequest
from containers.simulator.messages import Draft


async def send(request: Request) -> JSONResponse:
    network, number, body = network_of(request), _phone(request), await body_of(request)
    reply_to, content = body.get("reply_to"), outgoing.content_of(network, body)
    draft = Draft(
        sender=number,
        to=chat_in(network, field(body, "to")),
        id=messages.new_id(),
        text=str(body.get("text") or "") if content else field(body, "text"),
        quoted_id=plain_id(str(reply_to)) if reply_to else None,
        via="phone",
        mentions=tuple(numbers_in(network, body, "mentions")),
        content=content,
    )
    return JSONResponse({"id": draft.id, "t": messages.send_from_phone(network, draft)}, 201)


def _phone(request: Request) -> str:
    number: str = request.path_params["number"]
    if not accounts.get(network_of(request), number).online:
        raise BadRequest("phone_offline", "the phone is offline")
    return number


def plain_id(message_id: str) -> str:
    """The plain id, also from the `true_<chat>_<id>` form in which a page names messages."""
    return message_id.split("_")[2 if "_" in message_id else 0]


async def conversation(request: Request) -> JSONResponse:
    peer = request.query_params.get("with")
    return JSONResponse(
        history.conversation(network_of(request), request.path_params["number"], number_in(peer) if peer else None)
    )


async def change_message(request: Request) -> JSONResponse:
    """Edit, revoke, react, vote and play: the last part of the path says which."""
    network, number, body = network_of(request), _phone(request), await body_of(request)
    chat = chat_in(network, field(body, "with"))
    row = edits.find(network, number, chat, plain_id(field(body, "id")))
    what = request.url.path.rsplit("/", 1)[1]
    if what == "edit":
        done = edits.edit(network, number, row, field(body, "text"), "phone")
    elif what == "played":
        done = row["id"]
        receipts.played(network, number, row)
    elif what == "vote":
        done = votes.cast(network, number, row, [str(one) for one in body.get("options") or []], "phone")
    elif what == "revoke":
        done = edits.revoke(network, number, row, "phone")
    else:
        done = edits.react(network, number, row, str(body.get("emoji") or ""), "phone")
    return JSONResponse({"id": done})


async def read(request: Request) -> JSONResponse:
    network = network_of(request)
    chat = chat_in(network, field(await body_of(request), "with"))
    receipts.read_chat(network, request.path_params["number"], chat)
    return JSONResponse({})


async def typing(request: Request) -> JSONResponse:
    network, body = network_of(request), await body_of(request)
    chat = chat_in(network, field(body, "to"))
    presence.typing(network, request.path_params["number"], chat, field(body, "state"), via="phone")
    return JSONResponse({})


async def set_presence(request: Request) -> JSONResponse:
    state = field(await body_of(request), "state")
    presence.phone_presence(network_of(request), request.path_params["number"], state)
    return JSONResponse({})


async def list_groups(request: Request) -> JSONResponse:
    network, number = network_of(request), request.path_params["number"]
    accounts.get(network, number)
    return JSONResponse([groups.describe(network, group, number) for group in groups.of_member(network, number)])


async def create_group(request: Request) -> JSONResponse:
    network, number, body = network_of(request), _phone(request), await body_of(request)
    group = groups.create(network, number, field(body, "subject"), numbers_in(network, body, "participants"))
    return JSONResponse(groups.describe(network, group, number), 201)


async def rename_group(request: Request) -> JSONResponse:
    network, number, group = network_of(request), _phone(request), request.path_params["group"]
    groups.rename(network, group, number, field(await body_of(request), "subject"))
    return JSONResponse(groups.describe(network, group, number))


async def change_group(request: Request) -> JSONResponse:
    network, number, body = network_of(request), _phone(request), await body_of(request)
    group = request.path_params["group"]
    numbers = numbers_in(network, body, "participants")
    codes = groups.change(network, group, number, field(body, "action"), numbers)
    return JSONResponse({"codes": codes, **groups.describe(network, group, number)})


async def list_contacts(request: Request) -> JSONResponse:
    return JSONResponse(contacts.listing(network_of(request), request.path_params["number"]))


async def save_contact(request: Request) -> JSONResponse:
    network, number, body = network_of(request), request.path_params["number"], await body_of(request)
    accounts.get(network, number)
    contacts.save(network, number, number_in(field(body, "number")), field(body, "name"))
    return JSONResponse(contacts.listing(network, number))


ACCOUNT = "/control/accounts/{number}"
ROUTES = [
    Route(f"{ACCOUNT}/messages", send, methods=["POST"]),
    Route(f"{ACCOUNT}/messages", conversation, methods=["GET"]),
    Route(f"{ACCOUNT}/messages/edit", change_message, methods=["POST"]),
    Route(f"{ACCOUNT}/messages/revoke", change_message, methods=["POST"]),
    Route(f"{ACCOUNT}/messages/react", change_message, methods=["POST"]),
    Route(f"{ACCOUNT}/messages/played", change_message, methods=["POST"]),
    Route(f"{ACCOUNT}/messages/vote", change_message, methods=["POST"]),
    Route(f"{ACCOUNT}/read", read, methods=["POST"]),
    Route(f"{ACCOUNT}/typing", typing, methods=["POST"]),
    Route(f"{ACCOUNT}/presence", set_presence, methods=["POST"]),
    Route(f"{ACCOUNT}/groups", list_groups, methods=["GET"]),
    Route(f"{ACCOUNT}/groups", create_group, methods=["POST"]),
    Route(ACCOUNT + "/groups/{group}", rename_group, methods=["PATCH"]),
    Route(ACCOUNT + "/groups/{group}/participants", change_group, methods=["POST"]),
    Route(f"{ACCOUNT}/contacts", list_contacts, methods=["GET"]),
    Route(f"{ACCOUNT}/contacts", save_contact, methods=["POST"]),
]
