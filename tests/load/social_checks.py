"""Compares what followers wrote and see with what the database holds, after everything has come to rest.

Four promises: every word of a citizen is in one conversation, once; every answer reached its follower once, or is visibly not
known or failed; nobody was told the same thing twice; the cases are as many as they should be.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.models import Case, CaseEntry
from handoff.channels import repository
from handoff.channels.models import ChannelThread, InboundEventRow, OutboxRow, PlatformMessage
from handoff.conversations.models import Conversation, Message, Turn
from handoff.state_machine import ENDED
from kit.db import Database
from tests.fakes.control import AccountView
from tests.load.social_parts import Platform, Said

#: Violations that are named one by one; the others are only counted.
_NAMED = 20


@dataclass
class Findings:
    """What was found of one platform.

    Attributes:
        figures: numbers by their names, in the order of the table.
        broken: promises that did not hold, in words.
        waits_s: seconds from a citizen's words to the first answer that went out, ordered.
    """

    figures: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)

    def must(self, holds: bool, words: str) -> None:
        """Notes a broken promise."""
        if not holds and len(self.broken) < _NAMED:
            self.broken.append(words)


@dataclass(frozen=True)
class Written:
    """What a follower wrote, as the platform has it. ``post``: of a comment."""

    person: str
    text: str
    post: str | None


@dataclass(frozen=True)
class Heard:
    """What the account said, as followers see it. ``thread``: the person, or the comment that is answered."""

    ref: str
    thread: str
    text: str


@dataclass
class Stored:
    """What the database holds of one account."""

    incoming: dict[str, PlatformMessage]
    citizens: list[Message]
    assistants: Counter[str]
    threads: dict[str, ChannelThread]
    conversations: dict[str, Conversation]
    rows: list[OutboxRow]
    cases: Counter[str]
    entries: Counter[str]
    turns: Counter[str]
    events: Counter[str]


async def check(db: Database, platform: Platform, said: Sequence[Said]) -> Findings:
    """Everything about one platform. ``said``: what an operator answered in any of them."""
    view = next(one for one in platform.fake.world().accounts if one.id == platform.account)
    async with db.read() as session:
        stored = await _stored(session, platform.ours)
    findings = Findings()
    written, heard = _written(view), list(_heard(view))
    _check_written(findings, platform, written, stored)
    _check_order(findings, stored)
    _check_answers(findings, heard, stored)
    _check_assistant(findings, stored)
    _check_cases(findings, written, stored)
    _check_operator(findings, heard, stored, said)
    findings.waits_s = sorted(_waits(stored))
    return findings


async def _stored(session: AsyncSession, account_id: str) -> Stored:
    threads = {
        row.conversation_id: row
        for row in await session.scalars(select(ChannelThread).where(ChannelThread.account_id == account_id))
    }
    ours = select(ChannelThread.conversation_id).where(ChannelThread.account_id == account_id)
    messages = [*await session.scalars(select(Message).where(Message.conversation_id.in_(ours)))]
    # One answer may be two messages, to a question that is two or under a notice: what is stored together has one instant.
    said_by_assistant = Counter(
        conversation_id
        for conversation_id, _ in {
            (message.conversation_id, message.at)
            for message in messages
            if message.author_kind == "assistant" and not _is_greeting(message)
        }
    )
    incoming = await session.scalars(
        select(PlatformMessage).where(PlatformMessage.account_id == account_id, PlatformMessage.direction == "in")
    )
    turns = await session.execute(
        select(Turn.outcome, func.count()).where(Turn.conversation_id.in_(ours)).group_by(Turn.outcome)
    )
    events = await session.execute(
        select(InboundEventRow.state, func.count())
        .where(InboundEventRow.account_id == account_id)
        .group_by(InboundEventRow.state)
    )
    entries = await session.execute(
        select(CaseEntry.conversation_id, func.sum(CaseEntry.sign))
        .where(CaseEntry.conversation_id.in_(ours))
        .group_by(CaseEntry.conversation_id)
    )
    return Stored(
        incoming={row.ref: row for row in incoming},
        citizens=[message for message in messages if message.author_kind == "citizen"],
        assistants=said_by_assistant,
        threads=threads,
        conversations={
            row.id: row for row in await session.scalars(select(Conversation).where(Conversation.id.in_(ours)))
        },
        rows=[*await session.scalars(select(OutboxRow).where(OutboxRow.account_id == account_id))],
        cases=Counter(await session.scalars(select(Case.conversation_id).where(Case.conversation_id.in_(ours)))),
        entries=Counter(dict(entries.tuples().all())),
        turns=Counter({str(outcome or "open"): number for outcome, number in turns.tuples()}),
        events=Counter(dict(events.tuples().all())),
    )


def _is_greeting(message: Message) -> bool:
    return message.seq == 1


def _written(view: AccountView) -> dict[str, Written]:
    found = {
        message.id: Written(chat.person.id, message.text, None)
        for chat in view.direct
        for message in chat.messages
        if message.by == "person"
    }
    for post in view.posts:
        for comment in post.comments:
            if comment.by == "person":
                found[comment.id] = Written(comment.author.id, comment.text, post.id)
    return found


def _heard(view: AccountView) -> Iterable[Heard]:
    for chat in view.direct:
        for message in chat.messages:
            if message.by == "us":
                yield Heard(message.id, chat.person.id, message.text)
    for post in view.posts:
        for comment in post.comments:
            if comment.by == "us":
                yield Heard(comment.id, comment.parent or post.id, comment.text)


# --- every word of a citizen is in one conversation, once ---------------------------------------------------------------


def _check_written(findings: Findings, platform: Platform, written: Mapping[str, Written], stored: Stored) -> None:
    keys, texts = set(platform.keys), {message.id: message for message in stored.citizens}
    findings.must(keys == set(written), "the driver and the platform disagree about what was written")
    missing = keys - set(stored.incoming)
    strange = set(stored.incoming) - keys
    findings.must(not missing, f"lost: {len(missing)}, such as {sorted(missing)[:3]}")
    findings.must(not strange, f"stored and never written: {len(strange)}, such as {sorted(strange)[:3]}")
    doubled = len(stored.citizens) - len(keys & set(stored.incoming))
    findings.must(doubled == 0, f"citizens' messages stored twice: {doubled}")
    for ref, row in stored.incoming.items():
        one, message = written.get(ref), texts.get(row.message_id)
        thread = stored.threads.get(row.conversation_id)
        if one is None:
            continue
        if message is None or thread is None:
            findings.must(False, f"{ref} has no message or no thread")
            continue
        # A mention begins with our name, which is no part of what is said.
        findings.must(_plain(one.text).endswith(_plain(message.text)), f"{ref} says something else")
        findings.must(thread.author_id == one.person, f"{ref} is in somebody else's conversation")
        if one.post is not None:
            findings.must(thread.comment_ref == ref, f"comment {ref} is in another comment's conversation")
    findings.figures |= {
        "written": len(keys),
        "stored": len(stored.citizens),
        "lost": len(missing),
        "doubled": doubled,
        "events_dead": stored.events["dead"],
        "events_left": stored.events["new"] + stored.events["waiting"],
    }
    findings.must(stored.events["dead"] == 0, f"events given up: {stored.events['dead']}")
    findings.must(stored.events["new"] == 0, f"events not worked off: {stored.events['new']}")


def _check_order(findings: Findings, stored: Stored) -> None:
    """Not a promise: a message that comes after a later one was worked off cannot go before it any more. Counted."""
    by_conversation: dict[str, list[Message]] = defaultdict(list)
    for message in sorted(stored.citizens, key=lambda one: one.seq):
        by_conversation[message.conversation_id].append(message)
    turned = 0
    for messages in by_conversation.values():
        turned += sum(later.at < earlier.at for earlier, later in itertools.pairwise(messages))
    findings.figures["out_of_order"] = turned


# --- every answer once, or visibly not ------------------------------------------------------------------------------------


def _check_answers(findings: Findings, heard: Sequence[Heard], stored: Stored) -> None:
    rows = [row for row in stored.rows if row.kind in repository.REPLIES]
    states = Counter(row.state for row in rows)
    by_ref = {one.ref: one for one in heard}
    went = [row for row in rows if row.state in repository.WENT_OUT]
    refs = Counter(row.ref for row in went if row.ref)
    for row in went:
        if row.ref is None:
            # Marked by a receipt before its id was known: found by its words below.
            continue
        one = by_ref.get(row.ref)
        findings.must(one is not None, f"send {row.id} is {row.state} and not on the platform")
        if one is not None:
            findings.must(_says(row, one.text), f"send {row.id} says something else")
    shared = [ref for ref, number in refs.items() if number > 1]
    findings.must(not shared, f"several sends stand for one message: {shared[:3]}")
    # What no send names must be one that is not known: each of those stands for one message at most.
    unnamed = [one for one in heard if one.ref not in refs]
    open_rows = [row for row in rows if row.state in ("unknown", *repository.WENT_OUT) and row.ref is None]
    arrived = 0
    for one in unnamed:
        row = next(
            (row for row in open_rows if _says(row, one.text) and _reaches(row, one, stored)),
            None,
        )
        if row is None:
            findings.must(False, f"a follower was told what no send accounts for: {one.ref}")
            continue
        open_rows.remove(row)
        arrived += 1
    lost = [row for row in open_rows if row.state in repository.WENT_OUT]
    findings.must(not lost, f"sent, without an id, and not there: {len(lost)}")
    left = states["queued"] + states["sending"]
    findings.must(left == 0, f"sends left: {left}")
    findings.figures |= {
        "owed": len(rows),
        "sent": sum(states[state] for state in repository.WENT_OUT),
        "unknown": states["unknown"],
        "unknown_arrived": arrived,
        "failed": states["failed"],
        "cancelled": states["cancelled"],
        "heard": len(heard),
        "heard_twice": len(heard) - len({one.ref for one in heard}) + len(unnamed) - arrived,
    }


def _reaches(row: OutboxRow, one: Heard, stored: Stored) -> bool:
    """Whether a send would be seen where the message is seen. A comment's answer stands under the comment or its parent, a
    private reply in its author's messages."""
    thread = stored.threads.get(row.conversation_id or "")
    places = {row.thread, *([thread.author_id, thread.parent_ref, thread.post_ref] if thread else [])}
    return one.thread in places


