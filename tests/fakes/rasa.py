"""A stand-in for Rasa: takes what the gateway asks and answers by key words, in the shape of bot/components.

For measuring everything but understanding: the gateway under load is the real one, its client of Rasa too.
``python -m tests.fakes.rasa --port 5006`` serves it as a process.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from tests.fakes.faults import serving
from tests.told import kind_of


class FakeRasa:
    """The server. ``asked``: how many messages it was asked about."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        self.app = FastAPI(title="fake Rasa", openapi_url=None)
        self.app.add_api_route("/", self._alive, methods=["GET"])
        self.app.add_api_route("/webhooks/broker/webhook", self._understand, methods=["POST"])

    @classmethod
    @asynccontextmanager
    async def serve(cls, port: int = 0) -> AsyncIterator[FakeRasa]:
        """Runs in the running loop, on a free port of 127.0.0.1 unless one is given."""
        fake = cls()
        async with serving(fake.app, port) as fake.url:
            yield fake

    async def _alive(self) -> dict[str, str]:
        return {"status": "ok"}

    async def _understand(self, question: dict[str, Any]) -> dict[str, Any]:
        self.asked += 1
        plan, key, aspect, intent, confidence = kind_of(str(question.get("message", "")))
        told = {"name": intent, "confidence": confidence}
        return {
            "plans": [{"plan": plan, "key": key, "aspect": aspect}],
            "intent": told,
            "ranking": [told],
            "service_confidence": 1.0 if plan == "answer_service" else 0.1,
        }


async def _main(port: int) -> None:
    async with FakeRasa.serve(port) as fake:
        print(f"Rasa at {fake.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for Rasa, on loopback.")
    parser.add_argument("--port", type=int, default=5006)
    asyncio.run(_main(parser.parse_args().port))
