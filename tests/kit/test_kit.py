"""The kit: masking, cleaning, language, texts, working time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from handoff.service_clock.service import WorkingCalendar
from kit import masking
from kit.clock import RIGA
from kit.language import detect
from kit.masking import mask
from kit.stemming import base_lv, fold
from kit.textual import clean


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("mans kods ir 010190-12345", ("personal_code",)),
        ("p.k. 32123456789 lūdzu", ("personal_code",)),
        ("konts LV80BANK0000435195001", ("iban",)),
        ("konts lv80 bank 0000 4351 9500 1", ("iban",)),
        ("zvaniet 29 123 456", ("phone",)),
        ("+371 26123456", ("phone",)),
        ("rakstiet anna.berzina@inbox.lv", ("email",)),
        ("kods 32 9045-11278", ("personal_code",)),
        ("p. k. 150784 – 10233", ("personal_code",)),
        ("konts LV 80 BANK 0000 4351 9500 1", ("iban",)),
        ("zvaniet 2 9 3 3 4 4 5 5", ("phone",)),
        ("raksti maria dot silva at gmail dot com", ("email",)),
        ("janis [at] inbox.lv", ("email",)),
        ("I work at bolt.eu and live in Riga", ()),
        ("firma ar reģistrācijas numuru 40003012345", ()),
        ("tikāmies 23.11.2026 plkst. 10.30", ()),
        ("karte 4539 1488 0343 6467", ("card",)),
        ("pase LV1234567 nozaudēta", ("document",)),
        ("no 2026-01-01 līdz 2026-12-31 un 2025-2026 gadā", ()),
        ("budžets EUR 28 500 000 jeb 28500000 eiro", ()),
        ("lēmums Nr. 80012345", ()),
        ("zeme 0100 012 0345, kadastra numurs 01000120345", ()),
        ("кадастровый номер 01000120345", ()),
        ("mans nr. 29123456, tālr. Nr. 67123456", ("phone",)),
        ("kadastra lieta, p. k. 010190-12345", ("personal_code",)),
        ("samaksāju 10 EUR 29123456", ("phone",)),
        ("мой номер +7 921 123 45 67", ("phone",)),
        ("8 921 123 45 67", ("phone",)),
        ("+44 7911 123456", ("phone",)),
        ("+375 (29) 123-45-67", ("phone",)),
        ("0044 7911 123456", ("phone",)),
        ("2026. gadā 27. janvārī 12:30 samaksāju 1500 EUR", ()),
        ("man ir 3 bērni un 500 eiro", ()),
        ("Ministru kabineta noteikumi Nr. 1750", ()),
    ],
)
def test_personal_data_is_found_and_nothing_else(text: str, kinds: tuple[str, ...]) -> None:
    masked = mask(text)
    assert masked.kinds == kinds
    if not kinds:
        assert masked.text == text


def test_what_institutions_publish_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_public", frozenset())
    quoted = "zvanīju uz 6450 7020 un +371 80001234, rakstīju uz pasts@vsaa.gov.lv"
    assert mask(quoted).kinds == ("email", "phone")
    masking.publish(["Tālrunis 64507020, 8000 1234", "Pasts@vsaa.gov.lv"])
    assert mask(quoted) == masking.Masked(quoted, ())
    assert "67" not in mask("tel. +7 921 123 45 67").text


# Words of public services in their cases and persons, a word a line.
_FORMS = """
    pensija pensijas pensijai pensiju pensijā pensijām pensijās
    deklarācija deklarācijas deklarācijai deklarāciju deklarācijā deklarācijām deklarācijās
    pabalsts pabalsta pabalstam pabalstu pabalstā pabalsti pabalstiem pabalstus pabalstos
    pase pases pasei pasi pasē pasu pasēm pasēs
    nodoklis nodokļa nodoklim nodokli nodoklī nodokļi nodokļu nodokļiem nodokļus nodokļos
    iesniegums iesnieguma iesniegumam iesniegumu iesniegumā iesniegumi iesniegumiem iesniegumus iesniegumos
    apliecība apliecības apliecībai apliecību apliecībā apliecībām apliecībās
    bērns bērna bērnam bērnu bērnā bērni bērniem bērnus bērnos
    adrese adreses adresei adresi adresē adrešu adresēm adresēs
    mēnesis mēneša mēnesim mēnesi mēnesī mēneši mēnešu mēnešiem mēnešus mēnešos
    valsts valstij valsti valstī valstis valstu valstīm valstīs
    nakts naktij nakti naktī naktis nakšu naktīm naktīs
    karte kartes kartei karti kartē karšu kartēm kartēs
    zeme zemes zemei zemi zemē zemju zemēm zemēs
    tirgus tirgum tirgu tirgū tirgi tirgiem tirgos
    māja mājas mājai māju mājā mājām mājās
    skolotājs skolotāja skolotājam skolotāju skolotājā skolotāji skolotājiem skolotājus skolotājos skolotājai skolotājām
    uzņēmējs uzņēmēja uzņēmējam uzņēmēju uzņēmēji uzņēmējiem uzņēmējus
    ģimene ģimenes ģimenei ģimeni ģimenē ģimeņu ģimenēm ģimenēs
    dokuments dokumenta dokumentam dokumentu dokumentā dokumenti dokumentiem dokumentus dokumentos
    pilsonis pilsoņa pilsonim pilsoni pilsoņi pilsoņu pilsoņiem pilsoņus
    atļauja atļaujas atļaujai atļauju atļaujā atļaujām atļaujās
    apdrošināšana apdrošināšanas apdrošināšanai apdrošināšanu apdrošināšanā apdrošināt apdrošināts
    sociāls sociāla sociālais sociālā sociālajam sociālo sociālajā sociālie sociālajiem sociālos sociālās sociālajai sociālajām
    labs labais labajam labajā labajai labajos labiem
    maksāt maksāju maksā maksājam maksājat maksāja maksās maksāsim maksājiet maksāts maksāšana maksāšanu
    deklarēt deklarēju deklarē deklarējam deklarēja deklarēs deklarēts deklarēta deklarēšana deklarēties deklarējos deklarējas
    mainīt mainu maina mainām mainīju mainīja mainīs mainīsim mainiet mainīts mainīšana
    saņemt saņemu saņem saņemam saņemat saņēma saņems saņēmis saņēmusi saņemšana saņemšanas
    dzīvot dzīvoju dzīvo dzīvojam dzīvoja dzīvos dzīvosim dzīvošana
    strādāt strādāju strādā strādājam strādāja strādājošs strādājošais strādājošiem strādāšana
    vēlēties vēlos vēlējos vēlamies vēlas