def _check_assistant(findings: Findings, stored: Stored) -> None:
    """The assistant answers each message once at most, and a comment once in all."""
    asked = Counter(message.conversation_id for message in stored.citizens)
    for conversation_id, number in stored.assistants.items():
        thread = stored.threads[conversation_id]
        most = 1 if thread.kind == "comment" else asked[conversation_id]
        findings.must(number <= most, f"the assistant gave {number} answers to {asked[conversation_id]} messages")
    findings.must(stored.turns["open"] == 0, f"turns left: {stored.turns['open']}")
    findings.figures |= {
        "turns": stored.turns.total(),
        "turns_without_assistant": stored.turns["unavailable"],
    }


def _check_operator(findings: Findings, heard: Sequence[Heard], stored: Stored, said: Sequence[Said]) -> None:
    """What a person wrote, with the gateway dying under his hands, is there once; and reached its reader, or is marked."""
    texts = Counter(_plain(one.text) for one in heard)
    by_text = {_plain(str(row.payload.get("text") or "")): row for row in stored.rows}
    mine = [one for one in said if one.conversation in stored.threads]
    for one in mine:
        row = by_text.get(_plain(one.text))
        if row is None:
            findings.must(False, "an operator's answer was acknowledged and never owed")
            continue
        number = texts[_plain(one.text)]
        right = {1} if row.state in repository.WENT_OUT else {0, 1} if row.state == "unknown" else {0}
        findings.must(number in right, f"an operator's answer, {row.state}, arrived {number} times")
    findings.figures["by_operator"] = len(mine)


