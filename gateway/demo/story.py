"""How made-up conversations go: most end with the assistant, some wait for a person, a few go on to an institution.

Shares and times are chosen to look like a service that does well and not perfectly; nothing is measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.demo.talk import Account, Colleague, Talk, World
from handoff.state_machine import Actor, State
from kit.clock import RIGA

#: Channels with their shares: the web chat most.
_WEB: Final = 0.74
_LANGUAGES: Final = (("lv", 70), ("ru", 23), ("en", 7))
_PERSON: Final = 0.3
#: Whose institution has specialists in the demo.
_LEVEL2: Final = 0.34
#: How soon after being asked for a person begins, by centre: share within the promise.
_PROMPT: Final = {"riga": 0.99, "valmiera": 0.995, "daugavpils": 0.95}
_SCORES: Final = ((5, 52), (4, 24), (3, 11), (2, 5), (1, 8))
_OFFERS: Final = "offers"


@dataclass
class Follower:
    """Somebody on a platform, who may come again."""

    identity_id: str
    author_id: str
    name: str
    account: Account
    lang: str
    first_seen_at: datetime
    citizen: bool = False


@dataclass
class Told:
    """A conversation that is over, with whom it was."""

    talk: Talk
    follower: Follower | None


@dataclass
class Stories:
    """Makes one after another; remembers who was there."""

    world: World
    now: datetime
    followers: list[Follower] = field(default_factory=list)
    fresh: list[Follower] = field(default_factory=list)
    _threads: int = 0
    _last_in_browser: str | None = None

    def tell(self, opened_at: datetime) -> Told | None:
        """A conversation that began then; None if it would not be over by now."""
        chance = self.world.chance
        if chance.random() < _WEB:
            return self._over(self._in_web_chat(opened_at), None)
        account = chance.choice(self.world.accounts)
        follower = self._follower(account, opened_at)
        comment = account.channel != "telegram" and chance.random() < 0.55
        talk = self._talk(opened_at, follower.lang, account, comment=comment)
        self._threads += 1
        thread = f"made-up-{self._threads}" if comment else follower.author_id
        talk.live_on(account, thread, follower.author_id, follower.name)
        return self._over(self._comment(talk, account) if comment else self._direct(talk), follower)

    def _over(self, talk: Talk, follower: Follower | None) -> Told | None:
        ended = talk.row.rated_at or talk.row.closed_at
        if ended is None or ended >= self.now - timedelta(minutes=2):
            return None
        return Told(talk, follower)

    def _follower(self, account: Account, at: datetime) -> Follower:
        world, chance = self.world, self.world.chance
        known = [one for one in self.followers[-90:] if one.account is account]
        if known and chance.random() < 0.38:
            return chance.choice(known)
        number = f"{chance.randrange(10**9, 10**10)}"
        made = Follower(world.id(), number, world.stock.name(), account, self._language(), at)
        self.followers.append(made)
        self.fresh.append(made)
        return made

    def _language(self) -> str:
        return self.world.chance.choices([one for one, _ in _LANGUAGES], [share for _, share in _LANGUAGES])[0]

    def _talk(self, at: datetime, lang: str, account: Account | None, *, comment: bool = False) -> Talk:
        about = account.institution_id if account is not None and self.world.chance.random() < 0.8 else None
        return Talk(self.world, at, lang, self.world.stock.subject(about), account, comment=comment)

    # --- ways ---------------------------------------------------------------------------------------------------------

    def _in_web_chat(self, opened_at: datetime) -> Talk:
        chance = self.world.chance
        talk = self._talk(opened_at, self._language(), None)
        talk.row.page = "/demo"
        if self._last_in_browser is not None and chance.random() < 0.05:
            talk.row.previous_id = self._last_in_browser
        self._last_in_browser = talk.row.id
        talk.greet()
        self._with_assistant(talk)
        if chance.random() < _PERSON:
            self._ask_for_person(talk)
        else:
            self._leave_assistant(talk)
        self._rate(talk)
        return talk

    def _direct(self, talk: Talk) -> Talk:
        self._with_assistant(talk)
        if self.world.chance.random() < _PERSON + 0.1:
            self._ask_for_person(talk)
        else:
            self._leave_assistant(talk)
        return talk

    def _comment(self, talk: Talk, account: Account) -> Talk:
        chance, lang = self.world.chance, talk.row.lang
        talk.understood()
        question, answer = chance.choice(talk.subject.questions[lang]), chance.choice(talk.subject.answers[lang])
        if account.answers_comments and chance.random() < 0.45:
            talk.ask(question, "answered")
            talk.say("assistant", answer, extras=self._source(talk))
            talk.answered_in_public()
            self._idle(talk, "answered")
            return talk
        talk.ask(question, "handoff")
        talk.queue("comment_unsure" if account.answers_comments else "comment_policy")
        by = self._wait(talk, chance.random() < 0.985, 900, 5200)
        talk.take(by)
        talk.at += self.world.some(45, 12)
        talk.say("operator", answer.split("\n")[0], by)
        talk.at += self.world.some(50, 8)
        self._close(talk, by, "resolved" if chance.random() < 0.86 else "referred")
        return talk

    def _with_assistant(self, talk: Talk) -> None:
        world, chance, lang = self.world, self.world.chance, talk.row.lang
        subject, stock = talk.subject, world.stock
        talk.at += world.some(25, 4)
        turn = chance.random()
        if turn < 0.1:
            talk.ask(stock.line("unclear", lang), "clarify")
            talk.say("assistant", stock.line("back", lang))
            talk.at += world.some(20, 6)
        elif turn < 0.14:
            talk.ask(stock.line("unclear", lang), "out_of_scope")
            talk.say("assistant", stock.line("outside", lang))
            return
        talk.understood()
        asked = list(subject.questions[lang])
        answers = list(subject.answers[lang])
        for number in range(chance.choices((1, 2, 3), (62, 28, 10))[0]):
            question = chance.choice(asked) if number == 0 else stock.line("again", lang)
            talk.ask(question, "answered")
            talk.say("assistant", answers[min(number, len(answers) - 1)], extras=self._source(talk))
            talk.at += world.some(40, 8)

    def _source(self, talk: Talk) -> dict[str, Any]:
        return {"source": dict(talk.subject.source)} if talk.subject.source else {}

    def _leave_assistant(self, talk: Talk) -> None:
        world, chance, lang = self.world, self.world.chance, talk.row.lang
        context = talk.row.context
        if context.get("answers") and chance.random() < 0.34:
            helped = chance.random() < 0.86
            talk.ask(
                world.texts.text(lang, "helped.button_yes" if helped else "helped.button_no"),
                "smalltalk",
                "helped:yes" if helped else "helped:no",
            )
            talk.row.context = {**talk.row.context, "helped": helped}
            talk.say("assistant", world.texts.text(lang, "helped.yes" if helped else "helped.no"))
        outcome = (
            "resolved" if talk.row.context.get("helped") else "answered" if context.get("answers") else "unanswered"
        )
        if talk.account is None and chance.random() < 0.3:
            talk.at += world.some(20, 3)
            talk.note("broker.closed")
            talk.end(outcome, Actor.CITIZEN, "citizen_ended")
        else:
            self._idle(talk, outcome)

    def _idle(self, talk: Talk, outcome: str) -> None:
        talk.at += self.world.policy.idle_bot + self.world.some(4)
        talk.note("broker.closed_idle")
        talk.end(outcome, Actor.SYSTEM, "idle")

    def _ask_for_person(self, talk: Talk) -> None:
        world, chance, lang = self.world, self.world.chance, talk.row.lang
        pick = chance.random()
        talk.at += world.some(12, 2)
        if pick < 0.2 and talk.row.context.get("answers"):
            talk.ask(world.texts.text(lang, "helped.button_no"), "smalltalk", "helped:no")
            talk.row.context = {**talk.row.context, "helped": False}
            reason = "not_helped"
        elif pick < 0.32:
            talk.ask(world.stock.line("unclear", lang), "clarify")
            reason = "failed_twice"
        else:
            talk.ask(world.stock.line("person", lang), "handoff")
            reason = "asked" if pick < 0.9 else "complaint" if pick < 0.94 else "no_answer"
        talk.queue(reason)
        open_now = world.calendar.is_open(talk.at)
        if talk.account is None and chance.random() < (0.02 if open_now else 0.85):
            talk.at += world.some(40, 12) if open_now else world.policy.abandon_after + world.some(60)
            talk.note("broker.closed")
            talk.end("abandoned", Actor.CITIZEN if open_now else Actor.SYSTEM, "gone", state=State.ABANDONED)
            return
        self._serve(talk)

    def _serve(self, talk: Talk) -> None:
        world, chance, lang = self.world, self.world.chance, talk.row.lang
        chat = talk.account is None
        prompt = chance.random() < (0.99 if world.calendar.is_open(talk.at) else 0.92)
        by = self._wait(talk, prompt, 8 if chat else 800, 75 if chat else 4600)
        talk.take(by)
        talk.at += world.some(18, 5)
        talk.say("operator", world.stock.line("hello", lang, name=by.first_name), by)
        talk.at += world.some(35, 8)
        talk.say("citizen", world.stock.line("detail", lang))
        talk.at += world.some(70, 15)
        specialist = world.specialists.get(talk.row.institution_id or "")
        outcome = chance.choices(("resolved", "referred", "unresolved", "answer_later"), (84, 9, 4, 3))[0]
        if specialist is not None and chance.random() < _LEVEL2:
            self._level2(talk, by, specialist)
            outcome = "resolved_level2" if outcome == "resolved" else outcome
        else:
            talk.say("operator", chance.choice(talk.subject.answers[lang]).split("\n")[0], by)
        if chance.random() < 0.06:
            talk.at += timedelta(minutes=11) + world.some(120)
            self._close(talk, by, "no_reply")
            return
        talk.at += world.some(45, 8)
        talk.say("citizen", world.stock.line("thanks", lang))
        if chance.random() < 0.25 and chat:
            talk.at += world.some(6)
            talk.leave()
            talk.at += world.some(40, 6)
        else:
            talk.at += world.some(20, 5)
            talk.say("operator", world.stock.line("bye", lang), by)
            talk.at += world.some(40, 8)
        self._close(talk, by, outcome)

    def _level2(self, talk: Talk, by: Colleague, specialist: Colleague) -> None:
        world, chance, lang = self.world, self.world.chance, talk.row.lang
        talk.say("operator", world.stock.line("bring", lang), by)
        talk.at += world.some(8, 2)
        institution = talk.row.institution_id or ""
        talk.bring_in(by, institution, institution.upper())
        hours = chance.uniform(0.05, 2.5) if chance.random() < 0.6 else chance.uniform(2, 9.8)
        if chance.random() < 0.05:
            hours = chance.uniform(10.2, 15)
        talk.at = world.calendar.add_working(talk.at, timedelta(hours=hours))
        talk.join(specialist, institution.upper())
        talk.at += world.some(60, 15)
        talk.say("specialist", world.stock.line("specialist", lang), specialist)
        talk.at += world.some(90, 20)
        talk.level2_over(by)

    def _wait(self, talk: Talk, prompt: bool, about: float, long: float) -> Colleague:
        """Until a person begins: soon, or late; at night until the morning. Who it is, of those at work."""
        world, chance = self.world, self.world.chance
        asked_at = world.calendar.next_opening(talk.at)
        promise = world.policy.chat_target if talk.account is None else world.policy.comment_target
        margin = timedelta(seconds=2) if talk.account is None else timedelta(minutes=6)
        wait = world.some(about, 2)
        wait = min(wait, promise - margin) if prompt else promise + world.some(long, 4)
        at = world.calendar.add_working(asked_at, wait)
        by = self._at_work(talk, at)
        if prompt and chance.random() > _PROMPT.get(by.centre_id or "", 1.0):
            at = world.calendar.add_working(asked_at, promise + world.some(long, 4))
        if any(queue.id == talk.row.queue_id and queue.mode == _OFFERS for queue in world.queues):
            talk.at = talk.at if at - talk.at < timedelta(seconds=3) else at - timedelta(seconds=2)
            talk.offer(by)
        talk.at = max(at, talk.at)
        return by

    def _at_work(self, talk: Talk, at: datetime) -> Colleague:
        world, lang = self.world, talk.row.lang
        there = world.roster.get(at.astimezone(RIGA).date(), {})
        known = [one for one in world.operators if lang in one.languages] or list(world.operators)
        ready = [one for one in known if one.id in there and there[one.id].there(at)]
        ready = ready or [one for one in known if one.id in there] or known
        weights = [5 if one.centre_id == "riga" else 3 if one.centre_id == "valmiera" else 2.6 for one in ready]
        return world.chance.choices(ready, weights)[0]

    def _close(self, talk: Talk, by: Colleague, outcome: str) -> None:
        world, chance = self.world, self.world.chance
        talk.row.topic = talk.subject.topic if talk.row.service_id else "other"
        if chance.random() < 0.3:
            talk.row.closing_comment = world.stock.line("remark", "lv")
        if talk.row.state != State.WRAP_UP:
            talk.note("broker.closed")
        talk.end(outcome, Actor.STAFF, "close", by)

    def _rate(self, talk: Talk) -> None:
        chance, world = self.world.chance, self.world
        served = talk.row.taken_at is not None
        if talk.row.closed_at is None or chance.random() > (0.34 if served else 0.12):
            return
        talk.at += world.some(25, 4)
        score = chance.choices([one for one, _ in _SCORES], [share for _, share in _SCORES])[0]
        comment = None
        if chance.random() < 0.2 and score != 3:
            comment = world.stock.line("praise" if score > 3 else "blame", talk.row.lang)
        talk.rate(score, comment)
