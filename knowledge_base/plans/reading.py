"""What a citizen's words mean as the answer to a question of a plan: one answer, or why it is none.

What is not plain is no answer: it is asked again, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from kit.i18n import LANGUAGES
from knowledge_base.plans.content import NO, SKIPPED, YES, Option, Step
from knowledge_base.text import fold, tokens

#: Characters of a free answer that are kept.
TEXT_LIMIT: Final = 600
_WORDS_OF_A_CHOICE = 8
_WORDS_OF_A_NUMBER = 6
_YES = re.compile(
    r"(ja|jaa+|jap|aha|protams|labi|var|der|ok|okei|да|ага|конечно|хорошо|давай|yes|yeah|yep|sure|of course)"
)
_NO = re.compile(r"(ne|nee+|nav|nevajag|negribu|нет|не|не надо|no|nope|not)")
_NEGATED = frozenset(("ne", "nevis", "nav", "nevajag", "не", "нет", "not", "no", "without", "bez", "без"))
_POLITE = frozenset(
    (
        "ludzu",
        "paldies",
        "пожалуйста",
        "спасибо",
        "please",
        "thanks",
        "thank",
        "you",
        "tad",
        "nu",
        "ну",
        "well",
        "man",
        "мне",
    )
)
_ORDINALS: Final = (
    re.compile(r"(1|pirm\w+|перв\w+|(the )?first( one)?)"),
    re.compile(r"(2|otr\w+|втор\w+|(the )?second( one)?)"),
    re.compile(r"(3|tres\w+|трет\w+|(the )?third( one)?)"),
    re.compile(r"(4|ceturt\w+|четверт\w+|(the )?fourth( one)?)"),
    re.compile(r"(5|piekt\w+|пят\w+|(the )?fifth( one)?)"),
    re.compile(r"(6|sest\w+|шест\w+|(the )?sixth( one)?)"),
    re.compile(r"(7|septit\w+|седьм\w+|(the )?seventh( one)?)"),
    re.compile(r"(8|astot\w+|восьм\w+|(the )?eighth( one)?)"),
)
_CANCEL = re.compile(
    r"(partrau\w+|atcel\w+|stop|beidz\w*|pietiek|nevajag vairs|negribu vairs|отмен\w+|стоп|хватит|прекрат\w+|не хочу больше|"
    r"cancel|quit|exit|never ?mind)( (to|sarunu|visu|это|все|it|this))?"
)
_BACK = re.compile(
    r"((soli |vienu soli )?atpakal( soli)?|назад|(на )?шаг назад|(go )?back|(one )?step back|iepriekseja\w*)"
)
_CORRECT = re.compile(
    r"((gribu |velos )?(labot|laboju|labos|labojum[su]|izlab\w+|izmain\w+)( atbildi)?|"
    r"(es )?kludijos|nepareizi( ierakstiju| uzrakstiju)?|"
    r"(хочу )?исправ\w+( ответ)?|(я )?ошиб\w+|неправильно|(i )?made a mistake|mistake|"
    r"(i want to )?(correct|change)( (it|my answer))?|(that'?s )?wrong)"
)
_GO_ON = re.compile(
    r"((ja )?turpin\w+|talak|ejam talak|(да )?продолж\w+|дальше|(yes )?(let'?s )?(go on|continue)|next|resume)"
)
_SKIP = re.compile(
    r"((es )?izlaist|izlaizam|izlaidisim|izlaidiet|parlec\w*|nezinu|neatceros|nav ko (piebilst|teikt)|nevelos (teikt|atbildet)|"
    r"пропусти\w*|не знаю|не помню|нечего (добавить|сказать)|не хочу (говорить|отвечать)|"
    r"skip( (it|this))?|pass|i don'?t (know|remember)|nothing( to add)?|i'?d rather not say)"
)
_NUMBER = re.compile(
    r"(?<![\w.,])-?\d{1,3}(?:[ \u00a0]\d{3})+(?:[.,]\d+)?(?![\w])|(?<![\w.,])-?\d+(?:[.,]\d+)?(?![\w])"
)
_DAY = re.compile(r"\b(\d{1,2})[./-](\d{1,2})[./-](\d{4})\b")
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_DAY_ONLY = re.compile(r"\b\d{1,2}[./]\d{1,2}\b")
_YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
_DAY_NUMBER = re.compile(r"\b(\d{1,2})\b")
_MONTHS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(janv\w*|янв\w*|jan\w*)",
        r"\b(febr\w*|фев\w*|feb\w*)",
        r"\b(mart\w*|март\w*|mar(ch)?\b)",
        r"\b(apr\w*|апр\w*)",
        r"\b(maij\w*|ма[йяею]\b|may\b)",
        r"\b(jun\w*|июн\w*)",
        r"\b(jul\w*|июл\w*)",
        r"\b(aug\w*|авг\w*)",
        r"\b(sept\w*|сент\w*|sep\b)",
        r"\b(okt\w*|окт\w*|oct\w*)",
        r"\b(nov\w*|ноя\w*)",
        r"\b(dec\w*|дек\w*)",
    )
)
_TODAY = re.compile(r"(sodien|сегодня|today)")
_YESTERDAY = re.compile(r"(vakar|вчера|yesterday)")
_TOMORROW = re.compile(r"(rit|ritdien|завтра|tomorrow)")
_FIRST_YEAR = 1900


@dataclass(frozen=True)
class Given:
    """An answer: the option's id, ``yes`` or ``no``, ``YYYY-MM-DD``, a number, or the words."""

    value: str | float | int