# --- cases ----------------------------------------------------------------------------------------------------------------


def _check_cases(findings: Findings, written: Mapping[str, Written], stored: Stored) -> None:
    comments = sum(one.post is not None for one in written.values())
    kinds = Counter(thread.kind for thread in stored.threads.values())
    findings.must(kinds["comment"] == comments, f"{comments} comments and {kinds['comment']} conversations of comments")
    people = {one.person for one in written.values() if one.post is None}
    talks: dict[str, list[Conversation]] = defaultdict(list)
    for conversation_id, thread in stored.threads.items():
        if thread.kind == "direct":
            talks[thread.thread].append(stored.conversations[conversation_id])
    findings.must(set(talks) == people, f"{len(people)} people wrote, {len(talks)} have conversations")
    for person, found in talks.items():
        going_on = [one for one in found if one.state not in ENDED]
        findings.must(len(going_on) <= 1, f"{person} has {len(going_on)} conversations at once")
    findings.must(set(stored.cases) == set(stored.threads), "conversations and cases differ")
    findings.must(stored.cases.total() == len(stored.threads), "a conversation has more than one case")
    ended = [one for one in stored.conversations.values() if one.state in ENDED]
    for one in ended:
        findings.must(stored.entries[one.id] == 1, f"an ended conversation counts {stored.entries[one.id]}")
    findings.must(sum(stored.entries.values()) == len(ended), "entries for conversations that go on")
    findings.figures |= {
        "comments": comments,
        "people": len(people),
        "conversations": len(stored.threads),
        "cases": stored.cases.total(),
        "settled": len(ended),
    }


def _waits(stored: Stored) -> Iterable[float]:
    """From the first words of each conversation to its first answer that went out."""
    first: dict[str, Any] = {}
    for row in stored.rows:
        if row.sent_at is not None and row.conversation_id and row.payload.get("answers"):
            first[row.conversation_id] = min(row.sent_at, first.get(row.conversation_id, row.sent_at))
    for conversation_id, at in first.items():
        yield max(0.0, (at - stored.threads[conversation_id].created_at).total_seconds())


def _says(row: OutboxRow, heard: str) -> bool:
    """Whether these are a send's words; Facebook's connector writes buttons with long titles out below them."""
    said, heard = _plain(str(row.payload["text"])), _plain(heard)
    return heard == said or bool(row.payload.get("buttons") and heard.startswith(f"{said} 1. "))


def _plain(text: str) -> str:
    return " ".join(text.split())
