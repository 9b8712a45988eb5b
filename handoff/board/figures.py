"""The board's figures, as pure rules over a picture: every figure is a count of rows, and the rows of each can be listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from handoff.board.picture import Ended, Picture, Talk, Wait
from handoff.channels.response_times import FIGURES as POST_FIGURES
from handoff.channels.response_times import Judged
from handoff.conversations.schemas import WEBCHAT
from handoff.level2.service import LATE, SOON
from handoff.queue.models import COMMON
from handoff.service_clock.service import WorkingCalendar
from handoff.state_machine import State

#: Shares that are to be reached (R13), until an administrator sets others (:mod:`handoff.service_level.targets`): chats begun in
#: time, posts answered in time, requests solved without level 2 (there more than that share is asked for).
TARGETS: Final[Mapping[str, Fraction]] = {
    "chats": Fraction(95, 100),
    "posts": Fraction(95, 100),
    "solved": Fraction(80, 100),
}
WINDOWS: Final = ("hour", "today")
#: Outcomes in which the request was dealt with.
SOLVED: Final = frozenset({"resolved", "answered", "referred"})
#: What was no request to be solved. Whoever left the queue has a figure of his own.
NO_REQUEST: Final = frozenset({"spam", "duplicate", "no_reply", "abandoned"})
#: By what the present can be divided. One line more divides it by one thing more.
GROUPS: Final[Mapping[str, Callable[[Talk], str | None]]] = {
    "institution": lambda talk: talk.institution_id,
    "channel": lambda talk: talk.channel,
    # What waits in no queue of its own waits in the common one, as the router has it.
    "queue": lambda talk: talk.queue_id or (COMMON if talk.waits else None),
    "centre": lambda talk: talk.centre_id,
    "language": lambda talk: talk.lang,
}


@dataclass(frozen=True)
class Rules:
    """What figures are judged by: working time, and the targets of the policy."""

    calendar: WorkingCalendar
    chat_target: timedelta
    level2_target: timedelta
    targets: Mapping[str, Fraction] = field(default_factory=lambda: TARGETS)

    def due(self, wait: Wait) -> datetime:
        """Until when a person should have begun in the web chat."""
        return self.calendar.add_working(wait.began_at, self.chat_target)

    def pressing(self, talk: Talk, at: datetime) -> str | None:
        """How far the specialists' clock has run: ``calm``, ``soon`` (half), ``late`` (four fifths), ``over``; None without."""
        if talk.level2_since is None or talk.level2_due_at is None or talk.level2_answered:
            return None
        if at > talk.level2_due_at:
            return "over"
        for name, share in (("late", LATE), ("soon", SOON)):
            if at >= self.calendar.add_working(talk.level2_since, self.level2_target * share):
                return name
        return "calm"


# --- now ------------------------------------------------------------------------------------------------------------------


def now_rows(picture: Picture, rules: Rules) -> dict[str, list[Talk]]:
    """The conversations behind each figure of the present."""
    found: dict[str, list[Talk]] = {
        name: []
        for name in (
            "waiting",
            "in_service",
            "wrap_up",
            "with_assistant",
            "level2",
            "level2_soon",
            "level2_late",
            "level2_over",
        )
    }
    for talk in picture.talks:
        if talk.waits:
            found["waiting"].append(talk)
        elif talk.served:
            found["in_service"].append(talk)
        elif talk.state == State.WRAP_UP:
            found["wrap_up"].append(talk)
        else:
            found["with_assistant"].append(talk)
        if talk.state == State.LEVEL2:
            found["level2"].append(talk)
            pressing = rules.pressing(talk, picture.at)
            if pressing in ("soon", "late", "over"):
                found[f"level2_{pressing}"].append(talk)
    return found


def oldest(talks: Sequence[Talk]) -> Talk | None:
    """Who has waited longest."""
    waiting = [(talk.waiting_since, talk.id, talk) for talk in talks if talk.waiting_since is not None]
    return min(waiting)[2] if waiting else None


# --- in a window ----------------------------------------------------------------------------------------------------------


