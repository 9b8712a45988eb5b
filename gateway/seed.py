"""First contents: institutions and tariffs for everybody; demo centres, accounts and sites for those who try it out."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.models import PriceList, Tariff
from handoff.conversations.models import Site
from handoff.queue.models import Queue
from handoff.staff import repository as people
from handoff.staff.models import Centre, Institution, Staff
from handoff.staff.passwords import hash_password
from knowledge_base.service import InstitutionRow

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
    ("gunta@demo.lv", "Gunta Zariņa", "accountant", None, None, ["lv", "en"]),
)
#: What the demo's operators know, from 1 to 5.
_DEMO_SKILLS = {
    "anna@demo.lv": {"pabalsti": 5, "nodokļi": 3},
    "janis@demo.lv": {"nodokļi": 5, "pabalsti": 2},
    "olga@demo.lv": {"pabalsti": 4},
}
#: id, names, institution, mode, skills, centres. What VID is asked is offered, so that the demo shows both ways.
_DEMO_QUEUES: tuple[tuple[str, tuple[str, str, str], str, str, dict[str, int], list[str]], ...] = (
    ("demo-vid", ("Nodokļi (VID)", "Налоги (СГД)", "Taxes (SRS)"), "vid", "offers", {"nodokļi": 3}, ["valmiera"]),
    ("demo-vsaa", ("Pabalsti (VSAA)", "Пособия (ГАСС)", "Benefits (SSIA)"), "vsaa", "pull", {"pabalsti": 2}, []),
)
#: A contact has one reference price, whichever way it came (R17); what the assistant did alone is counted and free.
PRICES_ID = "list-2026-01-01"
_PRICE = Decimal("1.0000")
#: id, channel, level, price
_TARIFFS = (
    *((f"{channel}-2026", channel, None, _PRICE) for channel in ("webchat", "facebook", "x", "telegram")),
    ("any-2026", None, None, _PRICE),
    ("assistant-2026", None, 0, Decimal("0.0000")),
)
_CENTRES = (
    ("riga", "Rīgas VPVKAC"),
    ("valmiera", "Valmieras VPVKAC"),
    ("daugavpils", "Daugavpils VPVKAC"),
)


async def is_seeded(session: AsyncSession, *, demo: bool) -> bool:
    """Whether the first contents are there."""
    if await session.get(PriceList, PRICES_ID) is None:
        return False
    return not demo or all([await people.by_email(session, person[0]) for person in DEMO_STAFF])


async def seed(session: AsyncSession, institutions: Iterable[InstitutionRow]) -> None:
    """Institutions from the gazetteer and the reference tariffs. Safe to run again."""
    for institution_id, name_lv, name_ru, name_en, kind in institutions:
        await session.merge(
            Institution(id=institution_id, name_lv=name_lv, name_ru=name_ru, name_en=name_en, kind=kind)
        )
    await _seed_prices(session)
    await session.flush()


async def _seed_prices(session: AsyncSession) -> None:
    """The reference list, as a draft until its lines are there: what is approved takes none any more."""
    if await session.get(PriceList, PRICES_ID) is not None:
        return
    begins = date(2026, 1, 1)
    made = datetime(2026, 1, 1, tzinfo=UTC)
    prices = PriceList(
        id=PRICES_ID, name="Atsauces cenrādis", currency="EUR", valid_from=begins, state="draft", created_at=made
    )
    session.add(prices)
    await session.flush()
    for tariff_id, channel, level, price in _TARIFFS:
        session.add(
            Tariff(
                id=tariff_id,
                list_id=PRICES_ID,
                case_kind=None,
                channel=channel,
                level=level,
                price=price,
                currency="EUR",
                valid_from=begins,
                valid_to=None,
                source="atsauces cena: 1 EUR par kontaktu, apmēram 3 minūtes",
            )
        )
    await session.flush()
    prices.state, prices.approved_at = "approved", made


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
                skills=_DEMO_SKILLS.get(email, {}),
            )
        )
    for number, (queue_id, (name_lv, name_ru, name_en), body, mode, skills, centres) in enumerate(_DEMO_QUEUES, 1):
        if await session.get(Queue, queue_id) is not None:
            continue
        session.add(
            Queue(
                id=queue_id,
                name_lv=name_lv,
                name_ru=name_ru,
                name_en=name_en,
                position=number,
                mode=mode,
                institutions=[body],
                skills=skills,
                centres=centres,
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
