"""A stub server and a real Chromium for the widget's tests."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser import launch

from .stub_server import Stub

# Chrome's own log line for a failed socket or request is what the fault tests provoke; it is no fault of the widget.
EXPECTED_NOISE = ("WebSocket connection to", "Failed to load resource", "net::ERR_")

type OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of the tests. Closed before other modules run loops of their own."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A fresh server on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with Stub(port) as server:
        yield server


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A citizen's browser with nothing stored."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 860}, locale="lv-LV", timezone_id="Europe/Riga", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def visit(context: BrowserContext, stub: Stub) -> Iterator[OpenPage]:
    """Open the demonstration page; fail the test on any error the page reports."""
    problems: list[str] = []

    def go(path: str = "/demo/", *, open_chat: bool = True, on: Any = None) -> Page:
        page = (on or context).new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda message: (
                problems.append(message.text)
                if message.type == "error" and not message.text.startswith(EXPECTED_NOISE)
                else None
            ),
        )
        page.goto(f"{stub.url}{path}")
        if open_chat:
            page.locator(".launcher").click()
            page.locator(".choice").first.wait_for()
        return page

    yield go
    assert problems == []
