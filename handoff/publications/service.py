"""What people do with publications, and what becomes of them (R9): composed, approved by a second person, sent at their time.

Permission is checked here, from the session's viewer. Every change is compare-and-set on the version, with its event and its
line in the trail in the same transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.channels import repository as platforms
from handoff.channels.models import ChannelAccount, OutboxRow, SocialPost
from handoff.channels.outbox import Outbox
from handoff.channels.ports import OutboundKind
from handoff.channels.service import Channels
from handoff.conversations.events import EventLog
from handoff.publications import repository
from handoff.publications.lifecycle import RULES, Actor, State, Trigger, allowed, approves, composes, may_cause
from handoff.publications.models import Publication, PublicationTarget
from handoff.publications.references import HOSTS, post_ref
from handoff.publications.rules import Content, Fit, fit, with_link
from handoff.publications.schemas import FARTHEST, Composed
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.bus import Bus
from kit.clock import Clock, iso
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean

#: For so long a send of which nobody knows is looked for among the account's posts.
LOOK_BACK: Final = timedelta(days=7)
#: The platform's clock and ours may differ by so much.
_SKEW: Final = timedelta(minutes=5)
_CALLED_OFF: Final = "called_off"
#: What stands in the way of a publication, as the reason of a send that was not made (``channels.reason.*``).
_AS_RESULT: Final = {"too_long_for_channel": "too_long"}
_UNDER_WAY: Final = frozenset({"waiting", "queued", "sending"})


@dataclass(frozen=True)
class Found:
    """A publication with its targets, each with its account and the send it became."""

    publication: Publication
    targets: Sequence[tuple[PublicationTarget, ChannelAccount, OutboxRow | None]]


class Publications:
    """Publications, from the draft to what followed."""

    def __init__(self, db: Database, bus: Bus, clock: Clock, outbox: Outbox) -> None:
        self.db = db
        self.clock = clock
        self.channels: Channels = outbox.channels
        self._bus = bus
        self._outbox = outbox

    # --- composing ------------------------------------------------------------------------------------------------------

    async def create(self, viewer: Viewer, wanted: Composed) -> str:
        """Keeps a draft; its id.

        Raises:
            Forbidden: he does not compose.
            PieturaError: ``publish_at_past``, ``publish_at_too_far``, ``unknown_account``, ``unknown_channel``, ``text_empty``;
                of a comment ``bad_post``, ``comments_not_supported``.
        """
        _composers_only(viewer)
        now = self.clock.now()
        self._check_written(wanted, now)
        async with self.db.unit() as unit:
            accounts = await self._accounts(unit.session, viewer, wanted.accounts)
            publication = Publication(
                id=str(uuid.uuid4()),
                version=1,
                state=State.DRAFT.value,
                author_id=viewer.id,
                created_at=now,
                **_written(viewer, wanted, accounts, now),
            )
            unit.session.add(publication)
            await unit.session.flush()
            unit.session.add_all(_targets(publication.id, accounts))
            self._note(unit, self._events(unit), publication, viewer, "create", None, {})
        return publication.id

    async def update(self, viewer: Viewer, publication_id: str, version: int, wanted: Composed) -> None:
        """Puts another text in place of what was there. What had been proposed or scheduled is a draft again.

        Raises:
            Conflict: ``publication_changed``: somebody was faster, or it is beyond changing.
            PieturaError: as for :meth:`create`.
        """
        now = self.clock.now()
        self._check_written(wanted, now)
        async with self.db.unit() as unit:
            publication = await self._load(unit.session, viewer, publication_id)
            await self._check_own(unit.session, viewer, publication)
            accounts = await self._accounts(unit.session, viewer, wanted.accounts)
            values = _written(viewer, wanted, accounts, now) | {
                "proposed_by": None,
                "proposed_at": None,
                "decided_by": None,
                "decided_at": None,
                "reason": None,
            }
            changed = await self._change(unit, publication, viewer, Trigger.REVISE, version, values)
            await repository.drop_targets(unit.session, changed.id)
            unit.session.add_all(_targets(changed.id, accounts))

    async def preview(self, viewer: Viewer, wanted: Composed) -> list[Fit]:
        """How it would fit each account, and what each would charge; nothing is stored.

        Raises:
            Forbidden, PieturaError: as for :meth:`create`, but for the time.
        """
        _composers_only(viewer)
        async with self.db.read() as session:
            accounts = await self._accounts(session, viewer, wanted.accounts)
            content = Content(
                wanted.kind,
                clean(wanted.text),
                wanted.link,
                wanted.picture_url,
                _variants(wanted),
                _post_ref(wanted, accounts),
            )
            return await self._fits(session, content, accounts)

    # --- deciding -------------------------------------------------------------------------------------------------------

    async def propose(self, viewer: Viewer, publication_id: str, version: int) -> None:
        """Puts a draft before a second person.

        Raises:
            Conflict: ``publication_changed``.
            PieturaError: the first thing that does not fit an account (``too_long_for_channel``, ``posts_not_supported`` …),
                with ``account`` and all ``problems``; ``publish_at_past``.
        """
        now = self.clock.now()
        async with self.db.unit() as unit:
            publication = await self._load(unit.session, viewer, publication_id)
            await self._check_own(unit.session, viewer, publication)
            await self._check_fits(unit.session, publication, now)
            values = {"proposed_by": viewer.id, "proposed_at": now}
            await self._change(unit, publication, viewer, Trigger.PROPOSE, version, values)

    async def approve(self, viewer: Viewer, publication_id: str, version: int) -> None:
        """A second person lets it be published: now, or at its time.

        Raises:
            Forbidden: he wrote or proposed it himself (``second_person``), or does not approve at all.
            Conflict: ``publication_changed``: a colleague decided first, or what he saw is not what stands there now.
            PieturaError: as for :meth:`propose`.
        """
        now = self.clock.now()
        async with self.db.unit() as unit:
            publication = await self._load(unit.session, viewer, publication_id)
            self._check_may(viewer, publication, Trigger.APPROVE)
            await self._check_fits(unit.session, publication, now)
            values = {"decided_by": viewer.id, "decided_at": now}
            approved = await self._change(unit, publication, viewer, Trigger.APPROVE, version, values)
            if approved.publish_at is not None:
                await self._change(unit, approved, None, Trigger.SCHEDULE, approved.version, {})

    async def reject(self, viewer: Viewer, publication_id: str, version: int, reason: str) -> None:
        """A second person gives it back, and says why.

        Raises:
            Forbidden, Conflict: as for :meth:`approve`.
            PieturaError: ``reason_needed``.
        """
        reason = _reason(reason)
        async with self.db.unit() as unit:
            publication = await self._load(unit.session, viewer, publication_id)
            values = {"decided_by": viewer.id, "decided_at": self.clock.now(), "reason": reason}
            await self._change(unit, publication, viewer, Trigger.REJECT, version, values, {"note": reason})

    async def cancel(self, viewer: Viewer, publication_id: str, version: int, reason: str | None) -> None:
        """Calls it off. While it is being published, what has not gone out yet does not go out any more.

        Raises:
            Conflict: ``publication_changed``: it is out already, or somebody was faster.
        """
        note = clean(reason or "")[:1000] or None
        async with self.db.unit() as unit:
            publication = await self._load(unit.session, viewer, publication_id)
            await self._check_own(unit.session, viewer, publication)
            data = {"note": note} if note else {}
            changed = await self._change(unit, publication, viewer, Trigger.CANCEL, version, {"reason": note}, data)
            if changed.state == State.PUBLISHING:
                for _, _, row in await repository.targets(unit.session, [changed.id]):
                    if row is not None:
                        queued = OutboxRow.state == "queued"
                        await platforms.set_row(
                            unit.session, row.id, queued, state="cancelled", reason=_CALLED_OFF, lease_until=None
                        )
                await self._settle(unit, changed)

    async def send_again(self, viewer: Viewer, publication_id: str, version: int, account_id: str) -> None:
        """Sends again what failed on an account, or of which nobody knows whether it arrived; the person decides, on record.

        Raises:
            Conflict: ``publication_changed``: it is under way there, or it went out after all.
            PieturaError: it does not fit the account any more.
        """
        async with self.db.unit() as unit:
            publication = await self._load(unit.session, viewer, publication_id)
            target, account, row = await self._target(unit.session, publication, account_id)
            if target.state in _UNDER_WAY or target.state == "sent":
                raise _changed(publication)
            self._check_may(viewer, publication, Trigger.RETRY)
            one = await self._fits(unit.session, _content(publication), [account])
            _refuse(one)
            data = {"account": account_id}
            changed = await self._change(unit, publication, viewer, Trigger.RETRY, version, {"finished_at": None}, data)
            if row is None:
                await self._owe(unit, changed, target, one[0])
                return
            try:
                await self._outbox.send_again(unit, self._events(unit), row)
            except Conflict as error:
                raise _changed(changed) from error
            target.state, target.reason = "queued", None

    async def mark_sent(self, viewer: Viewer, publication_id: str, version: int, account_id: str) -> None:
        """The person has seen on the platform that it is there.

        Raises:
            Forbidden: he does not approve.
            Conflict: ``publication_changed``: there is nothing to be decided, or somebody was faster.
        """
        async with self.db.unit() as unit:
            await self._load(unit.session, viewer, publication_id)
            if not approves(viewer):
                raise Forbidden()
            publication = await repository.locked(unit.session, publication_id)
            if publication is None:
                raise NotFound()
            _, _, row = await self._target(unit.session, publication, account_id)
            if row is None or row.state != "unknown" or publication.version != version:
                raise _changed(publication)
            events = self._events(unit)
            self._note(unit, events, publication, viewer, "mark_sent", publication.state, {"account": account_id})
            await self._outbox.mark_sent(unit, events, row)
            await self._settle(unit, publication)

    # --- what time brings -----------------------------------------------------------------------------------------------

    async def begin(self, publication_id: str) -> None:
        """Owes every platform its post: one send for each account, in the transaction that marks it as begun."""
        now = self.clock.now()
        async with self.db.unit() as unit:
            publication = await repository.locked(unit.session, publication_id)
            if publication is None or not _is_due(publication, now):
                return
            begun = await self._change(
                unit, publication, None, Trigger.BEGIN, publication.version, {"begun_at": now, "finished_at": None}
            )
            rows = await repository.targets(unit.session, [begun.id])
            fits = await self._fits(unit.session, _content(begun), [account for _, account, _ in rows])
            for (target, account, _), one in zip(rows, fits, strict=True):
                if one.problems:
                    # What was in order when it was approved: the account was switched off meanwhile, or its platform changed.
                    target.state, target.reason = "failed", _AS_RESULT.get(one.problems[0], one.problems[0])
                    await self._tell(unit, begun, target, account, None)
                else:
                    await self._owe(unit, begun, target, one)
            await self._settle(unit, begun)

    async def look(self, publication_id: str) -> None:
        """Takes over what has become of a publication's sends, and ends it when nothing is under way any more."""
        async with self.db.unit() as unit:
            publication = await repository.locked(unit.session, publication_id)
            if publication is not None:
                await self._settle(unit, publication)

    async def _settle(self, unit: UnitOfWork, publication: Publication) -> None:
        """The caller holds the publication's row, so two workers do not both miss the last send's end."""
        await unit.session.flush()
        rows = await repository.targets(unit.session, [publication.id])
        for target, account, row in rows:
            sent = await self._found_after_all(unit, row) if row is not None else None
            send = sent or row
            if send is None or (send.state == target.state and send.reason == target.reason):
                continue
            target.state, target.reason = send.state, send.reason
            if send.state not in _UNDER_WAY:
                await self._tell(unit, publication, target, account, send)
            if send.state == "sent":
                await self._place_for_comments(unit, publication, send)
        await unit.session.flush()
        await self._end(unit, publication, [target.state for target, _, _ in rows])

    async def _end(self, unit: UnitOfWork, publication: Publication, states: Sequence[str]) -> None:
        if any(state in _UNDER_WAY for state in states):
            return
        went_out = sum(state in platforms.WENT_OUT for state in states)
        if went_out == len(states):
            trigger = Trigger.ALL_SENT
        elif went_out:
            trigger = Trigger.SOME_SENT
        elif all(state == "cancelled" for state in states):
            trigger = Trigger.CALLED_OFF
        else:
            trigger = Trigger.NONE_SENT
        if allowed(State(publication.state), trigger) is not None:
            values = {"finished_at": self.clock.now()}
            await self._change(unit, publication, None, trigger, publication.version, values)

    async def _found_after_all(self, unit: UnitOfWork, row: OutboxRow) -> OutboxRow | None:
        """A post of which nobody knew has appeared on the account: then it was sent. By its words, and made by no other send."""
        if row.state != "unknown" or row.kind != "post" or row.ref is not None or row.claimed_at is None:
            return None
        words = {
            _plain(row.payload.get("text")),
            _plain(with_link(str(row.payload.get("text") or ""), row.payload.get("link"))),
        }
        for post in await repository.unclaimed_posts(unit.session, row.account_id, row.claimed_at - _SKEW):
            if _plain(post.text) in words:
                unknown = (OutboxRow.state == "unknown") & OutboxRow.ref.is_(None)
                done = await platforms.set_row(
                    unit.session,
                    row.id,
                    unknown,
                    state="sent",
                    ref=post.ref,
                    sent_at=post.published_at,
                    reason=None,
                    detail=None,
                    lease_until=None,
                )
                if done is not None:
                    await self._outbox.went_out(unit, self._events(unit), done, post.published_at or self.clock.now())
                return done
        return None

    async def _place_for_comments(self, unit: UnitOfWork, publication: Publication, send: OutboxRow) -> None:
        """What was published is a post of the account's, so that the comments that follow have a place."""
        if publication.kind != "post" or send.ref is None:
            return
        session, key = unit.session, {"account_id": send.account_id, "ref": send.ref}
        await platforms.insert_new(unit, SocialPost, [{**key, "text": "", "ours": True}])
        post = await session.get(SocialPost, (send.account_id, send.ref), populate_existing=True)
        if post is not None:
            # Its webhook, or a comment's, may have been faster: what the platform says of it stays.
            post.ours = True
            post.text = post.text or str(send.payload.get("text") or "")
            post.link = post.link or send.payload.get("link")
            post.published_at = post.published_at or send.sent_at

    async def _owe(self, unit: UnitOfWork, publication: Publication, target: PublicationTarget, one: Fit) -> None:
        now = self.clock.now()
        message = one.message
        row = OutboxRow(
            account_id=target.account_id,
            # A comment's place is the post it goes under; posts wait for nothing but themselves.
            thread=publication.post_ref or publication.id,
            kind=message.kind,
            payload={
                "text": message.text,
                "link": message.link,
                "picture_url": message.picture_url,
                "by_person": True,
                "by": publication.decided_by,
                "publication": publication.id,
            },
            state="queued",
            attempts=0,
            next_at=now,
            created_at=now,
        )
        unit.session.add(row)
        await unit.session.flush()
        target.outbox_id, target.state, target.reason = row.id, "queued", None
        unit.after_commit(self._wake)

    async def _wake(self) -> None:
        self._outbox.wake.set()

    # --- what all of it is made of --------------------------------------------------------------------------------------

    def may(self, viewer: Viewer, publication: Publication) -> list[str]:
        """What ``viewer`` may do with a publication that he may see."""
        state, behind = State(publication.state), _stands_behind(publication)
        return [
            trigger.value
            for (source, trigger), rule in RULES.items()
            if source == state and rule.actor != Actor.SYSTEM and may_cause(viewer, rule, behind)
        ]

    async def found(self, session: AsyncSession, publications: Sequence[Publication]) -> list[Found]:
        """These publications with their targets."""
        by_id: dict[str, list[tuple[PublicationTarget, ChannelAccount, OutboxRow | None]]] = {}
        for row in await repository.targets(session, [one.id for one in publications]):
            by_id.setdefault(row[0].publication_id, []).append(row)
        return [Found(one, by_id.get(one.id, [])) for one in publications]

    async def fits(self, session: AsyncSession, found: Found) -> list[Fit]:
        """How a publication fits each of its accounts now."""
        return await self._fits(session, _content(found.publication), [account for _, account, _ in found.targets])

    async def _fits(self, session: AsyncSession, content: Content, accounts: Iterable[ChannelAccount]) -> list[Fit]:
        fits = []
        for account in accounts:
            summoned = content.post_ref is not None and await repository.is_summoned(
                session, account.id, content.post_ref
            )
            fits.append(fit(self.channels, account, content, summoned=summoned))
        return fits

    def _check_written(self, wanted: Composed, now: datetime) -> None:
        _check_time(wanted.publish_at, now)
        for channel in wanted.variants:
            if self.channels.connector(channel) is None:
                raise PieturaError("unknown_channel", channel=channel)

    async def _check_fits(self, session: AsyncSession, publication: Publication, now: datetime) -> None:
        _check_time(publication.publish_at, now)
        rows = await repository.targets(session, [publication.id])
        _refuse(await self._fits(session, _content(publication), [account for _, account, _ in rows]))

    async def _load(self, session: AsyncSession, viewer: Viewer, publication_id: str) -> Publication:
        _composers_only(viewer)
        found = await repository.visible(session, viewer, publication_id)
        if found is None:
            raise NotFound()
        return found

    async def _target(
        self, session: AsyncSession, publication: Publication, account_id: str
    ) -> tuple[PublicationTarget, ChannelAccount, OutboxRow | None]:
        for target, account, row in await repository.targets(session, [publication.id]):
            if account.id == account_id:
                return target, account, row
        raise NotFound()

    async def _accounts(self, session: AsyncSession, viewer: Viewer, ids: Sequence[str]) -> list[ChannelAccount]:
        """The accounts, in the order in which they were named.

        Raises:
            PieturaError: ``unknown_account``: there is none, or it is not his institution's.
        """
        known = {one.id: one for one in await platforms.accounts(session, ids)}
        for account_id in ids:
            if account_id not in known or not uses(viewer, known[account_id]):
                raise PieturaError("unknown_account", account=account_id)
        return [known[account_id] for account_id in ids]

    async def _check_own(self, session: AsyncSession, viewer: Viewer, publication: Publication) -> None:
        """An editor of an institution changes nothing that goes out on another's accounts."""
        rows = await repository.targets(session, [publication.id])
        if not all(uses(viewer, account) for _, account, _ in rows):
            raise Forbidden()

    def _check_may(self, viewer: Viewer, publication: Publication, trigger: Trigger) -> None:
        rule = allowed(State(publication.state), trigger)
        if rule is None:
            raise _changed(publication)
        if not may_cause(viewer, rule, _stands_behind(publication)):
            own = rule.second_person and viewer.id in _stands_behind(publication)
            raise Forbidden("second_person" if own else None)

    async def _change(
        self,
        unit: UnitOfWork,
        publication: Publication,
        viewer: Viewer | None,
        trigger: Trigger,
        version: int,
        values: dict[str, Any],
        data: dict[str, Any] | None = None,
    ) -> Publication:
        """Moves a publication along one rule, or refuses. ``viewer``: None when time or a platform is the cause."""
        rule = allowed(State(publication.state), trigger)
        if rule is None:
            raise _changed(publication)
        if viewer is not None:
            self._check_may(viewer, publication, trigger)
        before = publication.state
        changed = await repository.set_where(
            unit.session,
            publication.id,
            version,
            before,
            {"state": rule.to.value, "updated_at": self.clock.now(), **values},
        )
        if changed is None:
            await unit.session.refresh(publication)
            raise _changed(publication)
        self._note(unit, self._events(unit), changed, viewer, trigger, before, data or {})
        return changed

    def _note(
        self,
        unit: UnitOfWork,
        events: EventLog,
        publication: Publication,
        viewer: Viewer | None,
        what: str,
        before: str | None,
        data: dict[str, Any],
    ) -> None:
        """Event and trail."""
        by = viewer.id if viewer is not None else None
        people.audit(
            unit.session,
            self.clock.now(),
            by,
            f"publication_{what}",
            publication.id,
            version=publication.version,
            state=publication.state,
            **data,
        )
        events.add(
            "publication",
            None,
            actor_kind="staff" if viewer is not None else "system",
            actor_id=by,
            cause=what,
            from_state=before,
            to_state=publication.state,
            version=publication.version,
            data={"publication": publication.id, **data},
        )

    async def _tell(
        self,
        unit: UnitOfWork,
        publication: Publication,
        target: PublicationTarget,
        account: ChannelAccount,
        send: OutboxRow | None,
    ) -> None:
        """What became of a publication on one account."""
        result = {
            "account": account.id,
            "channel": account.channel,
            "result": target.state,
            "reason": target.reason,
            "ref": send.ref if send is not None else None,
            "at": iso(send.sent_at) if send is not None else None,
        }
        self._events(unit).add(
            "publication_result", None, actor_kind="system", data={"publication": publication.id, **result}
        )

    def _events(self, unit: UnitOfWork) -> EventLog:
        return EventLog(unit, self._bus, self.clock)


