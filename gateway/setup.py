"""Sets a database up: schema, knowledge base, first contents. Says what it does; does nothing twice."""

from __future__ import annotations

from collections.abc import Callable

from gateway.migrate import migrate
from gateway.seed import is_seeded, seed, seed_demo
from gateway.settings import Settings
from handoff.attachments import repository as attachments
from handoff.attachments.storage import AttachmentStore
from handoff.callbacks.repository import renew_phones
from handoff.channels import repository as platforms
from handoff.push import repository as push
from kit.db import Database, UnitOfWork
from kit.vault import Vault, VaultError
from knowledge_base import importer
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.service import institutions

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
            bodies = institutions(Gazetteer())
            async with db.unit() as unit:
                await seed(unit.session, bodies)
                if settings.demo:
                    await seed_demo(unit.session)
        say("accounts, sites and tariffs: ready")
        async with db.unit() as unit:
            vault = Vault(settings.credentials_key.get_secret_value())
            await _renew_attachment_keys(unit, AttachmentStore(settings.data_dir / "attachments", vault), say)
            await _renew_credentials(unit, vault, say)
            await _renew_browsers(unit, vault, say)
            renewed, sealed = await renew_phones(unit.session, vault)
            if renewed:
                say(f"call-backs: telephone numbers of {renewed} sealed with the first key")
            if sealed:
                say(f"  telephone numbers of {sealed} call-backs cannot be decrypted with the keys that are set")
    finally:
        await db.close()


async def _renew_attachment_keys(unit: UnitOfWork, store: AttachmentStore, say: Say) -> None:
    """Seals the keys of files with the first master key. The files themselves stay as they are."""
    renewed = lost = 0
    for row in await attachments.everything(unit.session):
        try:
            fresh = store.renewed(row.sealed_key)
        except VaultError:
            lost += 1
            continue
        if fresh is not None:
            row.sealed_key = fresh
            renewed += 1
    if renewed:
        say(f"attachments: the keys of {renewed} files were sealed anew")
    if lost:
        say(f"  {lost} attachments cannot be decrypted with the keys that are set")


async def _renew_browsers(unit: UnitOfWork, vault: Vault, say: Say) -> None:
    """Seals the addresses of browsers with the first key. One that no key opens is of no use: its person switches it on anew."""
    renewed = lost = 0
    for row in await push.everything(unit.session):
        try:
            fresh = vault.renewed(row.sealed)
        except VaultError:
            await push.drop(unit.session, row.id)
            lost += 1
            continue
        if fresh is not None:
            row.sealed = fresh
            renewed += 1
    if renewed:
        say(f"browsers: addresses of {renewed} sealed with the first key")
    if lost:
        say(f"  {lost} browsers could not be decrypted with the keys that are set and are told no more")


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
