"""First contents: institutions and tariffs for everybody; demo centres, accounts and sites for those who try it out."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.models import Tariff
from handoff.conversations.models import Site
from handoff.staff import repository as people
from handoff.staff.models import Centre, Institution, Staff
from handoff.staff.service import hash_password
from knowledge_base.service import KnowledgeBase

DEMO_PASSWORD = "Pietura-demo-2026"
#: e-mail, name, role, centre, institution, languages
DEMO_STAFF = (
    ("anna@demo.lv", "Anna Bērziņa", "operator", "riga", None, ["lv", "ru", "en"]),
    ("janis@demo.lv", "Jānis Kalniņš", "operator", "valmiera", None, ["lv", "en"]),
    ("olga@demo.lv", "Olga Ivanova", "operator", "daugavpils", None, ["lv", "ru"]),
    ("ieva@demo.lv", "Ieva Liepiņa", "specialist", None, "vsaa", ["lv", "en"]),
    ("peteris@demo.lv", "Pēteris Ozols", "specialist", None, "pmlp", ["lv", "ru"]),
    ("liga@demo.lv", "Līga Krūmiņa", "supervisor", "riga", None, ["lv", "ru", "en"]),
    ("baiba@demo.lv", "Baiba Saulīte", "editor", None, None, ["lv", "ru", "en"]),
    ("admin@demo.lv", "Māris Vītols", "admin", "riga", None, ["lv", "ru", "en"]),
)
#: A contact has one reference price, whichever way it came (R17).
_TARIFFS = tuple((f"{channel}-2026", channel) for channel in ("webchat", "facebook", "x", "telegram"))
_CENTRES = (
    ("riga", "Rīgas VPVKAC"),
    ("valmiera", "Valmieras VPVKAC"),
    ("daugavpils", "Daugavpils VPVKAC"),
)


async def is_seeded(session: AsyncSession, *, demo: bool) -> bool:
    """Whether the first contents are there: loading the knowledge base to find that out again takes seconds."""
    if not all([await session.get(Tariff, tariff_id) for tariff_id, _ in _TARIFFS]):
        return False
    return not demo or all([await people.by_email(session, person[0]) for person in DEMO_STAFF])


async def seed(session: AsyncSession, knowledge: KnowledgeBase) -> None:
    """Institutions from the gazetteer and the reference tariffs. Safe to run again."""
    for institution_id, name_lv, name_ru, name_en, kind in knowledge.institutions():
        await session.merge(
            Institution(id=institution_id, name_lv=name_lv, name_ru=name_ru, name_en=name_en, kind=kind)
        )
    for tariff_id, channel in _TARIFFS:
        if await session.get(Tariff, tariff_id) is not None:
            continue
        session.add(
            Tariff(
                id=tariff_id,
                channel=channel,
                price=Decimal("1.0000"),
                currency="EUR",
                valid_from=date(2026, 1, 1),
                valid_to=None,
                source="atsauces cena: 1 EUR par kontaktu, apmēram 3 minūtes",
            )
        )
    await session.flush()


async def seed_demo(session: AsyncSession) -> None:
    """Centres, accounts and the demo site. Safe to run again; passwords of existing accounts stay."""
    for centre_id, name in _CENTRES:
        await session.merge(Centre(id=centre_id, name=name))
    await session.flush()
    hashed: str | None = None
    for email, name, role, centre, institution_id, languages in DEMO_STAFF:
        if await people.by_email(session, email) is not None:
            continue
        hashed = hashed or hash_password(DEMO_PASSWORD)
        session.add(
            Staff(
                id=str(uuid.uuid4()),
                email=email,
                name=name,
                role=role,
                password_hash=hashed,
                centre_id=centre,
                institution_id=institution_id,
                languages=languages,
            )
        )
    if await session.get(Site, "demo") is None:
        session.add(
            Site(
                key="demo",
                name="Pietura",
                institution_id=None,
                origins=["self"],
                lang="lv",
                accent="#7d1d3f",
                privacy_url="/demo#dati",
                proactive=[
                    {
                        "id": "slimiba",
                        "page": "slimibas",
                        "after_s": 12,
                        "text": {
                            "lv": "Vai jums ir jautājums par slimības pabalstu? Varu palīdzēt.",
                            "ru": "У вас есть вопрос о пособии по болезни? Могу помочь.",
                            "en": "Do you have a question about the sickness benefit? I can help.",
                        },
                    }
                ],
            )
        )
    await session.flush()
