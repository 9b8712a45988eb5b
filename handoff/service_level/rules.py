"""The rules of the clocks, pure: when each starts, stands still, goes on and stops, and what its instants are.

========================  ============================  ===============================  =====================================
kind                      starts                        stands still                     stops
========================  ============================  ===============================  =====================================
``waiting``               each time it enters the queue never; router's offers change    taken, left, ended
                                                        nothing
``first_response``        first queued, no answer yet;  never                            a person has answered, left, ended,
                          not for comments                                               given back to the assistant
``handling``              a person has taken it         ``on_hold``, ``level2``          back in the queue, with the assistant,
                                                                                         the citizen gone, ended
``resolution``            queued                        a person spoke last: it is the   the citizen gone, ended, given back
                                                        citizen's turn
``level2``                brought to an institution     never                            the specialist has answered, the citizen
                                                                                         or in a note the operator, or his part
                                                                                         is over
``comment``               written, by the platform      never                            answered by anybody, withdrawn, ended
========================  ============================  ===============================  =====================================

All run in working time (R14): a night costs nobody anything, and no promise is kept by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from handoff.board.picture import begins_wait, ended_how, ends_wait
from handoff.conversations.schemas import WEBCHAT
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level.models import LevelClock
from handoff.state_machine import ENDED, State

Kind = Literal["waiting", "first_response", "handling", "resolution", "level2", "comment"]
KINDS: Final[tuple[Kind, ...]] = ("waiting", "first_response", "handling", "resolution", "level2", "comment")
#: Shares of the target, in percent, at which somebody is told.
MARKS: Final = (50, 80)
_DUE: Final = 100
_MICROSECOND: Final = timedelta(microseconds=1)

Act = Literal["start", "stop", "pause", "resume"]


@dataclass(frozen=True)
class Step:
    """What a change of state does to the clock of one kind; ``cause``: why it stops."""

    kind: Kind
    act: Act
    cause: str = ""


def steps(before: State, after: State, *, held: bool) -> list[Step]:
    """What a change of state means for the clocks that state alone decides; a step on a clock that does not run is nothing.

    ``held``: whether somebody holds the conversation afterwards: a colleague's offer keeps its holder, the router's has none.
    """
    found: list[Step] = []
    if begins_wait(before, after):
        found.append(Step("waiting", "start"))
    elif ends_wait(before, after):
        found.append(Step("waiting", "stop", ended_how(after)))
    if after == State.QUEUED and before == State.BOT:
        found += [Step("first_response", "start"), Step("resolution", "start")]
    over = _over(after)
    if over:
        found += [Step("first_response", "stop", over), Step("resolution", "stop", over)]
    elif not _citizens_turn_possible(after, held=held):
        found.append(Step("resolution", "resume"))
    if after == State.ACTIVE and before in (State.QUEUED, State.OFFERED):
        found.append(Step("handling", "start"))
    if after in (State.ON_HOLD, State.LEVEL2):
        found.append(Step("handling", "pause"))
    elif after == State.ACTIVE or (after == State.OFFERED and held):
        found.append(Step("handling", "resume"))
    else:
        found.append(Step("handling", "stop", over or "waits_again"))
    if after == State.LEVEL2 and before != State.LEVEL2:
        found.append(Step("level2", "start"))
    elif before == State.LEVEL2 and after != State.LEVEL2:
        found.append(Step("level2", "stop", "ended"))
    return found


def _over(after: State) -> str:
    """Why the service of a person is over in this state; empty while it is not."""
    if after == State.ABANDONED:
        return "left"
    if after in ENDED or after == State.WRAP_UP:
        return "ended"
    return "returned" if after == State.BOT else ""


def _citizens_turn_possible(state: State, *, held: bool) -> bool:
    return state == State.ACTIVE or (state == State.OFFERED and held)


def citizens_turn(state: State) -> bool:
    """Whether a person's word makes it the citizen's turn: at level 2 it is the institution that is waited for."""
    return state in (State.ACTIVE, State.OFFERED)


def measure_of(kind: Kind, channel: str, *, promised: bool = True) -> str | None:
    """By which target a clock is judged; None where nothing is promised.

    In the web chat the beginning is due, on platforms the answer (R13). Who waits again because a console was gone was made no
    new promise.
    """
    match kind:
        case "waiting":
            return "chat_begun" if channel == WEBCHAT and promised else None
        case "first_response":
            return "first_response" if channel == WEBCHAT else "social_answered"
        case "comment":
            return "social_answered"
        case "level2":
            return "level2_answered"
        case _:
            return kind


# --- one clock --------------------------------------------------------------------------------------------------------------


def started(
    calendar: WorkingCalendar, conversation_id: str, kind: Kind, channel: str, at: datetime, target: timedelta | None
) -> LevelClock:
    """A clock that starts at ``at``, with everything computed ahead."""
    row = LevelClock(
        conversation_id=conversation_id,
        kind=kind,
        channel=channel,
        started_at=at,
        target_s=None if target is None else int(target.total_seconds()),
        told=0,
        spent_us=0,
        runs_from=None,
    )
    resume(row, calendar, at)
    return row


def resume(row: LevelClock, calendar: WorkingCalendar, at: datetime) -> None:
    """It runs from ``at`` on; what is left of its time is due. What has passed already stays as it was."""
    if row.runs_from is not None or row.stopped_at is not None:
        return
    row.runs_from = at
    if row.target_s is None:
        return
    target, spent = timedelta(seconds=row.target_s), row.spent_us * _MICROSECOND
    if row.warn_50_at is None:
        row.warn_50_at = calendar.add_working(at, max(timedelta(), target * 0.5 - spent))
    if row.warn_80_at is None:
        row.warn_80_at = calendar.add_working(at, max(timedelta(), target * 0.8 - spent))
    if row.due_at is None:
        row.due_at = calendar.add_working(at, max(timedelta(), target - spent))
    plan(row)


def pause(row: LevelClock, calendar: WorkingCalendar, at: datetime) -> None:
    """It stands still from ``at`` on: nothing is due until it goes on. What has passed by then has passed."""
    if row.runs_from is None or row.stopped_at is not None:
        return
    _spend(row, calendar, at)
    for name in ("warn_50_at", "warn_80_at", "due_at"):
        mark: datetime | None = getattr(row, name)
        if mark is not None and mark >= at:
            setattr(row, name, None)
    plan(row)


def stop(row: LevelClock, calendar: WorkingCalendar, at: datetime, cause: str) -> None:
    """It is over; ``spent_us`` is then all of its working time."""
    _spend(row, calendar, at)
    row.stopped_at, row.cause = at, cause
    plan(row)


def _spend(row: LevelClock, calendar: WorkingCalendar, at: datetime) -> None:
    if row.runs_from is not None:
        row.spent_us += calendar.working_between(row.runs_from, at) // _MICROSECOND
    row.runs_from = None


def plan(row: LevelClock) -> None:
    """When there is something to tell next."""
    marks = {50: row.warn_50_at, 80: row.warn_80_at, _DUE: row.due_at}
    row.next_at = None
    if row.stopped_at is None and row.runs_from is not None:
        row.next_at = next((at for share, at in marks.items() if at is not None and share > row.told), None)


def passed(row: LevelClock, at: datetime) -> int:
    """How far a running clock has got by ``at``: 0, 50, 80, or 100 once its time is over."""
    if row.due_at is not None and at > row.due_at:
        return _DUE
    if row.warn_80_at is not None and at >= row.warn_80_at:
        return 80
    return 50 if row.warn_50_at is not None and at >= row.warn_50_at else 0


def breaks(row: LevelClock, at: datetime) -> bool:
    """Whether its time had passed by ``at`` and nobody has put that on record."""
    return row.due_at is not None and row.breached_at is None and at > row.due_at