@dataclass(frozen=True)
class Miss:
    """No answer, and why: ``plan.miss.<why>`` says it. ``unlike``: it does not even look like one, and may be something else."""

    why: str
    unlike: bool = True
    values: dict[str, Any] | None = None


def wish(text: str) -> str | None:
    """What is wanted of the plan itself: ``cancel``, ``back``, ``correct`` or ``go_on``; None: nothing of the kind."""
    said = _bare(text)
    for name, pattern in (("cancel", _CANCEL), ("back", _BACK), ("correct", _CORRECT), ("go_on", _GO_ON)):
        if pattern.fullmatch(said):
            return name
    return None


def yes_or_no(text: str) -> str | None:
    """``yes``, ``no``, or None for what is neither."""
    words = [word for word in _bare(text).split() if word not in _POLITE]
    said = " ".join(words)
    if _YES.fullmatch(said) or (len(words) in (2, 3) and _YES.fullmatch(words[0]) and not _NEGATED & set(words[1:])):
        return YES
    if _NO.fullmatch(said):
        return NO
    return None


def read(step: Step, text: str, today: date) -> Given | Miss:
    """What ``text`` says to the question of ``step``.

    Args:
        step: an ``ask``, or a ``do`` (then ``done`` or ``stuck``).
        text: the citizen's words, masked.
        today: in Riga.
    """
    if step.kind == "do":
        return _done(text)
    if step.optional and _SKIP.fullmatch(_bare(text)):
        return Given(SKIPPED)
    match step.answer:
        case "choice":
            return _choice(step.options, text)
        case "yes_no":
            said = yes_or_no(text)
            return Given(said) if said is not None else Miss("yes_no")
        case "number":
            return _number(step, text)
        case "date":
            return _day(step, text, today)
        case _:
            said = " ".join(text.split())
            return Given(said[:TEXT_LIMIT]) if any(c.isalnum() for c in said) else Miss("text")


def accepts(step: Step, value: str) -> Given | None:
    """A button's value as an answer; None when the step has no such button."""
    if step.kind == "do":
        return Given(value) if value in ("done", "stuck") else None
    if step.answer == "yes_no":
        return Given(value) if value in (YES, NO) else None
    if step.optional and value == SKIPPED:
        return Given(SKIPPED)
    if step.answer == "choice" and any(option.id == value for option in step.options):
        return Given(value)
    return None


_DONE = re.compile(
    r"((es )?(jau )?(izdariju|gatavs|gatava|padarits|izdarits|izdevas|tiku gala|sanaca)|ja|"
    r"(я )?(уже )?(сделал\w*|готово|получилось|есть)|да|"
    r"(i'?m )?(done|did it|it worked|ready|i did it|finished)|yes)"
)
_STUCK = re.compile(
    r"((man )?(nesanak\w*|neizdod\w*|neizdevas|nestrada)|nevaru|netieku( gala| talak)?|"
    r"(у меня )?не (получается|получилось|могу|выходит|работает)|"
    r"(it )?(doesn'?t|does not|didn'?t|did not) work( out)?|(i('?m| am) )?stuck|(i )?can'?t( do it)?)"
)


