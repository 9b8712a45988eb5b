"""Two questions in one message: where it may be cut.

"Kā nomainīt pasi un kur piedeklarēties?" asks twice; "Piedzima dēls, gribu pabalstu" tells something and asks once. Where both
parts ask, a cut needs little proof; anywhere else ("pase un tiesības, kur jāiet", "register my dog, get a bin") each part must
name its service plainly. Whether they do is for the search to say. A part that hangs on the other ("ja man jau ir eID") asks
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Longer messages are stories.
MOST_WORDS = 45
_MOST_CUTS = 12
#: A part without any asking of its own shares the other's. It is short, or a wish rules both.
_SHARED_WORDS, _WISHED_WORDS = 6, 10
#: A matter that is only named ("get a bin for the new house") is no longer than this.
_PHRASE_WORDS = 8

#: How sure both parts must be: of two that ask; of one that shares the other's verb; of a statement before a question; of any
#: other place where a sentence may be cut.
_ASKED, _SHARING, _STORY, ANYWHERE = 0.3, 0.5, 0.9, 0.7

_SENTENCE = re.compile(r"(?<=[?!.;])(?<!\d\.)\s+|\n+|\s+[–—]\s+")
_STOP = re.compile(r"(?<=[?!.])(?<!\d\.)\s+")
#: A list says "1." before it says "2."; alone that is a date or a group.
_LISTED = re.compile(r"\s+(?=\(?[2-9][.)]\s)")
_FIRST_OF_LIST = re.compile(r"(?<!\d)1[.)]\s")
_AND = re.compile(
    r"\s*[,;]?\s+(?:un(?: tad| arī| vēl)?|kā arī|vai arī|и(?: потом| ещё| еще)?|а(?: также| ещё| еще)|да и|плюс|plus|(?-i:i)"
    r"|and(?: then| also| by the way)?|as well as|also|by the way|&)\s+|\s*&\s*",
    re.IGNORECASE,
)
_COMMA = re.compile(r"\s*[,;]\s+")
_MARKS = re.compile(
    r"\s*[,;:–—/+(]\s*|(?<=[?!.])(?<!\d\.)\s+|\s+-\s+|\s+(?:turklāt|savukārt|otrkārt|otrs|arī|tad|bet|заодно|кстати|также|ещё|еще|но|потом|zaodno"
    r"|potom|additionally|besides|then|but)\s+",
    re.IGNORECASE,
)
#: After a comma these belong to the noun before it.
_RELATIVE = re.compile(r"^(?:which|who|kur[šai]\w{0,2}|ko)\b", re.IGNORECASE)
_WISHES = re.compile(r"\b(?:gribu|gribam|vajag|надо|хочу|хотим|нужно|nado|hochu|need to|want to)\b", re.IGNORECASE)
_NUMBER = re.compile(r"^\(?\d[.)]\s*")
_ASKS = re.compile(
    r"\b(kā|ka|kur|cik|kad|vai|ko|kas|kād\w+|kad[iu]s?|grib[ua]m?|vēl(?:os|amies)|interesē|vajag|vajadz\w+|jā\w{4,}|ja[a-z]{5,}|var|varu|drīkst\w*|līdz"
    r"|how|where|what|when|which|who|can|do|does|is there|need|want|until|must|should|may|have to"
    r"|как|где|куда|сколько|когда|можно|могу|можем|нужн\w*|надо|хо(?:чу|тим)|как\w{2}|что|кто|положен\w*|до какого"
    r"|kak\w*|gde|kuda|skolj?'?ko|kogda|mozhno|nuzhn\w*|nado|hochu|tell me|price|cena\w*|стоимость|цена|could you|подскажите)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:\W*\w+){0,2}?\W*\b(kā|ka|kur|cik|kad|vai|ko|kas|kād\w+|gribu|vajag|jā\w{4,}|vēl|arī|līdz"
    r"|how|where|what|when|which|who|can|do|does|is|i (?:also )?(?:need|want)|also"
    r"|как|где|куда|сколько|когда|можно|надо|хочу|как\w{2}|что|кто|ещё|еще|также|нужн\w*"
    r"|kak\w*|gde|kuda|skolj?'?ko|kogda|mozhno|nado|hochu|eshe)\b",
    re.IGNORECASE,
)
_HANGS = re.compile(
    r"^\W*(?:bet |но |but )?(?:ja|jo|lai|kamēr|kopš|lai gan|citādi|если|чтобы|потому|котор\w+|ведь|так как|esli|chtoby|kotor\w+"
    r"|if|because|since|so that|so|whose|otherwise|unless|he|she|they|viņš|viņa|viņi|он|она|они)\b",
    re.IGNORECASE,
)
#: What sets one thing against another is one question about both.
_COMPARES = re.compile(r"atšķir|starpīb|otlich|отлич|разниц|differ|\b(?:versus|vs|или|ili|or)\b", re.IGNORECASE)
#: "How do I find out who …" asks once.
_ASKS_OF_KNOWING = re.compile(
    r"(?:(?:uz)?zin[āaiu]\w*|apskat\w+|paskat\w+|redz[ēe]\w*|pārbaud\w+|skaidrs|saprast|(?:у)?знать|понять|посмотреть|проверить|увидеть|u?znat'?|posmotret'?"
    r"|proverit'?|find out|check|know|see|tell me)\W*$",
    re.IGNORECASE,
)
#: A part that points back ("is it cheaper for students?") goes on about the same thing.
_POINTS_BACK = re.compile(
    r"^(?:\W*\w+){0,4}?\W*\b(?:it|this|that|tas|это|этого|eto)\b",
    re.IGNORECASE,
)
#: Tells how things are and asks nothing: "esmu pensijā", "у меня третья группа", "I'm self-employed".
_TELLS = re.compile(
    r"\b(?:es|mēs|mes|man|mums|esmu|esam|ir|nav|bija|nebija|liekas|я|мы|у (?:меня|нас|мужа|мамы)|мне|нам|не|есть|нет"
    r"|\w{2,}(?:лся|лась|лись|ил[аи]?|ал[аи]?|ел[аи]?|ыл[аи]?)|ja|u menja|ne|i'm|i am|i've|i have|we(?:'re| are|'ve| have)?"
    r"|is|are|was|were|has|had|uses|my \w+ \w+s|nozagt\w|zag[āa]|nomira|piedzima|pazaudēj\w+|slimo|strādā\w*|iesniedzu)\b",
    re.IGNORECASE,
)
_LATVIAN_MARKS = re.compile(r"[āčēģīķļņšūž]", re.IGNORECASE)
#: "…, ka valsts iedod naudu": with marks over its letters this is "that" and not "how".
_THAT = re.compile(r"^\W*(?:\w+\W+)?ka\b")
#: "Without a notary" asks nothing of notaries.
_WITHOUT = re.compile(r"\b(?:bez|без|without)\b", re.IGNORECASE)
_BESIDES = re.compile(
    r"^\W*(?:\w+\W+)?(?:vēl|vel|arī|ari|ещё|еще|также|eshe|also|plus|другой вопрос|cits jautājums)\b", re.IGNORECASE
)


#: A number alone asks nothing, though it may be an amount or a telephone that some service knows.
_WORD = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True)
class Cut:
    """A message in two parts. ``sure`` is the probability that the search must give each part's service."""

    first: str
    second: str
    sure: float