def uses(viewer: Viewer, account: ChannelAccount) -> bool:
    """Whether ``viewer`` may publish on an account: an editor of an institution on its own ones only."""
    own = viewer.role != "editor" or viewer.institution_id is None
    return own or account.institution_id == viewer.institution_id


def _composers_only(viewer: Viewer) -> None:
    if not composes(viewer):
        raise Forbidden()


def _stands_behind(publication: Publication) -> frozenset[str]:
    return frozenset(
        one for one in (publication.author_id, publication.edited_by, publication.proposed_by) if one is not None
    )


def _changed(publication: Publication) -> Conflict:
    return Conflict("publication_changed", state=publication.state, version=publication.version)


def _refuse(fits: Sequence[Fit]) -> None:
    """Refuses what does not fit, naming everything that has to be mended."""
    wrong = [(one, problem) for one in fits for problem in one.problems]
    if not wrong:
        return
    first, code = wrong[0]
    problems = [
        {"account": one.account.id, "code": problem, "length": one.length, "limit": one.limit} for one, problem in wrong
    ]
    raise PieturaError(code, account=first.account.name, limit=first.limit, problems=problems)


def _check_time(publish_at: datetime | None, now: datetime) -> None:
    if publish_at is None:
        return
    if publish_at < now:
        raise PieturaError("publish_at_past")
    if publish_at > now + FARTHEST:
        raise PieturaError("publish_at_too_far", days=FARTHEST.days)