def _done(text: str) -> Given | Miss:
    said = " ".join(word for word in _bare(text).split() if word not in _POLITE) or _bare(text)
    if _DONE.fullmatch(said) or wish(text) == "go_on":
        return Given("done")
    if _STUCK.fullmatch(said) or yes_or_no(text) == NO:
        return Given("stuck")
    return Miss("do")


def _bare(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[.,!?;:()„”\"«»]+", " ", fold(text))).strip()


def _choice(options: list[Option], text: str) -> Given | Miss:
    said = _bare(text)
    for option in options:
        if any(said == _bare(option.label.said(lang)) for lang in LANGUAGES):
            return Given(option.id)
    for place, option in enumerate(options):
        if place < len(_ORDINALS) and _ORDINALS[place].fullmatch(said):
            return Given(option.id)
    words = {word for word in tokens(fold(text)) if word not in _POLITE}
    if not words or len(words) > _WORDS_OF_A_CHOICE or words & _NEGATED:
        return Miss("choice")
    found = [option for option in options if any(_names(words, option.label.said(lang)) for lang in LANGUAGES)]
    return Given(found[0].id) if len(found) == 1 else Miss("choice")


def _names(words: set[str], label: str) -> bool:
    """Whether the words name an option: all of its words are there and hardly another, or they are a telling part of it."""
    wanted = set(tokens(fold(label)))
    if not wanted:
        return False
    if wanted <= words:
        return len(words - wanted) <= 3
    return words <= wanted and max(len(word) for word in words) >= 4


def _number(step: Step, text: str) -> Given | Miss:
    found = _NUMBER.findall(text)
    if len(found) != 1 or len(text.split()) > _WORDS_OF_A_NUMBER:
        return Miss("number", unlike=len(found) != 1 or len(text.split()) > _WORDS_OF_A_NUMBER)
    value = float(found[0].replace("\u00a0", "").replace(" ", "").replace(",", "."))
    if step.least is not None and value < step.least:
        return Miss("number_small", False, {"least": _plain(step.least)})
    if step.most is not None and value > step.most:
        return Miss("number_big", False, {"most": _plain(step.most)})
    return Given(int(value) if value.is_integer() else value)


def _plain(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def _day(step: Step, text: str, today: date) -> Given | Miss:
    folded = fold(text)
    found = _days(folded, today)
    if len(found) > 1:
        return Miss("date", False)
    if not found:
        if _DAY_ONLY.search(folded) or (any(month.search(folded) for month in _MONTHS) and not _YEAR.search(folded)):
            return Miss("date_year", False)
        return Miss("date", not re.search(r"\d", text))
    day = found.pop()
    if day is None or day.year < _FIRST_YEAR:
        return Miss("date_wrong", False)
    if step.when == "past" and day > today:
        return Miss("date_future", False)
    if step.when == "future" and day < today:
        return Miss("date_past", False)
    return Given(day.isoformat())


def _days(folded: str, today: date) -> set[date | None]:
    """The days that a text names; None stands for one that no calendar has."""
    found: set[date | None] = {_made(m[2], m[1], m[0]) for m in _DAY.findall(folded)}
    found |= {_made(*m) for m in _ISO.findall(folded)}
    if found:
        return found
    bare = _bare(folded)
    for pattern, days in ((_TODAY, 0), (_YESTERDAY, -1), (_TOMORROW, 1)):
        if pattern.fullmatch(bare):
            return {today + timedelta(days=days)}
    months = [number for number, month in enumerate(_MONTHS, start=1) if month.search(folded)]
    years = _YEAR.findall(folded)
    numbers = [one for one in _DAY_NUMBER.findall(folded) if one not in years]
    if len(months) == len(years) == len(numbers) == 1:
        return {_made(years[0], str(months[0]), numbers[0])}
    return set()


def _made(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