def asks(part: str) -> bool:
    """Whether a part of a message asks or wishes for something itself."""
    return part.endswith("?") or _ASKS.search(part) is not None


def cuts(text: str) -> list[Cut]:
    """Where a message may fall into two questions; none in a long story or a comparison."""
    if len(text.split()) > MOST_WORDS or _COMPARES.search(text):
        return []
    found: dict[tuple[str, str], Cut] = {}
    patterns = [(_AND, "and"), (_SENTENCE, "sentence"), (_COMMA, "comma"), (_MARKS, "mark")]
    if _FIRST_OF_LIST.search(text):
        patterns.insert(1, (_LISTED, "sentence"))
    for pattern, kind in patterns:
        for mark in pattern.finditer(text):
            first = _NUMBER.sub("", text[: mark.start()].strip())
            second = _NUMBER.sub("", text[mark.end() :].strip())
            sure = _needed(first, second, kind, that=_LATVIAN_MARKS.search(text) is not None)
            if sure is not None:
                found.setdefault((first, second), Cut(first, second, sure))
    return list(found.values())[:_MOST_CUTS]


def _needed(first: str, second: str, kind: str, *, that: bool = False) -> float | None:
    """How sure both parts must be of their service; None when they are not two questions.

    Args:
        that: the writer marks letters, so "ka" of his is a conjunction.
    """
    if not (_WORD.search(first) and _WORD.search(second)):
        return None
    if _HANGS.match(second) or _POINTS_BACK.match(second) or _ASKS_OF_KNOWING.search(first):
        return None
    if _WITHOUT.search(second) or (that and _THAT.match(second)):
        return None
    # Of a story before the question only the last sentence may ask.
    asking = _STOP.split(first)[-1]
    asking_itself = _ASKS.search(asking) is not None
    if not asking_itself or _OPENING.match(second) is None:
        return _without_asking(asking, second, kind, itself=asking_itself)
    if kind == "comma" and _RELATIVE.match(second):
        return None
    if kind == "sentence" and not asking.endswith("?") and not _BESIDES.match(second):
        return _STORY
    return ANYWHERE if kind == "mark" else _ASKED


def _without_asking(asking: str, second: str, kind: str, *, itself: bool) -> float | None:
    """The same for parts that do not both ask."""
    if (_TELLS.search(asking) and not itself) or (_TELLS.search(second) and not asks(second)):
        return None
    if not itself and not asks(_STOP.split(second)[0]) and len(second.split()) > _PHRASE_WORDS:
        # Cut within the story, before the question.
        return None
    # Shares the other's verb: "nomainīt pasi un vadītāja apliecību", "надо поменять права и встать на учёт".
    most = _WISHED_WORDS if _WISHES.search(asking) else _SHARED_WORDS
    if itself and kind == "and" and len(second.split()) <= most:
        return _SHARING
    # What ends with a full stop and asks nothing is told, not asked.
    return None if asking.endswith(".") and not itself else ANYWHERE
