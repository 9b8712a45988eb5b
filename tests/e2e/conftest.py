"""The real product and a real browser. On failure every page is photographed into ``test-results/``."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from gateway.seed import DEMO_PASSWORD
from gateway.settings import ROOT
from tests.browser import launch

from .people import Citizen, Staff
from .product import Product

_FAILED = pytest.StashKey[bool]()
#: Chrome's own line for a request that fails or is refused: tests provoke these.
_EXPECTED_NOISE = ("WebSocket connection to", "Failed to load resource", "net::ERR_")

# The machine that runs this may be small and busy; a condition that is met at once waits for nothing.
expect.set_options(timeout=30_000)

NewContext = Callable[..., BrowserContext]
NewCitizen = Callable[..., Citizen]
NewStaff = Callable[..., Staff]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Training, starting and killing the product takes longer than a test of a part."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes a failure, so that the fixtures can photograph it."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture(scope="package")
def product(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Rasa and the gateway, running."""
    product = Product.prepare(tmp_path_factory.mktemp("product"), template)
    try:
        product.start()
        yield product
    finally:
        product.stop()


@pytest.fixture(scope="module")
def browser(product: Product) -> Iterator[Browser]:
    """A browser for the module. Closed before other modules run loops of their own."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def sessions() -> dict[str, StorageState]:
    """Sessions of staff who have signed in before, so that each signs in once."""
    return {}


@pytest.fixture
def new_context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[NewContext]:
    """Makes browsers with nothing stored; fails the test on any error that a page reports."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda message: (
                problems.append(message.text)
                if message.type == "error" and not message.text.startswith(_EXPECTED_NOISE)
                else None
            ),
        )

    def make(**options: Any) -> BrowserContext:
        options = {
            "viewport": {"width": 1280, "height": 860},
            "locale": "lv-LV",
            "timezone_id": "Europe/Riga",
            "reduced_motion": "reduce",
            **options,
        }
        context = browser.new_context(**options)
        context.set_default_timeout(30_000)
        context.on("page", watch)
        contexts.append(context)
        return context

    yield make
    if request.node.stash.get(_FAILED, False):
        _photograph(request.node.name, contexts)
    for context in contexts:
        context.close()
    assert problems == []


def _photograph(test: str, contexts: list[BrowserContext]) -> None:
    folder = ROOT / "test-results" / "e2e"
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w-]+", "-", test)
    pages = [page for context in contexts for page in context.pages]
    for number, page in enumerate(pages, 1):
        with contextlib.suppress(PlaywrightError):
            page.screenshot(path=folder / f"{name}-{number}.png")


@pytest.fixture
def new_citizen(new_context: NewContext, product: Product) -> NewCitizen:
    """Makes citizens: ``new_citizen(**options of the browser)``."""

    def make(**options: Any) -> Citizen:
        return Citizen(new_context(**options).new_page(), product.url)

    return make


@pytest.fixture
def new_staff(new_context: NewContext, product: Product, sessions: dict[str, StorageState]) -> NewStaff:
    """Makes staff at the console, signed in: ``new_staff("anna", **options of the browser)``."""

    def make(email: str, **options: Any) -> Staff:
        options = {"viewport": {"width": 1440, "height": 900}, "storage_state": sessions.get(email), **options}
        staff = Staff(new_context(**options).new_page(), product.url, email).sign_in()
        sessions.setdefault(email, staff.context.storage_state())
        return staff

    return make


@pytest.fixture(scope="package")
def desks(product: Product) -> Iterator[list[httpx.Client]]:
    """The operators' API, to finish what a test left unfinished."""
    clients = []
    for name in ("anna", "janis"):
        client = httpx.Client(base_url=f"{product.url}/console/api", timeout=30)
        answer = client.post("/login", json={"email": f"{name}@demo.lv", "password": DEMO_PASSWORD}).raise_for_status()
        client.headers["x-csrf-token"] = answer.json()["csrf"]
        clients.append(client)
    yield clients
    for client in clients:
        client.close()


@pytest.fixture(autouse=True)
def _empty_queue(new_context: NewContext, desks: list[httpx.Client]) -> Iterator[None]:
    """Nobody waits and nothing is unfinished when the next test begins."""
    yield
    for desk in desks:
        for card in desk.get("/snapshot").raise_for_status().json()["conversations"]:
            path = f"/conversations/{card['id']}"
            for step in ("accept", "take", "close"):
                card = desk.get(path).raise_for_status().json()["card"]
                if step in card["may"]:
                    end = {"topic": "other", "outcome": "resolved"} if step == "close" else {}
                    desk.post(f"{path}/{step}", json={"version": card["version"], **end}).raise_for_status()
