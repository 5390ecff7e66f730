"""The media server: takes what pages upload, hands out ciphertext to whoever has the path, with trouble on order."""

import asyncio
import base64
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from containers.simulator import media_files, media_trouble
from containers.simulator.control_input import network_of
from containers.simulator.errors import Refused
from containers.simulator.media_trouble import Trouble

CHUNK = 64 * 1024
UPLOADED = "/mms/{kind}/{token}"
KINDS = {"image", "video", "gif", "ptv", "audio", "ptt", "document", "sticker"}


async def upload(request: Request) -> Response:
    network, kind = network_of(request), request.path_params["kind"]
    number = network.media_tokens.get(request.query_params.get("auth", ""))
    if number is None or kind not in KINDS:
        return Response(status_code=401)
    trouble = media_trouble.for_upload(network, number)
    if trouble.cut_after is not None:
        return await _cut_off(request, trouble.cut_after)
    if trouble.status:
        await request.body()
        await media_trouble.pause(network, request, trouble.delay_ms)
        return Response(status_code=trouble.status)
    try:
        direct_path = await media_files.receive(
            network, kind, request.path_params["token"], _slowly(request.stream(), trouble)
        )
    except Refused as no:
        network.journal.refuse(no.reason, number=number)
        raise
    await media_trouble.pause(network, request, trouble.delay_ms)
    network.journal.note("uploaded", number=number, kind=kind)
    url = str(request.base_url).rstrip("/") + direct_path
    return JSONResponse({"url": url, "direct_path": direct_path})


async def _cut_off(request: Request, after: int) -> Response:
    """The line goes dead in the middle of the file."""
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken >= after:
            break
    media_trouble.hang_up(request)
    return Response(status_code=500)  # heard by nobody


async def _slowly(chunks: AsyncIterator[bytes], trouble: Trouble) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if trouble.bytes_per_s:
            await asyncio.sleep(len(chunk) / trouble.bytes_per_s)
        yield chunk


async def download(request: Request) -> Response:
    network = network_of(request)
    row = media_files.row_of(network, request.url.path)
    file = media_files.path_on_disk(network, row)
    asked = request.query_params.get("hash", "").replace("-", "+").replace("_", "/")
    if asked.rstrip("=") != base64.b64encode(bytes.fromhex(row["name"])).decode().rstrip("="):
        return Response(status_code=403)
    trouble = media_trouble.for_download(network, row)
    await media_trouble.pause(network, request, trouble.delay_ms)
    network.journal.note("downloaded", path=row["path"], status=trouble.status or 200)
    if trouble.status:
        return Response(status_code=trouble.status)
    if trouble.is_plain:
        return FileResponse(file, media_type="application/octet-stream")
    headers = {"content-length": str(row["size"])}
    return StreamingResponse(_troubled(request, file.read_bytes(), trouble), headers=headers)


async def _troubled(request: Request, data: bytes, trouble: Trouble) -> AsyncIterator[bytes]:
    if trouble.damaged:
        data = bytes([data[0] ^ 0xFF]) + data[1:]
    step = max(1, trouble.bytes_per_s // 20) if trouble.bytes_per_s else CHUNK
    for start in range(0, len(data), step):
        if trouble.cut_after is not None and start + step > trouble.cut_after:
            yield data[start : max(start, trouble.cut_after)]
            media_trouble.hang_up(request)
            return
        yield data[start : start + step]
        await asyncio.sleep(0.05 if trouble.bytes_per_s else 0)


ROUTES = [
    Route(UPLOADED, upload, methods=["POST"]),
    Route(f"/v/{media_files.FOLDER}/{{name}}", download, methods=["GET"]),
]
