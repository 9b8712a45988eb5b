"""For the tests of the pages on channel accounts and publications: more people and accounts, and rows as workers leave them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect, sync_playwright
from sqlalchemy import select, update

from gateway.seed import DEMO_PASSWORD
from handoff.channels.models import ChannelAccount
from handoff.staff.models import Staff as StaffRow
from handoff.staff.passwords import hash_password
from kit.db import Base
from tests.browser import launch
from tests.fakes.graph_world import PAGE_IDS
from tests.fakes.telegram import DEMO_BOTS
from tests.fakes.x import DEMO_ACCOUNTS

from .conftest import NewContext
from .people import Staff, assert_accessible
from .social import SocialStage

#: Beside the people of the demo: e-mail, name, role.
_MORE_STAFF = (("zane@demo.lv", "Zane Ābola", "editor"), ("karlis@demo.lv", "Kārlis Vanags", "supervisor"))
#: The platforms' own ids of accounts that the stand-ins know and the stage has not connected.
SPARE = {"facebook": PAGE_IDS[1], "x": DEMO_ACCOUNTS[1][0], "telegram": DEMO_BOTS[1][0]}

OpenConsole = Callable[..., Staff]


class AccountsStage(SocialStage):
    """The stage of the social channels, with an editor and a second supervisor."""

    def start(self) -> AccountsStage:
        """Starts everything."""
        super().start()
        #: Sessions of staff who have signed in before: each signs in once.
        self.sessions: dict[str, StorageState] = {}
        self._clients: dict[str, httpx.Client] = {}
        hashed = hash_password(DEMO_PASSWORD)
        for email, name, role in _MORE_STAFF:
            row = StaffRow(id=str(uuid.uuid4()), email=email, name=name, role=role, password_hash=hashed)
            row.languages = ["lv"]
            self.add(row)
        return self

    def credentials(self, channel: str) -> dict[str, str]:
        """What an administrator enters for the spare account of a channel."""
        found: dict[str, str] = getattr(self.fake(channel), "credentials")(SPARE[channel])  # noqa: B009
        return found

    def add_spare(self, channel: str, **values: Any) -> str:
        """The spare account, straight into the database, as if it had been looked after just now; our id of it."""
        now = self.stage.clock.now()
        row = ChannelAccount(
            **{
                "id": str(uuid.uuid4()),
                "channel": channel,
                "platform_id": SPARE[channel],
                "name": f"Otrs konts ({channel})",
                "institution_id": "vsaa",
                "credentials": self.stage.gateway.channels.vault.seal(self.credentials(channel)),
                "settings": {"comment_policy": "never", "base_url": getattr(self.fake(channel), "url")},  # noqa: B009
                "enabled": True,
                "polled_at": now,
                "checked_at": now,
                "created_at": now - timedelta(days=90),
                **values,
            }
        )
        return str(self.add(row))

    def add(self, row: Base) -> Any:
        """Puts a row into the database; its id."""

        async def work() -> Any:
            async with self.stage.gateway.db.unit() as unit:
                unit.session.add(row)
                await unit.session.flush()
                return row.id  # type: ignore[attr-defined]

        return self.run(work())

    def change_account(self, account_id: str, **values: Any) -> None:
        """Changes an account as a worker would."""

        async def work() -> None:
            async with self.stage.gateway.db.unit() as unit:
                statement = update(ChannelAccount).where(ChannelAccount.id == account_id)
                await unit.session.execute(statement.values(**values))

        self.run(work())

    def remove[Row: Base](self, kind: type[Row], **where: Any) -> None:
        """Takes rows out of the database again."""

        async def work() -> None:
            async with self.stage.gateway.db.unit() as unit:
                for row in await unit.session.scalars(select(kind).filter_by(**where)):
                    await unit.session.delete(row)

        self.run(work())

    def rows[Row: Base](self, kind: type[Row]) -> list[Row]:
        """All rows of a table."""

        async def work() -> list[Row]:
            async with self.stage.gateway.db.read() as session:
                return list(await session.scalars(select(kind)))

        found: list[Row] = self.run(work())
        return found

    def api(self, who: str) -> httpx.Client:
        """The console's API for somebody who is at no browser."""
        if who not in self._clients:
            client = httpx.Client(base_url=f"{self.url}/console/api", timeout=30)
            me = client.post("/login", json={"email": f"{who}@demo.lv", "password": DEMO_PASSWORD}).raise_for_status()
            client.headers["x-csrf-token"] = me.json()["csrf"]
            self._clients[who] = client
        return self._clients[who]

    def stop(self) -> None:
        """Ends everything."""
        for client in self._clients.values():
            client.close()
        super().stop()


def tab_to(page: Page, goal: Locator, key: str = "Tab") -> None:
    """Goes on with the keyboard until ``goal`` has the focus.

    Raises:
        AssertionError: it is not reached.
    """
    for _ in range(120):
        if goal.evaluate("it => it === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{goal} is not reached with {key}")


def assert_error_at(field: Locator, text: str) -> None:
    """The field is marked, and what is wrong with it is read with it."""
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(text))


def assert_fits(page: Page, where: str) -> None:
    """Nothing for axe to find, and nothing wider than the screen."""
    assert_accessible(page, where)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{where}: {wide} px wider than the screen"


# --- fixtures: a test module names them, in place of those that start the whole product ------------------------------------


@pytest.fixture(scope="module")
def social(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountsStage]:
    """Gateway and platforms, for a module."""
    social = AccountsStage(tmp_path_factory.mktemp("social"), template)
    social.start()
    yield social
    social.stop()


@pytest.fixture(scope="module")
def browser(social: AccountsStage) -> Iterator[Browser]:
    """A browser for the module."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _empty_queue() -> None:
    """Nobody waits for an operator here."""


@pytest.fixture
def open_console(new_context: NewContext, social: AccountsStage) -> OpenConsole:
    """Opens the console for somebody: ``open_console("admin", "channels", **options of the browser)``."""

    def make(who: str, page: str = "", **options: Any) -> Staff:
        options = {"viewport": {"width": 1440, "height": 900}, "storage_state": social.sessions.get(who), **options}
        staff = Staff(new_context(**options).new_page(), social.url, who).sign_in()
        social.sessions.setdefault(who, staff.context.storage_state())
        if page:
            staff.page.goto(f"{social.url}/console#/{page}")
        return staff

    return make
