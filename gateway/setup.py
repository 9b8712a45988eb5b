"""Sets a database up: schema, knowledge base, first contents. Says what it does; does nothing twice."""

from __future__ import annotations

from collections.abc import Callable

from gateway.migrate import migrate
from gateway.seed import is_seeded, seed, seed_demo
from gateway.settings import Settings
from handoff.channels import repository as platforms
from kit.db import Database, UnitOfWork
from kit.vault import Vault, VaultError
from knowledge_base import importer
from knowledge_base.service import KnowledgeBase

Say = Callable[[str], None]


async def set_up(settings: Settings, say: Say) -> None:
    """Brings everything that ``settings`` names to the state in which the gateway can serve."""
    await migrate(settings.database_url)
    say("database: schema is up to date")
    db = Database(settings.database_url)
    try:
        async with db.unit() as unit:
            report = await importer.import_all(unit.session)
        say(
            f"knowledge base: {report.services.added + report.services.changed} services and"
            f" {report.answers.added + report.answers.changed} answers loaded,"
            f" {report.services.unchanged} and {report.answers.unchanged} were up to date"
        )
        for problem in report.problems:
            say(f"  left out: {problem}")
        async with db.read() as session:
            seeded = await is_seeded(session, demo=settings.demo)
        if report.touched or not seeded:
            async with db.read() as session:
                knowledge = await KnowledgeBase.load(session)
            async with db.unit() as unit:
                await seed(unit.session, knowledge)
                if settings.demo:
                    await seed_demo(unit.session)
        say("accounts, sites and tariffs: ready")
        async with db.unit() as unit:
            await _renew_credentials(unit, Vault(settings.credentials_key.get_secret_value()), say)
    finally:
        await db.close()


async def _renew_credentials(unit: UnitOfWork, vault: Vault, say: Say) -> None:
    """Seals channel accounts' credentials with the first key, so that the old ones can be dropped."""
    renewed = 0
    for row in await platforms.accounts(unit.session):
        try:
            fresh = vault.renewed(row.credentials)
        except VaultError:
            say(f"  credentials of the channel account {row.id} cannot be decrypted with the keys that are set")
            continue
        if fresh is not None:
            row.credentials = fresh
            renewed += 1
    if renewed:
        say(f"channel accounts: credentials of {renewed} sealed with the first key")