def window_rows(picture: Picture, posts: Sequence[Judged], rules: Rules, since: datetime) -> dict[str, list[str]]:
    """Ids of the conversations behind each figure of what happened from ``since`` on.

    Waits and posts belong to the window that they began in, ends to the one that they ended in.
    """
    found: dict[str, list[str]] = {name: [] for name in _WINDOW_FIGURES}
    for wait in picture.waits:
        if wait.promised and wait.began_at >= since:
            _wait_row(found, wait, rules, picture.at)
    for post in posts:
        if post.comment.created_at >= since and POST_FIGURES["counted"](post):
            found["posts"].append(post.comment.conversation_id)
            in_time = POST_FIGURES["in_time"](post)
            found["posts_in_time" if in_time else "posts_late"].append(post.comment.conversation_id)
    for end in picture.ended:
        if end.at >= since:
            _end_row(found, end)
    found["level2_overdue"] = [one.id for one in picture.breaches if one.at >= since]
    return found


_WINDOW_FIGURES: Final = (
    "begun",
    "abandoned",
    "chats",
    "chats_in_time",
    "chats_late",
    "posts",
    "posts_in_time",
    "posts_late",
    "requests",
    "solved",
    "not_solved",
    "ended",
    "contained",
    "level2_overdue",
)


def _wait_row(found: dict[str, list[str]], wait: Wait, rules: Rules, at: datetime) -> None:
    found["begun"].append(wait.id)
    if wait.how == "left":
        found["abandoned"].append(wait.id)
    if wait.channel != WEBCHAT:
        # On platforms the answer is due, not its beginning: those are posts.
        return
    due = rules.due(wait)
    if wait.how == "taken":
        in_time = wait.ended_at is not None and wait.ended_at <= due
    elif (wait.ended_at or at) > due:
        in_time = False
    else:
        # He waits and is still in time, or left before he was owed anything: there is nothing to judge.
        return
    found["chats"].append(wait.id)
    found["chats_in_time" if in_time else "chats_late"].append(wait.id)


def _end_row(found: dict[str, list[str]], end: Ended) -> None:
    found["ended"].append(end.id)
    if end.outcome in NO_REQUEST:
        return
    found["requests"].append(end.id)
    solved = end.level < 2 and end.outcome in SOLVED
    found["solved" if solved else "not_solved"].append(end.id)
    if end.level == 0 and not end.queued and end.outcome in SOLVED:
        found["contained"].append(end.id)


@dataclass(frozen=True)
class Share:
    """``part`` of ``whole``; ``met`` is None where nothing is to be judged."""

    part: int
    whole: int
    met: bool | None = None


#: Share → the figures it is made of.
SHARES: Final[Mapping[str, tuple[str, str]]] = {
    "chats": ("chats_in_time", "chats"),
    "posts": ("posts_in_time", "posts"),
    "solved": ("solved", "requests"),
    "contained": ("contained", "requests"),
    "abandoned": ("abandoned", "begun"),
}


def shares(rows: Mapping[str, Sequence[str]], targets: Mapping[str, Fraction] = TARGETS) -> dict[str, Share]:
    """The shares of a window. Exact: 94.99 % does not meet 95 %, and exactly 80 % is not more than 80 %."""
    found = {}
    for name, (part_name, whole_name) in SHARES.items():
        part, whole = len(rows[part_name]), len(rows[whole_name])
        met: bool | None = None
        if whole and name in targets:
            reached = Fraction(part, whole)
            met = reached > targets[name] if name == "solved" else reached >= targets[name]
        found[name] = Share(part, whole, met)
    return found


@dataclass(frozen=True)
class Longest:
    """The longest wait: in working time, since nobody can be blamed for a night."""

    wait: Wait
    working: timedelta
    whole: timedelta


def longest(picture: Picture, rules: Rules, since: datetime) -> Longest | None:
    """The longest wait that ended since then or still goes on; None when nobody waited."""
    found: list[Longest] = []
    for wait in picture.waits:
        end = wait.ended_at or picture.at
        if end >= since:
            found.append(Longest(wait, rules.calendar.working_between(wait.began_at, end), end - wait.began_at))
    return max(found, key=lambda one: (one.working, one.whole, one.wait.id)) if found else None
