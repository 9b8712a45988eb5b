"""How files come in and go out over HTTP, for both doors: the widget's and the console's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from handoff.attachments.service import Outgoing
from kit.errors import PieturaError

#: The header that tells a file's name, percent-encoded: addresses stand in the logs of proxies, headers do not.
NAME_HEADER: Final = "x-pietura-name"
#: Whoever sends nothing for so long has gone.
_SILENCE_S: Final = 30.0


def name_of(request: Request) -> str:
    """The name that the sender gives the file; empty when there is none."""
    return unquote(request.headers.get(NAME_HEADER, ""))[:500]


def declared_size(request: Request) -> int | None:
    """Bytes that the sender announces; None when he does not."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdigit() else None


async def chunks_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes in.

    Raises:
        PieturaError: ``upload_broken``: the sender is gone, or silent for half a minute.
    """
    stream = request.stream()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), _SILENCE_S)
        except StopAsyncIteration:
            return
        except (ClientDisconnect, TimeoutError):
            raise PieturaError("upload_broken") from None
        yield chunk


async def swallow(request: Request, most: int) -> None:
    """Reads on, up to ``most`` bytes: a browser that still sends hears no refusal before it is done."""
    try:
        async for chunk in chunks_of(request):
            most -= len(chunk)
            if most < 0:
                return
    except (PieturaError, RuntimeError):
        # It is gone, or was read to its end before.
        return


def response(file: Outgoing, *, inline: bool) -> StreamingResponse:
    """The file for a browser. Only a picture is ever shown in place; everything else is saved, and whatever somebody makes of the
    address, nothing in it runs."""
    shown = inline and file.image
    headers = {
        "content-length": str(file.size),
        "content-disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(file.name, safe='')}",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    media_type = "text/plain; charset=utf-8" if file.type == "text/plain" else file.type
    return StreamingResponse(file.chunks, headers=headers, media_type=media_type)
