"""The rules for danger and for the wish for a person, on sentences that the rules were not written from."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from actions.safety import SafetyRules

_LOCALES = Path(__file__).parents[2] / "actions" / "locales"
_MEDICAL = {"112", "113"}
_POLICE = {"112", "110"}
_RESCUE = {"112"}
_CRISIS = {"112", "113", "116123"}
_CHILD = {"112", "110", "116111"}
_MISSING = {"112", "110", "116000"}

EMERGENCIES: list[tuple[str, set[str]]] = [
    # Latvian
    ("Palīdziet, mums istabā aizdegās eglīte!", _RESCUE),
    ("visa kāpņutelpa dūmos, netiekam lejā", _RESCUE),
    ("kaimiņmājai jumts deg ar atklātu liesmu", _RESCUE),
    ("atsūtiet ugunsdzēsējus uz Jūrmalu", _RESCUE),
    ("pagrabā ļoti ož pēc gāzes", {"112", "114"}),
    ("laikam saindējāmies ar tvana gāzi, abiem slikti", {"112", "113"}),
    ("māte pēkšņi saļima un neelpo", _MEDICAL),
    ("tētim mutes kaktiņš noslīdējis un roka neceļas", _MEDICAL),
    ("vīram spiež krūtīs un auksti sviedri", _MEDICAL),
    ("meitiņa izdzēra etiķi", _MEDICAL),
    ("divgadnieks norija pogas bateriju", _MEDICAL),
    ("apēdām kaut kādas mušmires, indīgas sēnes, vemjam", _MEDICAL),
    ("dēlam pēc bites kodiena tūkst kakls", _MEDICAL),
    ("bērnam krampji nebeidzas", _MEDICAL),
    ("no kājas šļāc asinis, nevaru apturēt", _MEDICAL),
    ("bērns aplējās ar verdošu ūdeni", _MEDICAL),
    ("vīrs nokrita no kāpnēm un nekust", _MEDICAL),
    ("sievai nogāja ūdeņi, laikam sākas dzemdības", _MEDICAL),
    ("nevaru pamodināt draugu, viņš gārdz", _MEDICAL),
    ("sūtiet mediķus, cilvēkam slikti", _MEDICAL),
    ("puisis iekrita Daugavā", _RESCUE),
    ("divi makšķernieki ielūza zem ledus", _RESCUE),
    ("cilvēks slīkst!!", _RESCUE),
    ("dēlu nosita strāva, guļ pie vada", {"112", "113"}),
    ("uz ceļa nokritis elektrības vads", {"112", "113"}),
    ("avārija uz Valmieras šosejas, ir cietušie", {"112", "113"}),
    ("tikko notrieca velosipēdistu", {"112", "113"}),
    ("cilvēks iesprūdis liftā un tur nāk dūmi", _RESCUE | {"113"}),
    ("dēls nav atnācis no skolas, telefons izslēgts", _MISSING),
    ("vecmāmiņa ar demenci izgāja no mājas un nav atgriezusies", _MISSING),
    ("vīrs atkal sit mani, bērni raud", _POLICE | {"116006"}),
    ("bijušais draud mani nodurt", _POLICE | {"116006"}),
    ("pa balkonu kāpj kāds svešs cilvēks iekšā", _POLICE),
    ("zagļi šobrīd ir manā dzīvoklī", _POLICE),
    ("man seko vīrietis, es baidos", _POLICE | {"116006"}),
    ("patēvs sit brāli", _CHILD),
    ("mazs bērns viens pats uz ielas", _CHILD),
    ("draugs raksta, ka negrib dzīvot", _CRISIS),
    ("man vairs nav spēka dzīvot", _CRISIS),
    ("stāvu uz Vanšu tilta un gribu lekt", _CRISIS),
    ("atradām mežā granātu", _RESCUE),
    ("palīgāāā", _RESCUE),
    # Russian, also in Latin letters
    ("Помогите, у соседей горит балкон", _RESCUE),
    ("из квартиры напротив валит дым", _RESCUE),
    ("сильно воняет газом на лестнице", {"112", "114"}),
    ("бабушка потеряла сознание", _MEDICAL),
    ("у папы рот перекосило и речь невнятная", _MEDICAL),
    ("ребёнок проглотил магнит", _MEDICAL),
    ("дочка выпила уксус", _MEDICAL),
    ("он порезал вену, кровь хлещет", _MEDICAL | {"116123"}),
    ("мальчик провалился под лёд", _RESCUE),
    ("на трассе столкнулись машины, есть раненые", {"112", "113"}),
    ("сын не вернулся из школы, ищем три часа", _MISSING),
    ("сосед угрожает меня зарезать", _POLICE | {"116006"}),
    ("кто-то лезет в окно", _POLICE),
    ("отчим бьёт маму и меня", _POLICE | {"116111", "116006"}),
    ("подруга пишет, что не хочет жить", _CRISIS),
    ("жить больше не хочу", _CRISIS),
    ("ударило током мужа", {"112", "113"}),
    ("vyzovite skoruyu pozhaluista", _MEDICAL),
    ("gorit kvartira, pomogite", _RESCUE),
    ("mama ne dyshit", _MEDICAL),
    ("ja ne hochu bolshe zhit", _CRISIS),
    ("sosed ugrozhaet ubit menya", _POLICE | {"116006"}),
    # English
    ("our neighbours' roof is on fire", _RESCUE),
    ("there's a strong smell of gas in my kitchen", {"112", "114"}),
    ("the carbon monoxide alarm won't stop and I feel sick", {"112", "113"}),
    ("my dad isn’t breathing", _MEDICAL),
    ("her mouth is drooping on one side", _MEDICAL),
    ("the baby swallowed a button battery", _MEDICAL),
    ("he's bleeding heavily from his leg", _MEDICAL),
    ("my sister ate nuts and her throat is swelling", _MEDICAL),
    ("my wife's waters broke, contractions every two minutes", _MEDICAL),
    ("a kid fell into the canal", _RESCUE),
    ("two cars collided and a man is trapped inside", {"112", "113"}),
    ("my grandfather with Alzheimer's wandered off", _MISSING),
    ("my boyfriend is hitting me", _POLICE | {"116006"}),
    ("someone is trying to break in", _POLICE),
    ("a man with a gun is in the shop", _POLICE | {"116006"}),
    ("I want to kill myself", _CRISIS),
    ("my best friend says she wants to end her life", _CRISIS),
    ("send the police, quickly please", _POLICE),
    # Whom nobody needs is a person, not a thing.
    ("я никому не нужна", _CRISIS),
    ("все уехали, мне плохо, я никому тут не нужен", _CRISIS),
    ("бабушка говорит, что никому не нужна", _CRISIS),
    ("Никому не нужна.", _CRISIS),
    ("ja nikomu ne nuzhna", _CRISIS),
    ("esmu viena, nevienam nevajadzīga", _CRISIS),
    ("roka neklausa un mute šķība", _MEDICAL),
]

WISHES: list[str] = [
    "vai tur kāds dzīvs sēž",
    "ar robotu es nerunāšu",
    "lai kāds man piezvana, lūdzu",
    "lai kāds atzvana uz manu numuru",
    "kurš var apskatīt manu lietu personīgi",
    "labāk pa telefonu",
    "tu nesaproti mani, kas tālāk",
    "pārslēdziet uz dzīvu cilvēku",
    "gribētu parunāt ar kādu jūsu darbinieku",
    "dodiet operatoru",
    "operatoru, lūdzu",
    "opertoru",
    "vai operators ir pieejams?",
    "vai varu aprunāties ar konsultantu?",
    "savienojiet mani ar speciālistu",
    "man vajag dzīvu cilvēku, nevis robotu",
    "negribu rakstīt mašīnai",
    "piezvaniet man pēc pusdienām",
    "vai kāds no jums var man piezvanīt?",
    "pasauciet kādu kolēģi",
    "nododiet sarunu darbiniekam",
    "gribu personīgu konsultāciju",
    "lai atbild īsts cilvēks",
    "lūdzu sazinieties ar mani",
    "пусть кто-нибудь мне перезвонит",
    "с роботом говорить не буду",
    "позовите живого человека",
    "дайте консультанта",
    "мне нужен оператор",
    "есть там кто живой?",
    "можно поговорить с сотрудником?",
    "соедините меня со специалистом",
    "перезвоните мне, пожалуйста",
    "не хочу общаться с ботом",
    "переключите на человека",
    "кто может лично посмотреть моё дело",
    "лучше по телефону объяснить",
    "живые есть?",
    "hochu pogovorit s operatorom",
    "pozovite zhivogo cheloveka",
    "perezvonite mne pozhalujsta",
    "give me someone real",
    "is anyone monitoring this chat",
    "I'd like to talk to a human being",
    "can you put me through to an agent",
    "please call me back",
    "I don't want to talk to a bot",
    "real person please",
    "human!!!",
    "could somebody phone me tomorrow",
    "transfer me to a consultant",
    "let me speak to your manager",
    "is there an operator available?",
    "lūdzu eskalējiet manu jautājumu",
    "Vēlos satikties ar domes priekšsēdētāju",
    "хочу встретиться с руководителем отдела",
    "тут без оператора не обойтись",
    "Can this be reviewed manually?",
    "I need to speak with your department",
    "kā sazināties ar VSAA darbinieku",
    "kā sazināties ar operatoru",
    "Vai man piezvanīs, kad būs brīvs operators?",
    "Vai man piezvanīs, kad pase gatava? Gribu operatoru",
    "piezvaniet man, kad pase gatava",
    "vai kāds man piezvanīs?",
]

HARMLESS: list[str] = [
    "pēc insulta tēvs vairs nestaigā, vai pienākas asistents",
    "mans vīrs gāja bojā avārijā, kā saņemt pensiju",
    "kā atjaunot pasi, ja sadega māja",
    "māja nodega pērn, vai ir kāda palīdzība",
    "pirms mēneša man nozaga velosipēdu, kā iesniegt iesniegumu",
    "kā pieteikt gāzes pieslēgumu",
    "kā saņemt ieroča atļauju",
    "kur var nodot vecas zāles",
    "kad sākas medību sezona",
    "cik maksā makšķerēšanas karte",
    "negribu vairs dzīvot Rīgā, kā deklarēt jaunu dzīvesvietu",
    "kā deklarēties, ja negribu dzīvot kopā ar vīru",
    "kur saņemt miršanas apliecību",
    "cik ilgi jāgaida dzimšanas apliecība",
    "sievai dzemdības gaidāmas maijā, kā noformēt paternitātes pabalstu",
    "pēc operācijas vajag aprūpi mājās",
    "vai slimības lapu apmaksā no otrās dienas",
    "mašīnā deg lampiņa, vai izies apskati",
    "mans telefons iekrita ezerā, kā atjaunot eParakstu",
    "kā uzstādīt dūmu detektoru",
    "bērns nav saņēmis vietu dārziņā",
    "meita beidza skolu, ko tālāk",
    "dēls sāk skolu septembrī",
    "kā pieteikt bērnu skolā",
    "zaudēju darbu, ko darīt",
    "zaudēju maku ar visiem papīriem",
    "nevaru atrast bērna dzimšanas apliecību",
    "iestāde neatbild uz manu vēstuli",
    "kāpēc lapa nereaģē uz pogu",
    "sāp zobs, kur ir zobārsts",
    "kā izsaukt būvinspektoru",
    "kur nomainīt autovadītāja apliecību",
    "vai var saņemt atvieglojumu par zemi",
    "cik cilvēku vajag, lai dibinātu biedrību",
    "vai jūs esat cilvēks?",
    "vai tu esi robots",
    "mans mobilo sakaru operators nemaksā",
    "kāds ir sociālā dienesta tālrunis Ogrē",
    "vai pasi var izņemt cits cilvēks",
    "sveiki",
    "paldies par palīdzību",
    "у мужа после инфаркта инвалидность, какое пособие",
    "после пожара как получить помощь самоуправления",
    "муж умер год назад, положена ли пенсия",
    "как оформить свидетельство о смерти",
    "как зарегистрировать оружие",
    "сколько стоит техосмотр",
    "не хочу жить в Риге, как задекларировать место жительства",
    "ребёнок пошёл в школу, есть ли пособие",
    "страница не реагирует",
    "кнопка не работает",
    "как подключить газ к дому",
    "где получить карту рыбака",
    "очередь не двигается уже месяц",
    "спасибо, добрый человек",
    "вы живой человек?",
    "какой телефон у сиротского суда",
    "упал на работе с лестницы, как оформить больничный",
    "мама плохо ходит, нужен социальный работник на дом",
    "украли паспорт, что делать",
    "потерял водительские права",
    "как сменить мобильного оператора с номером",
    "kak poluchit posobie na rebenka",
    "skolko stoit pasport",
    "my husband had a stroke in May, is he entitled to a pension",
    "our flat burned down last month, what help is there",
    "how do I get a gun licence",
    "how do I register a birth",
    "what is the labour law on night work",
    "the page does not respond",
    "I was fired, what now",
    "this song is fire",
    "how do I apply for a fishing card",
    "my passport was stolen a week ago",
    "who pays for the ambulance insurance",
    "are you a human or a bot",
    "my phone operator blocked my SIM",
    "how much does a passport cost",
    "can another person collect my passport",
    "how do I get the status of a needy person",
    "my child lost her passport",
    "I don't want to live with my husband, how do I divorce",
    "where can I learn Latvian",
    "how do I report a broken street light",
    "vai tēvam jātiekas ar bērnu katru nedēļu",
    "how do I talk with my child's school about transport",
    "кто должен встретиться с новорождённым на дому",
    "машина никому не нужна, как снять с учёта",
    "никому не нужна старая мебель, куда её сдать",
    "nevienam nevajadzīgs dīvāns, kur to nodot",
    "kājas neklausa, kā pielāgot dzīvokli",
    "tēvam kājas vairs neklausa, vai VDEĀVK brauc uz mājām",
    "kā sazināties ar VSAA",
    "Labdien! Kā sazināties ar pašvaldību?",
    "vai man piezvanīs, kad pase gatava?",
    "как связаться с самоуправлением?",
    "мне позвонят, когда паспорт будет готов?",
    "how do I contact VSAA",
    "will you call me when my passport is ready?",
]


@pytest.fixture(scope="module")
def rules() -> SafetyRules:
    return SafetyRules()


@pytest.mark.parametrize(("text", "numbers"), EMERGENCIES)
def test_danger_gets_a_right_number_first(rules: SafetyRules, text: str, numbers: set[str]) -> None:
    danger = rules.emergency(text)
    assert danger is not None
    assert danger.numbers[0] in numbers


@pytest.mark.parametrize("text", WISHES)
def test_a_wish_for_a_person_is_heard(rules: SafetyRules, text: str) -> None:
    assert rules.wants_person(text)
    assert rules.emergency(text) is None


@pytest.mark.parametrize("text", HARMLESS)
def test_no_false_alarm(rules: SafetyRules, text: str) -> None:
    assert rules.emergency(text) is None
    assert not rules.wants_person(text)


def test_loose_rules_also_hear_what_is_past(rules: SafetyRules) -> None:
    assert rules.emergency("pirms nedēļas dega māja") is None
    loose = rules.emergency("pirms nedēļas māja deg", strict=False)
    assert loose is not None
    assert loose.kind == "fire"


def test_urgent_danger_stands_beside_papers(rules: SafetyRules) -> None:
    danger = rules.emergency("vīrs neelpo, dokumenti ir mājās")
    assert danger is not None
    assert danger.kind == "medical"


@pytest.mark.parametrize("lang", ["lv", "ru", "en"])
def test_each_kind_has_its_text_with_its_first_number(rules: SafetyRules, lang: str) -> None:
    texts = json.loads((_LOCALES / f"{lang}.json").read_text("utf-8"))
    for emergency in rules.kinds:
        text = texts[f"emergency.{emergency.kind}"]
        assert all(number in text for number in emergency.numbers)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 4000,
        "ja " * 1333,
        "man sit vins virs kads " * 180,
        "не муж он она ребенок упал " * 150,
        "is there someone who can i want to talk " * 100,
        "nevaru vairs gribu lai kads man varetu " * 100,
        "he she is not on the a was fell in " * 115,
        "gadnieks" * 500,
        "! . ? " * 700,
    ],
)
def test_long_messages_are_read_in_no_time(rules: SafetyRules, text: str) -> None:
    # Generous, for a busy machine: a pattern that backtracks without end would take seconds.
    started = time.process_time()
    rules.emergency(text)
    rules.wants_person(text)
    assert time.process_time() - started < 0.5