def _reason(text: str) -> str:
    text = clean(text)[:1000]
    if not text:
        raise PieturaError("reason_needed")
    return text


def _is_due(publication: Publication, now: datetime) -> bool:
    if publication.state == State.APPROVED:
        return True
    return publication.state == State.SCHEDULED and publication.publish_at is not None and publication.publish_at <= now


def _content(publication: Publication) -> Content:
    return Content(
        cast("OutboundKind", publication.kind),
        publication.text,
        publication.link,
        publication.picture_url,
        publication.variants,
        publication.post_ref,
    )


def _variants(wanted: Composed) -> dict[str, dict[str, Any]]:
    return {
        channel: {"text": clean(variant.text or "") or None, "link": variant.link}
        for channel, variant in wanted.variants.items()
    }


def _post_ref(wanted: Composed, accounts: Sequence[ChannelAccount]) -> str | None:
    if wanted.post is None:
        return None
    if accounts[0].channel not in HOSTS:
        raise PieturaError("comments_not_supported")
    ref = post_ref(accounts[0].channel, wanted.post)
    if ref is None:
        raise PieturaError("bad_post")
    return ref


def _written(viewer: Viewer, wanted: Composed, accounts: Sequence[ChannelAccount], now: datetime) -> dict[str, Any]:
    """The columns that are written by whoever composes."""
    text = clean(wanted.text)
    if not text:
        raise PieturaError("text_empty")
    return {
        "kind": wanted.kind,
        "lang": wanted.lang,
        "text": text,
        "link": wanted.link,
        "picture_url": wanted.picture_url,
        "post_ref": _post_ref(wanted, accounts),
        "variants": _variants(wanted),
        "publish_at": wanted.publish_at,
        "edited_by": viewer.id,
        "updated_at": now,
    }


def _targets(publication_id: str, accounts: Iterable[ChannelAccount]) -> list[PublicationTarget]:
    return [PublicationTarget(publication_id=publication_id, account_id=one.id, state="waiting") for one in accounts]


def _plain(text: object) -> str:
    return " ".join(clean(str(text or "")).split())
