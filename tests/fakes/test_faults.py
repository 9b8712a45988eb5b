"""The faults themselves: each reaches the caller as it would on a real wire, and as often as the script says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests.fakes.faults import Fault, Rule, Script, fault_routes, play, serving


@dataclass
class Tiny:
    """A platform with one call, ``send``."""

    url: str = ""
    script: Script = field(default_factory=Script)
    done: int = 0


@pytest.fixture
async def tiny() -> AsyncIterator[Tiny]:
    fake = Tiny()
    app = FastAPI()
    app.include_router(fault_routes(fake.script))

    @app.post("/send")
    async def send(request: Request) -> Response:
        async def do() -> Response:
            fake.done += 1
            return JSONResponse({"id": str(fake.done)})

        def refusal(rule: Rule) -> Response:
            return JSONResponse(
                {"error": rule.fault}, 429, {"Retry-After": str(rule.retry_after_s)}
            )  # fmt: skip

        return await play(fake.script, "send", request, do, refusal)

    async with serving(app) as url:
        fake.url = url
        yield fake


async def _send(tiny: Tiny, read_timeout: float = 0.3) -> httpx.Response:
    async with httpx.AsyncClient(timeout=httpx.Timeout(5, read=read_timeout)) as client:
        return await client.post(tiny.url + "/send", json={})


@pytest.mark.parametrize(
    ("fault", "error", "done"),
    [
        (Fault.TIMEOUT_BEFORE, httpx.ReadTimeout, 0),
        (Fault.TIMEOUT_AFTER, httpx.ReadTimeout, 1),
        (Fault.RESET, httpx.ReadError, 0),
        (Fault.RESET_AFTER, httpx.ReadError, 1),
    ],
)
async def test_faults_of_the_wire(tiny: Tiny, fault: Fault, error: type[Exception], done: int) -> None:
    tiny.script.add("send", fault)
    with pytest.raises(error):
        await _send(tiny)
    assert tiny.done == done
    assert (await _send(tiny)).status_code == 200, "one fault is one fault"


async def test_answers_that_are_late_or_rubbish(tiny: Tiny) -> None:
    tiny.script.add("send", Fault.MALFORMED)
    with pytest.raises(ValueError):
        (await _send(tiny)).json()
    tiny.script.add("send", Fault.BAD_GATEWAY)
    assert (await _send(tiny)).status_code == 502
    tiny.script.add("send", Fault.SLOW, delay_s=0.2)
    assert (await _send(tiny, read_timeout=2)).json() == {"id": "2"}


async def test_orders_come_by_http_as_well(tiny: Tiny) -> None:
    async with httpx.AsyncClient(base_url=tiny.url) as client:
        order = {"operation": "send", "fault": "rate_limited", "times": 2, "retry_after_s": 7}
        await client.post("/_control/faults", json=[order])
        answers = [await client.post("/send") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [429, 429, 200]
        assert answers[0].headers["retry-after"] == "7.0"
        assert (await client.get("/_control/faults")).json()[0]["fired"] == 2
        assert (await client.post("/_control/faults", json={"clear": True})).json() == []
        assert (await client.post("/_control/faults", json={"fault": "no_such"})).status_code == 422
    assert tiny.script.played["send", Fault.RATE_LIMITED] == 2


def test_a_ratio_is_drawn_the_same_way_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        script = Script()
        script.add("send", Fault.SERVER_ERROR, ratio=0.05, seed=seed)
        return [script.draw("send") is not None for _ in range(2000)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 60 < sum(drawn(1)) < 140
    with pytest.raises(ValueError):
        Script().add("send", Fault.RESET, ratio=1.5)


def test_any_operation_and_clearing() -> None:
    script = Script()
    script.add("*", Fault.RESET, times=2)
    script.add("send", Fault.SLOW)
    first = script.draw("comment")
    assert first is not None
    assert first.fault is Fault.RESET
    script.clear("*")
    second = script.draw("send")
    assert second is not None
    assert second.fault is Fault.SLOW
    assert script.draw("send") is None
