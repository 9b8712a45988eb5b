"""Life events: recognised when told alone or with a general wish, silent on any concrete question; sound data."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from kit.i18n import LANGUAGES
from knowledge_base.importer import DATA_DIR, DataSet
from knowledge_base.life_events import LIFE_EVENTS_FILE, LifeEvents
from knowledge_base.text import fold, tokens

# Written for this test; none of them stands among the phrases.
TOLD = [
    ("lv", "piedzima bērns, kas man pienākas?", "child-born"),
    ("lv", "Labdien! Mums vakar piedzima dēls. Ko tagad jādara?", "child-born"),
    ("lv", "pirms nedelas piedzima meitina kadi pabalsti pienakas", "child-born"),
    ("lv", "Kādi pakalpojumi ir pēc bērna piedzimšanas?", "child-born"),
    ("lv", "sveiki, esmu stāvoklī, kas man jāzina", "pregnancy"),
    ("lv", "Mēs ar vīru gaidām otro bērniņu", "pregnancy"),
    ("lv", "septembrī meita sāks iet skolā, kas jādara", "school-start"),
    ("lv", "dels ies 1 klase", "school-start"),
    ("lv", "No pirmdienas sāku strādāt jaunā darbā, kas jānokārto?", "new-job"),
    ("lv", "Mani vakar atlaida no darba. Ko darīt?", "job-loss"),
    ("lv", "zaudeju darbu ko darit", "job-loss"),
    ("lv", "esmu bezdarbniece ar diviem bērniem, uz ko man ir tiesības?", "job-loss"),
    ("lv", "Vīrs ir zaudējis darbu, kur griezties", "job-loss"),
    ("lv", "Vakar darbā guvu traumu, kā rīkoties?", "work-accident"),
    ("lv", "man atklāja vēzi. kas man pienākas?", "illness"),
    ("lv", "Meita smagi saslima, ko darīt", "illness"),
    ("lv", "nesen piešķīra 2. grupas invaliditāti, kādi atvieglojumi man pienākas", "became-disabled"),
    ("lv", "vecmāmiņai vajadzīga kopšana, kur vērsties", "relative-needs-care"),
    ("lv", "Jūnijā apprecēsimies", "marriage"),
    ("lv", "mēs vasarā precamies, kas jādara?", "marriage"),
    ("lv", "Izšķīros no sievas, kas tagad jākārto", "divorce"),
    ("lv", "nomira mans tēvs", "death"),
    ("lv", "Šonakt nomira mana mamma. Ko man tagad darīt?", "death"),
    ("lv", "Vakar nomira mana vecmāmiņa, kas jādara vispirms", "death"),
    ("lv", "aizgaja muziba vectevs ka rikoties", "death"),
    ("lv", "Saņēmu mantojumu – lauku māju. Ar ko sākt?", "inheritance"),
    ("lv", "Pārvācāmies uz Ādažiem, ko vajag nokārtot?", "moving"),
    ("lv", "parvacos uz cesim, kas jadara", "moving"),
    ("lv", "tikko pārcēlos no Rīgas uz Valmieru ar ģimeni", "moving"),
    ("lv", "nopirkām dzīvokli Jelgavā, kas tālāk?", "home-purchase"),
    ("lv", "gribam būvēt māju, ar ko sākt?", "house-building"),
    ("lv", "pārdevu savu auto, kas man jādara", "vehicle"),
    ("lv", "gribu atvērt firmu, ko man darīt?", "business-start"),
    ("lv", "velos sakt savu biznesu", "business-start"),
    ("lv", "Pārceļamies dzīvot uz Norvēģiju", "going-abroad"),
    ("lv", "nākammēnes braucu strādāt uz Vāciju, kas jānokārto", "going-abroad"),
    ("lv", "pārceļos uz Vāciju, kas man jāzina?", "going-abroad"),
    ("lv", "pēc 10 gadiem atgriežos no Īrijas, ar ko sākt", "returning"),
    ("lv", "Ar ģimeni atgriežamies Latvijā! Kas mums jādara?", "returning"),
    ("lv", "nākamgad došos pensijā, kas man jāzina?", "retirement"),
    ("lv", "Mums vakar nodega māja, palīdziet", "crisis"),
    ("lv", "man nozaga somu ar visiem dokumentiem, ko darīt", "lost-documents"),
    ("lv", "kādi pakalpojumi ir pensionāriem", "pensioners"),
    ("lv", "Esmu pensionāre, kas man pienākas?", "pensioners"),
    ("lv", "pabalsti pensionariem", "pensioners"),
    ("lv", "Kādi pabalsti ir cilvēkiem ar invaliditāti?", "people-with-disabilities"),
    ("lv", "man ir pirmās grupas invaliditāte, uz ko man ir tiesības", "people-with-disabilities"),
    ("lv", "dēls ir bērns ar invaliditāti, kāda palīdzība mums pienākas", "child-with-disability"),
    ("lv", "kādus atvieglojumus var saņemt daudzbērnu ģimenes?", "families"),
    ("lv", "esmu vientuļā māmiņa, kāda palīdzība pienākas?", "single-parents"),
    ("lv", "pakalpojumi studentiem", "students"),
    ("lv", "man nesen palika 18, kas jāzina", "young-people"),
    ("lv", "Kādi pakalpojumi pieejami pašnodarbinātajiem?", "entrepreneurs"),
    ("lv", "kāds atbalsts pieejams jaunajiem zemniekiem", "farmers"),
    ("lv", "kādi pakalpojumi ir lauksaimniekiem Bauskas novadā", "farmers"),
    ("lv", "esam trūcīga ģimene, kas mums pienākas", "low-income"),
    ("lv", "kādi pakalpojumi ir ārzemniekiem", "foreigners"),
    ("lv", "mums ir pieci bērni, kas mums pienākas", "families"),
    ("lv", "Esmu kļuvis par tēti, kas man pienākas no valsts?", "child-born"),
    ("lv", "Piedzims bērns decembrī, ko darīt?", "pregnancy"),
    ("lv", "esam audžuģimene, kādi pabalsti mums pienākas", "foster-families"),
    ("ru", "У нас родился сын, что нам положено?", "child-born"),
    ("ru", "недавно родила дочку, какие пособия положены", "child-born"),
    ("ru", "Я беременна, что мне полагается?", "pregnancy"),
    ("ru", "в сентябре ребенок идет в первый класс, что нужно сделать", "school-start"),
    ("ru", "Меня вчера уволили. Что делать?", "job-loss"),
    ("ru", "poteryal rabotu chto delat", "job-loss"),
    ("ru", "упал на работе и сломал ногу", "work-accident"),
    ("ru", "Тяжело заболела мама, куда обратиться?", "illness"),
    ("ru", "мне дали вторую группу инвалидности, какие льготы положены?", "became-disabled"),
    ("ru", "бабушке нужен уход, куда обращаться", "relative-needs-care"),
    ("ru", "летом выхожу замуж, с чего начать", "marriage"),
    ("ru", "Развожусь с мужем, как быть?", "divorce"),
    ("ru", "Сегодня утром умер мой отец, что делать?", "death"),
    ("ru", "u menya umer otec", "death"),
    ("ru", "переехали в Лиепаю, что нужно оформить", "moving"),
    ("ru", "хочу открыть свой бизнес, с чего начать?", "business-start"),
    ("ru", "переезжаем в Германию, что нужно знать", "going-abroad"),
    ("ru", "Вернулись в Латвию из Англии, что делать дальше?", "returning"),
    ("ru", "скоро выхожу на пенсию, что нужно знать?", "retirement"),
    ("ru", "у нас сгорел дом, куда обратиться", "crisis"),
    ("ru", "какие льготы есть у пенсионеров", "pensioners"),
    ("ru", "Какие услуги доступны людям с инвалидностью?", "people-with-disabilities"),
    ("ru", "мы многодетная семья, что нам положено", "families"),
    ("ru", "я мать-одиночка, какие пособия мне положены?", "single-parents"),
    ("ru", "нет денег на жизнь, что делать", "low-income"),
    ("ru", "я беженец из Украины, куда обратиться?", "foreigners"),
    ("en", "We just had a baby, what are we entitled to?", "child-born"),
    ("en", "My wife gave birth yesterday. What should we do now?", "child-born"),
    ("en", "I'm pregnant, what benefits can I get?", "pregnancy"),
    ("en", "I lost my job last week, what should I do?", "job-loss"),
    ("en", "my father died yesterday what do i need to do", "death"),
    ("en", "We are getting married in June, what do we need to do?", "marriage"),
    ("en", "I moved to Liepaja, what should I do?", "moving"),
    ("en", "I want to start my own business, where do I start?", "business-start"),
    ("en", "We are moving back to Latvia from Ireland", "returning"),
    ("en", "I am retiring next year, what do I need to know?", "retirement"),
    ("en", "what services are there for pensioners", "pensioners"),
    ("en", "What benefits are available for people with disabilities?", "people-with-disabilities"),
    ("en", "I'm a single mother, what help can I get?", "single-parents"),
    ("en", "I am a student, which services are there for me?", "students"),
]

# Something concrete is asked, or something else is told. Written for this test.
CONCRETE = [
    ("lv", "piedzima bērns, cik liels ir piedzimšanas pabalsts"),
    ("lv", "tētis nomira, kur dabūt miršanas apliecību"),
    ("lv", "zaudēju darbu, cik ilgi maksā bezdarbnieka pabalstu"),
    ("lv", "piedzima bērns, kā viņu reģistrēt?"),
    ("lv", "mums piedzima meita, kādi dokumenti vajadzīgi pasei"),
    ("lv", "bērna piedzimšanas pabalsts"),
    ("lv", "Kad pēc bērna piedzimšanas izmaksā naudu?"),
    ("lv", "piedzima bērns Anglijā, kā dabūt Latvijas pilsonību"),
    ("lv", "piedzima bērns, vajag pasi"),
    ("lv", "esmu stāvoklī, kad sākas dekrēts"),
    ("lv", "sieva gaida bērnu, vai tēvs var atzīt paternitāti pirms dzemdībām"),
    ("lv", "grūtniecības pabalsta apmērs"),
    ("lv", "bērns sāk skolu, kā pieteikt pirmajā klasē"),
    ("lv", "skola nepieņem manu bērnu, kur sūdzēties"),
    ("lv", "sāku strādāt, kur nodot algas nodokļa grāmatiņu"),
    ("lv", "mani atlaida, bet nesamaksāja algu"),
    ("lv", "atlaida no darba, vai varu iestāties NVA, ja man ir SIA"),
    ("lv", "esmu bezdarbnieks un gribu uz kursiem"),
    ("lv", "zaudēju darbu, kā reģistrēties NVA"),
    ("lv", "cik bezdarbnieku ir Latvijā"),
    ("lv", "darbā guvu traumu, vai maksās slimības pabalstu"),
    ("lv", "saslimu, kas maksā darbnespējas lapu B"),
    ("lv", "bērns saslima, vai man maksās par slimības lapu"),
    ("lv", "man piešķīra invaliditāti, kad saņemšu pirmo pensiju"),
    ("lv", "piešķirta 2. grupas invaliditāte, kur dabūt stāvvietas karti"),
    ("lv", "mammai vajag kopšanu, cik maksā pansionāts"),
    ("lv", "kā noformēt kopšanas pabalstu mammai"),
    ("lv", "precos, vai var paturēt savu uzvārdu"),
    ("lv", "gribam precēties, cik maksā laulību reģistrācija"),
    ("lv", "šķiros, kā sadala mantu"),
    ("lv", "gribu šķirties pie notāra"),
    ("lv", "nomira tēvs, kam pienākas apbedīšanas pabalsts"),
    ("lv", "nomira mamma, kas saņems viņas pensiju"),
    ("lv", "nomira suns, kur apglabāt"),
    ("lv", "nomira vīrs, kā noņemt no uzskaites viņa mašīnu"),
    ("lv", "mantoju māju, kā ierakstīt zemesgrāmatā"),
    ("lv", "mantoju zemi, cik jāmaksā nodoklis"),
    ("lv", "pārvācos uz Cēsīm, kā deklarēt dzīvesvietu"),
    ("lv", "pārvācos uz Rīgu, kur pieteikt bērnu dārziņā"),
    ("lv", "pārvācos, vai jāmaina pase"),
    ("lv", "Rīga"),
    ("lv", "nopirku dzīvokli, kad jāmaksā nodoklis"),
    ("lv", "būvēju māju, vai šķūnim vajag būvatļauju"),
    ("lv", "nopirku auto, cik dienu laikā jāpārreģistrē"),
    ("lv", "pārdevu mašīnu, bet jaunais īpašnieks nepārreģistrē"),
    ("lv", "gribu atvērt firmu, cik maksā SIA reģistrācija"),
    ("lv", "kā slēgt firmu"),
    ("lv", "uzņēmuma reģistrācijas apliecība"),
    ("lv", "braucu strādāt uz Vāciju, vajag A1 sertifikātu"),
    ("lv", "braucu ceļojumā uz Vāciju"),
    ("lv", "atgriežos no Anglijas, kā pārreģistrēt auto"),
    ("lv", "eju pensijā, cik liela man būs pensija"),
    ("lv", "no cik gadiem iet pensijā"),
    ("lv", "pensija"),
    ("lv", "pensionāra apliecība"),
    ("lv", "vai pensionāriem ir atlaide sabiedriskajā transportā"),
    ("lv", "esmu pensionārs, aizmirsu smart-id paroli"),
    ("lv", "es neesmu pensionārs"),
    ("lv", "bērns vēl nav piedzimis"),
    ("lv", "neviens nav nomiris"),
    ("lv", "invalīda stāvvietas karte"),
    ("lv", "invaliditātes pensija"),
    ("lv", "daudzbērnu ģimenes apliecība 3+"),
    ("lv", "esmu students, kā pagarināt studiju kredītu"),
    ("lv", "studenta apliecība"),
    ("lv", "man palika 18, kur taisīt eID karti"),
    ("lv", "pašnodarbinātais, kad jāsniedz deklarācija"),
    ("lv", "nav naudas nodokļa samaksai, var sadalīt?"),
    ("lv", "trūcīgas personas statuss"),
    ("lv", "pazaudēju pasi"),
    ("lv", "pazaudēju tiesības"),
    ("lv", "nozaga riteni"),
    ("lv", "ko darīt"),
    ("lv", "kas man pienākas?"),
    ("lv", "kādi pakalpojumi jums ir"),
    ("lv", "labdien, mani sauc Jānis"),
    ("lv", "mans tēvs"),
    ("lv", "vīra mamma"),
    ("lv", "man ir bērns"),
    ("lv", "bērni"),
    ("lv", "piedzima bērns un nomira tēvs"),
    ("ru", "родился ребенок, какой размер пособия"),
    ("ru", "родился сын, как сделать паспорт"),
    ("ru", "умер отец, где получить свидетельство о смерти"),
    ("ru", "умерла мама, сколько платят пособие на погребение"),
    ("ru", "потерял работу, сколько месяцев платят пособие"),
    ("ru", "меня уволили, не выплатили зарплату"),
    ("ru", "переехали в Ригу, как задекларироваться"),
    ("ru", "выхожу замуж, нужно ли менять права"),
    ("ru", "купил машину, где переоформить"),
    ("ru", "пенсия по инвалидности"),
    ("ru", "пособие пенсионеру на похороны"),
    ("ru", "скидка пенсионерам на проезд"),
    ("ru", "я не пенсионер"),
    ("ru", "хочу открыть фирму, сколько стоит регистрация"),
    ("ru", "потерял паспорт"),
    ("ru", "что мне делать?"),
    ("ru", "стать опекуном внука, какие документы"),
    ("ru", "umer otec gde poluchit svidetelstvo"),
    ("en", "we had a baby, how do I register the birth"),
    ("en", "my father died, where do I get the death certificate"),
    ("en", "I lost my job, how long is the benefit paid"),
    ("en", "I am pregnant, when does maternity leave start"),
    ("en", "I moved to Riga, how do I declare my address"),
    ("en", "pension"),
    ("en", "I am retired, how much tax do I pay on my pension"),
    ("en", "I lost my passport"),
    ("en", "student loan"),
    ("en", "how much does it cost to register a company"),
    ("en", "I am not pregnant"),
    ("en", "what should I do?"),
    ("en", "I have a question"),
    ("en", "my child"),
    ("en", "disabled parking card"),
    ("ru", "мама инвалид, нужна коляска"),
    ("lv", "esmu invalīds, vajag ratiņkrēslu"),
    ("lv", "esmu bezdarbnieks, gribu darbu"),
    ("lv", "kāds ir tēva stāvoklis"),
    ("lv", "mani atlaida no skolas"),
    ("lv", "pārcēlās veikals uz citu vietu"),
    ("lv", "paldies, man vairs nevajag"),
    ("en", "I want to work"),
    ("en", "I have a company car"),
]


@pytest.fixture(scope="module")
def events() -> LifeEvents:
    """The real life events."""
    return LifeEvents.load()


# --- what is recognised -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "text", "expected"), TOLD)
def test_told_event_is_recognised(events: LifeEvents, lang: str, text: str, expected: str) -> None:
    found = events.find(text, lang)
    assert found is not None
    assert found.id == expected


@pytest.mark.parametrize(("lang", "text"), CONCRETE)
def test_concrete_question_is_left_to_the_search(events: LifeEvents, lang: str, text: str) -> None:
    assert events.find(text, lang) is None


def test_tests_are_not_phrases(events: LifeEvents) -> None:
    phrases = {fold(phrase) for event in events for listed in event.phrases.as_dict().values() for phrase in listed}
    assert not [text for _, text, *_ in (*TOLD, *CONCRETE) if fold(text) in phrases]


def test_every_phrase_leads_to_its_event(events: LifeEvents) -> None:
    wrong = [
        (event.id, lang, phrase)
        for event in events
        for lang, listed in event.phrases.as_dict().items()
        for phrase in listed
        for told in (phrase, fold(phrase).upper() + "!")
        if (found := events.find(told, lang)) is None or found.id != event.id
    ]
    assert not wrong


def test_phrase_with_a_general_wish_leads_to_its_event(events: LifeEvents) -> None:
    wishes = {"lv": "{}, ko man darīt?", "ru": "{}, что мне делать?", "en": "{}, what should I do?"}
    wrong = [
        (event.id, lang, phrase)
        for event in events
        for lang, listed in event.phrases.as_dict().items()
        for phrase in listed
        if (found := events.find(wishes[lang].format(phrase), lang)) is None or found.id != event.id
    ]
    assert not wrong


def test_concrete_word_beside_any_phrase_silences_it(events: LifeEvents) -> None:
    asked = {
        "lv": ("{}, cik maksā apliecība", "{}, kur jāiesniedz anketa"),
        "ru": ("{}, сколько стоит справка", "{}, где подать анкету"),
        "en": ("{}, how much is the certificate", "{}, where is the application form"),
    }
    wrong = [
        text
        for event in events
        for lang, listed in event.phrases.as_dict().items()
        for phrase in listed
        for pattern in asked[lang]
        if events.find(text := pattern.format(phrase), lang) is not None
    ]
    assert not wrong


def test_language_may_have_been_taken_for_another(events: LifeEvents) -> None:
    for text, lang in (("умер отец", "lv"), ("u nas rodilas doch", "lv"), ("esmu pensionārs", "en")):
        assert events.find(text, lang) is not None


@pytest.mark.parametrize("text", ["", " ", "?!", "…", "piedzima bērns " * 40, "\x00", "👶", "a" * 5000])
def test_odd_messages_tell_nothing(events: LifeEvents, text: str) -> None:
    assert events.find(text, "lv") is None


def test_example_questions_of_services_stay_with_the_search(events: LifeEvents, data: DataSet) -> None:
    """Those who ask of a service must hardly ever be led past it; a bare event among the examples may be."""
    asked = [
        (lang, text) for row in _examples() for lang in LANGUAGES for text in row.get(lang, []) if len(tokens(text)) > 3
    ]
    found = [text for lang, text in asked if events.find(text, lang) is not None]
    assert len(asked) > 5000
    assert len(found) < len(asked) / 200


def _examples() -> list[dict[str, list[str]]]:
    rows = [json.loads(path.read_text("utf-8")) for path in sorted((DATA_DIR / "examples").glob("*.json"))]
    return [{lang: [item["text"] for item in row.get(lang, [])] for lang in LANGUAGES} for row in rows]


# --- the data ---------------------------------------------------------------------------------------------------------


def test_there_are_events_and_groups(events: LifeEvents) -> None:
    kinds = Counter(event.kind for event in events)
    assert kinds["event"] >= 20
    assert kinds["group"] >= 12
    ids = [event.id for event in events]
    assert len(ids) == len(set(ids))
    assert all(events.get(event_id).id == event_id for event_id in ids)
    with pytest.raises(KeyError):
        events.get("no-such-event")


def test_every_service_is_known(events: LifeEvents, data: DataSet) -> None:
    for event in events:
        assert 4 <= len(event.services) <= 5, event.id
        assert len(set(event.services)) == len(event.services), event.id
        assert not [service for service in event.services if service not in data.services], event.id


def test_texts_are_there_in_three_languages(events: LifeEvents) -> None:
    least = {"lv": 15, "ru": 10, "en": 8}
    for event in events:
        for lang in LANGUAGES:
            assert event.names[lang]
            assert event.opening[lang].endswith(":"), event.id
            assert len(event.phrases.as_dict()[lang]) >= least[lang], (event.id, lang)


def test_no_phrase_stands_twice(events: LifeEvents) -> None:
    phrases = Counter(
        (lang, phrase) for event in events for lang in LANGUAGES for phrase in getattr(event.phrases, lang)
    )
    assert not [phrase for phrase, times in phrases.items() if times > 1]
    owners: dict[str, set[str]] = {}
    for event in events:
        for listed in event.phrases.as_dict().values():
            for phrase in listed:
                owners.setdefault(fold(phrase), set()).add(event.id)
    assert not {phrase: ids for phrase, ids in owners.items() if len(ids) > 1}


def test_phrase_without_a_telling_word_is_refused(tmp_path: Path) -> None:
    raw = json.loads(LIFE_EVENTS_FILE.read_text("utf-8"))
    raw["events"][0]["phrases"]["lv"].append("mums bērns")
    broken = tmp_path / "life_events.json"
    broken.write_text(json.dumps(raw), "utf-8")
    with pytest.raises(ValueError, match="has no word that tells the event"):
        LifeEvents.load(broken)
