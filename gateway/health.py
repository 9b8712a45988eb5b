"""Health: a page for people, JSON for machines. Every figure is asked at that moment."""

from __future__ import annotations

import asyncio
import html
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import func, select

from handoff.channels import repository as platforms
from handoff.channels.models import InboundEventRow, OutboxRow
from handoff.conversations.models import Conversation, Turn
from handoff.level2 import repository as mails
from handoff.state_machine import WAITING
from kit.clock import iso

if TYPE_CHECKING:
    from gateway.app import Gateway

log = structlog.get_logger(__name__)
_LIMIT_S = 4.0
_MB = 1024 * 1024


class Health:
    """How the parts are doing."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._started = time.monotonic()

    def router(self) -> APIRouter:
        """``/health`` (page or JSON, by what is asked for) and ``/health/live`` (the process answers)."""
        router = APIRouter()
        router.add_api_route("/health", self._health, methods=["GET"])
        router.add_api_route("/health/live", self._live, methods=["GET"])
        router.add_api_route("/health/style.css", _style, methods=["GET"], include_in_schema=False)
        return router

    async def _live(self) -> dict[str, Any]:
        return {"ok": True, "pid": os.getpid()}

    async def _health(self, request: Request) -> Response:
        parts = await self.parts()
        ok = all(part["ok"] for part in parts.values())
        status = 200 if ok else 503
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(
                self._page(parts, ok),
                status,
                headers={"content-security-policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'"},
            )
        return JSONResponse({"ok": ok, "at": iso(self._gateway.clock.now()), "parts": parts}, status)

    async def parts(self) -> dict[str, dict[str, Any]]:
        """Each part with ``ok`` and its figures."""
        gateway = self._gateway
        database, rasa, encoder, work, inbox, delivery, channels, mail, disk = await asyncio.gather(
            _check(gateway.db.ping()),
            _check(self._rasa()),
            _check(self._encoder()),
            _check(self._work()),
            _check(self._inbox()),
            _check(self._delivery()),
            _check(self._channels()),
            _check(self._mail()),
            _check(self._disk()),
        )
        channel, clocks = gateway.webchat.health(), gateway.clock_watch.rounds
        return {
            "database": {**database, "kind": gateway.db.dialect},
            "rasa": rasa,
            "encoder": encoder,
            "bus": {"ok": gateway.bus.connected, "kind": "redis" if gateway.settings.redis_url else "in process"},
            "webchat": {"ok": channel.ok, **channel.figures},
            "console": {"ok": True, "sockets": len(gateway.console_feed)},
            "work": work,
            "inbox": inbox,
            "delivery": delivery,
            "channels": channels,
            "mail": mail,
            "sweep": {"ok": gateway.sweep.last_error is None, "last_error": gateway.sweep.last_error},
            "router": {"ok": gateway.router.last_error is None, "last_error": gateway.router.last_error},
            "clocks": {"ok": clocks.last_error is None, "last_error": clocks.last_error},
            "publisher": {"ok": gateway.publisher.last_error is None, "last_error": gateway.publisher.last_error},
            "knowledge": {
                "ok": gateway.knowledge_watch.last_error is None,
                "revision": gateway.knowledge.revision,
                "last_error": gateway.knowledge_watch.last_error,
            },
            "tasks": gateway.background(),
            "spelling": {"ok": gateway.spelling.well},
            "disk": disk,
            **({"backups": await _check(self._backups())} if gateway.settings.backups_dir is not None else {}),
            "gateway": {"ok": True, "pid": os.getpid(), "up_s": round(time.monotonic() - self._started)},
        }

    async def _rasa(self) -> dict[str, Any]:
        started = time.monotonic()
        if not await self._gateway.rasa.alive():
            raise RuntimeError(self._gateway.rasa.last_error or "no answer")
        return {"ms": round((time.monotonic() - started) * 1000, 1)}

    async def _encoder(self) -> dict[str, Any]:
        started = time.monotonic()
        vector = await self._gateway.knowledge.vector("labdien")
        if vector is None or not vector.any():
            raise RuntimeError("no sentence vectors")
        return {"ms": round((time.monotonic() - started) * 1000, 1)}

    async def _disk(self) -> dict[str, Any]:
        """Free space where the data lie: a database that cannot write loses what citizens say."""
        folder = self._gateway.settings.data_dir
        usage = await asyncio.to_thread(shutil.disk_usage, folder)
        free = usage.free // _MB
        least = self._gateway.settings.disk_free_mb
        if free < least:
            raise RuntimeError(f"{free} MB free, less than {least}")
        return {"free_mb": free, "free_percent": 100 * usage.free // usage.total}

    async def _backups(self) -> dict[str, Any]:
        """The age of the newest file where backups are put, if that is told to us."""
        folder = self._gateway.settings.backups_dir
        newest = await asyncio.to_thread(_newest, folder) if folder is not None else None
        if newest is None:
            raise RuntimeError("no backup")
        hours = round((time.time() - newest) / 3600, 1)
        if hours > self._gateway.settings.backup_max_hours:
            raise RuntimeError(f"the newest backup is {hours} hours old")
        return {"hours_old": hours}

    async def _work(self) -> dict[str, Any]:
        async with self._gateway.db.read() as session:
            waiting = await session.scalar(
                select(func.count()).select_from(Conversation).where(Conversation.state.in_([*WAITING]))
            )
            oldest = await session.scalar(
                select(func.min(Conversation.waiting_since)).where(Conversation.state.in_([*WAITING]))
            )
            unanswered = await session.scalar(select(func.count()).select_from(Turn).where(Turn.done_at.is_(None)))
        return {"waiting": waiting, "oldest_waiting_since": iso(oldest), "turns_open": unanswered}

    async def _inbox(self) -> dict[str, Any]:
        if self._gateway.inbox.last_error is not None:
            raise RuntimeError(self._gateway.inbox.last_error)
        async with self._gateway.db.read() as session:
            counts = await platforms.counts_by_account(session, InboundEventRow, ("new", "waiting", "dead"))
            oldest = await platforms.oldest_unfinished(session)
        return {**_summed(counts, ("new", "waiting", "dead")), "oldest_since": iso(oldest)}

    async def _delivery(self) -> dict[str, Any]:
        if self._gateway.delivery.last_error is not None:
            raise RuntimeError(self._gateway.delivery.last_error)
        states = (*platforms.PENDING, *platforms.TROUBLED)
        async with self._gateway.db.read() as session:
            return _summed(await platforms.counts_by_account(session, OutboxRow, states), states)

    async def _channels(self) -> dict[str, Any]:
        async with self._gateway.db.read() as session:
            rows = await platforms.accounts(session)
        enabled = [row for row in rows if row.enabled]
        paused = sum(row.paused_reason is not None for row in enabled)
        ill = sum(row.check_result is not None and not row.check_result.get("ok") for row in enabled)
        if self._gateway.watch.last_error is not None:
            raise RuntimeError(self._gateway.watch.last_error)
        # An account that somebody must mend is shown here and on the board; the service itself is well.
        return {"accounts": len(enabled), "paused": paused, "failing_checks": ill}

    async def _mail(self) -> dict[str, Any]:
        watch = self._gateway.level2_watch
        if watch.last_error is not None:
            raise RuntimeError(watch.last_error)
        async with self._gateway.db.read() as session:
            counts = await mails.counts(session)
        # A mail server that is away is shown, and keeps no citizen waiting: the service itself is well.
        figures = {name: counts[name] for name in ("queued", "sending", "failed")}
        return {"on": watch.sends, **figures, "last_problem": watch.last_problem}

    def _page(self, parts: dict[str, dict[str, Any]], ok: bool) -> str:
        text = self._gateway.texts.text
        rows = []
        for name, part in parts.items():
            figures = ", ".join(f"{key}: {value}" for key, value in part.items() if key != "ok" and value is not None)
            state = text("lv", "health.ok" if part["ok"] else "health.bad")
            rows.append(
                f'<tr class="{"ok" if part["ok"] else "bad"}"><th scope="row">{html.escape(text("lv", f"health.{name}"))}'
                f"</th><td>{html.escape(state)}</td><td>{html.escape(figures)}</td></tr>"
            )
        title = text("lv", "health.all_ok" if ok else "health.not_ok")
        heads = "".join(f'<th scope="col">{html.escape(text("lv", key))}</th>' for key in _HEADS)
        return (
            '<!doctype html><html lang="lv"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>Pietura – {html.escape(title)}</title>"
            '<link rel="stylesheet" href="/health/style.css"></head><body><main>'
            f"<h1>{html.escape(title)}</h1><table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
            "</main></body></html>"
        )


def _summed(counts: dict[str, dict[str, int]], states: tuple[str, ...]) -> dict[str, Any]:
    """Rows in each state, over all accounts."""
    return {state: sum(one.get(state, 0) for one in counts.values()) for state in states}


_HEADS = ("health.part", "health.state", "health.figures")


def _newest(folder: Path) -> float | None:
    return max((one.stat().st_mtime for one in folder.iterdir() if one.is_file()), default=None)


async def _check(coroutine: Any) -> dict[str, Any]:
    try:
        figures = await asyncio.wait_for(coroutine, _LIMIT_S)
    except Exception as error:
        log.warning("health check failed", error=repr(error))
        return {"ok": False, "error": str(error) or type(error).__name__}
    return {"ok": True, **(figures or {})}


async def _style() -> Response:
    return Response(_CSS, media_type="text/css", headers={"cache-control": "public, max-age=300"})


_CSS = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; padding: 2rem 1rem; }
main { max-width: 56rem; margin: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .6rem .8rem; border-bottom: 1px solid #8884; vertical-align: top;
  overflow-wrap: anywhere; }
tr.ok td:nth-child(2)::before { content: "✓ "; }
tr.bad td:nth-child(2)::before { content: "✗ "; }
tr.bad td:nth-child(2) { font-weight: 700; color: #b00020; }
@media (prefers-color-scheme: dark) { tr.bad td:nth-child(2) { color: #ff8a9b; } }
"""