"""


def test_all_forms_of_a_word_have_one_base_and_other_words_another() -> None:
    bases = {line.split()[0]: {base_lv(fold(form)) for form in line.split()} for line in _FORMS.strip().splitlines()}
    assert {word: found for word, found in bases.items() if len(found) > 1} == {}
    assert len(set.union(*bases.values())) == len(bases)


def test_cleaning() -> None:
    assert clean("a\x00b\u202ec\r\nd\n\n\n\ne ") == "abc\nd\n\ne"
    assert clean("e\u0301") == "é"
    assert clean("\ud800x") == "\ufffdx"


@pytest.mark.parametrize(
    ("text", "current", "found"),
    [
        ("Kā saņemt bērna pabalstu?", "en", "lv"),
        ("ka sanemt berna pabalstu lidzu pasakiet", "en", "lv"),
        ("Как получить пособие?", "lv", "ru"),
        ("kak poluchit pasport", "lv", "ru"),
        ("How do I get a passport?", "lv", "en"),
        ("ok", "ru", "ru"),
        ("VSAA", "en", "en"),
        ("12345", "ru", "ru"),
    ],
)
def test_language(text: str, current: str, found: str) -> None:
    assert detect(text, current) == found


def _riga(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=RIGA).astimezone(UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (_riga(2026, 11, 24, 7, 59), False),
        (_riga(2026, 11, 24, 8, 0), True),
        (_riga(2026, 11, 24, 17, 59), True),
        (_riga(2026, 11, 24, 18, 0), False),
        (_riga(2026, 11, 22, 12, 0), False),  # Sunday
        (_riga(2026, 11, 18, 12, 0), False),  # Proclamation Day
        (_riga(2026, 6, 23, 12, 0), False),  # Līgo
        (_riga(2026, 12, 24, 12, 0), False),
        (_riga(2026, 3, 30, 8, 30), True),  # the Monday after the clocks went forward
        (_riga(2026, 10, 26, 8, 30), True),  # and back
    ],
)
def test_working_time(moment: datetime, is_open: bool) -> None:
    assert WorkingCalendar().is_open(moment) is is_open


def test_working_time_adds_up_over_nights_holidays_and_clock_changes() -> None:
    calendar = WorkingCalendar()
    friday = _riga(2026, 3, 27, 17, 30)  # the clocks change on Sunday
    assert calendar.add_working(friday, timedelta(hours=1)) == _riga(2026, 3, 30, 8, 30)
    assert calendar.working_between(friday, _riga(2026, 3, 30, 9, 0)) == timedelta(hours=1, minutes=30)
    assert calendar.next_opening(_riga(2026, 12, 23, 19, 0)) == _riga(2026, 12, 28, 8, 0)
    moved = WorkingCalendar(exceptions={date(2026, 11, 21): True, date(2026, 11, 23): False})
    assert moved.is_open(_riga(2026, 11, 21, 12, 0))
    assert not moved.is_open(_riga(2026, 11, 23, 12, 0))
