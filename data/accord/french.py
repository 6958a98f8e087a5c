"""French morphology: gender and number of nouns, adjectives and participles; conjugation.

Agreement is one number everywhere: ``MS, FS, MP, FP`` = 0..3, masculine and feminine singular, masculine and feminine
plural; ``agreement & 1`` is the gender and ``agreement & 2`` the number. Five persons suffice ("tu" is not used):
``JE, IL, NOUS, VOUS, ILS`` = 0..4.
"""

from typing import NamedTuple

MS, FS, MP, FP = range(4)
JE, IL, NOUS, VOUS, ILS = range(5)

Forms = tuple[str, str, str, str]  # by agreement
Persons = tuple[str, str, str, str, str]


def plural(word: str) -> str:
    """"accord" -> "accords", "bateau" -> "bateaux", "hôpital" -> "hôpitaux", "prix" -> "prix"."""
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith(("au", "eu")) and word != "bleu":
        return word + "x"
    if word.endswith("al") and word not in ("festival", "final", "naval"):
        return word[:-2] + "aux"
    return word + "s"


# Masculine ending -> feminine ending, longest first; any other adds an e, or keeps the one it has.
_FEMININE = (
    ("teur", "trice"), ("eux", "euse"), ("if", "ive"), ("el", "elle"), ("ien", "ienne"), ("éen", "éenne"),
    ("on", "onne"), ("er", "ère"), ("et", "ète"), ("eau", "elle"), ("ic", "ique"), ("os", "osse"), ("e", "e"),
)


def feminine(adjective: str) -> str:
    """"européen" -> "européenne", "économique" -> "économique", "ancien" -> "ancienne", "grand" -> "grande"."""
    for ending, replacement in _FEMININE:
        if adjective.endswith(ending):
            return adjective[: -len(ending)] + replacement
    return adjective + "e"


def agreeing(masculine: str, feminine_form: str | None = None) -> Forms:
    """The four forms of an adjective or participle: "final" -> final, finale, finals, finales."""
    other = feminine_form or feminine(masculine)
    return masculine, other, plural(masculine), plural(other)


def participle_forms(participle: str) -> Forms:
    """"signé" -> signé, signée, signés, signées; "promis" -> promis, promise, promis, promises."""
    stem = participle.replace("dû", "du")
    return participle, stem + "e", plural(stem), stem + "es"


class Conjugation(NamedTuple):
    """All forms of a verb the grammar needs; each tense by person."""

    infinitive: str
    gerund: str
    participle: Forms
    present: Persons
    imperfect: Persons
    future: Persons
    conditional: Persons
    subjunctive: Persons


# Infinitive (or its end; the longest one that fits), the five persons of the present, the stem of the future, the participle.
_IRREGULAR = """
être        suis        est        sommes       êtes         sont         ser         été
avoir       ai          a          avons        avez         ont          aur         eu
aller       vais        va         allons       allez        vont         ir          allé
pouvoir     peux        peut       pouvons      pouvez       peuvent      pourr       pu
devoir      dois        doit       devons       devez        doivent      devr        dû
vouloir     veux        veut       voulons      voulez       veulent      voudr       voulu
savoir      sais        sait       savons       savez        savent       saur        su
venir       viens       vient      venons       venez        viennent     viendr      venu
tenir       tiens       tient      tenons       tenez        tiennent     tiendr      tenu
prendre     prends      prend      prenons      prenez       prennent     prendr      pris
mettre      mets        met        mettons      mettez       mettent      mettr       mis
battre      bats        bat        battons      battez       battent      battr       battu
dire        dis         dit        disons       dites        disent       dir         dit
prédire     prédis      prédit     prédisons    prédisez     prédisent    prédir      prédit
interdire   interdis    interdit   interdisons  interdisez   interdisent  interdir    interdit
lire        lis         lit        lisons       lisez        lisent       lir         lu
crire       cris        crit       crivons      crivez       crivent      crir        crit
rire        ris         rit        rions        riez         rient        rir         ri
voir        vois        voit       voyons       voyez        voient       verr        vu
cevoir      çois        çoit       cevons       cevez        çoivent      cevr        çu
prévoir     prévois     prévoit    prévoyons    prévoyez     prévoient    prévoir     prévu
promouvoir  promeus     promeut    promouvons   promouvez    promeuvent   promouvr    promu
uire        uis         uit        uisons       uisez        uisent       uir         uit
connaître   connais     connaît    connaissons  connaissez   connaissent  connaîtr    connu
aître       ais         aît        aissons      aissez       aissent      aîtr        u
ouvrir      ouvre       ouvre      ouvrons      ouvrez       ouvrent      ouvrir      ouvert
offrir      offre       offre      offrons      offrez       offrent      offrir      offert
cueillir    cueille     cueille    cueillons    cueillez     cueillent    cueiller    cueilli
dormir      dors        dort       dormons      dormez       dorment      dormir      dormi
mourir      meurs       meurt      mourons      mourez       meurent      mourr       mort
suivre      suis        suit       suivons      suivez       suivent      suivr       suivi
vivre       vis         vit        vivons       vivez        vivent       vivr        vécu
croire      crois       croit      croyons      croyez       croient      croir       cru
boire       bois        boit       buvons       buvez        boivent      boir        bu
indre       ins         int        ignons       ignez        ignent       indr        int
clure       clus        clut       cluons       cluez        cluent       clur        clu
inclure     inclus      inclut     incluons     incluez      incluent     inclur      inclus
soudre      sous        sout       solvons      solvez       solvent      soudr       solu
vaincre     vaincs      vainc      vainquons    vainquez     vainquent    vaincr      vaincu
rompre      romps       rompt      rompons      rompez       rompent      rompr       rompu
"""

_SUBJUNCTIVES = """
être     sois     soit     soyons     soyez     soient
avoir    aie      ait      ayons      ayez      aient
aller    aille    aille    allions    alliez    aillent
pouvoir  puisse   puisse   puissions  puissiez  puissent
savoir   sache    sache    sachions   sachiez   sachent
vouloir  veuille  veuille  voulions   vouliez   veuillent
"""

_GERUNDS = {"être": "étant", "avoir": "ayant", "savoir": "sachant"}
_DOUBLES = ("appeler", "jeter")  # appelle, jette; other verbs in -e_er take è: achète, lève

_irregular = {row[0]: tuple(row[1:]) for row in map(str.split, _IRREGULAR.strip().splitlines())}
_subjunctives: dict[str, Persons] = {
    infinitive: (je, il, nous, vous, ils)
    for infinitive, je, il, nous, vous, ils in map(str.split, _SUBJUNCTIVES.strip().splitlines())
}


def conjugate(infinitive: str) -> Conjugation:
    """Conjugation of ``infinitive``; a verb in no table follows its group, -er, -ir or -re."""
    present, future, participle = _principal_parts(infinitive)
    nous = present[NOUS].removesuffix("ons")
    if infinitive == "être":
        nous = "ét"
    past = nous.removesuffix("e") if infinitive.endswith("ger") else nous
    imperfect = _persons(nous, past, ("ais", "ait", "ions", "iez", "aient"))
    if infinitive.endswith("cer"):
        imperfect = _persons(nous, nous[:-1] + "c", ("ais", "ait", "ions", "iez", "aient"))
    ils = present[ILS].removesuffix("ent")
    subjunctive: Persons = _subjunctives.get(infinitive) or (
        ils + "e", ils + "e", imperfect[NOUS], imperfect[VOUS], ils + "ent")
    return Conjugation(
        infinitive,
        _GERUNDS.get(infinitive, nous + "ant"),
        participle_forms(participle),
        present,
        imperfect,
        _persons(future, future, ("ai", "a", "ons", "ez", "ont")),
        _persons(future, future, ("ais", "ait", "ions", "iez", "aient")),
        subjunctive,
    )


def _persons(stem: str, stem_before_i: str, endings: Persons) -> Persons:
    je, il, nous, vous, ils = endings
    return stem + je, stem + il, stem_before_i + nous, stem_before_i + vous, stem + ils


def _principal_parts(infinitive: str) -> tuple[Persons, str, str]:
    """Present by person, stem of the future, participle."""
    for start in range(len(infinitive)):
        if row := _irregular.get(infinitive[start:]):
            je, il, nous, vous, ils, future, participle = (infinitive[:start] + form for form in row)
            return (je, il, nous, vous, ils), future, participle
    stem = infinitive[:-2]
    if infinitive.endswith("er"):
        return _first_group(infinitive)
    if infinitive.endswith("ir"):
        present = (stem + "is", stem + "it", stem + "issons", stem + "issez", stem + "issent")
        return present, infinitive, stem + "i"
    return (stem + "s", stem, stem + "ons", stem + "ez", stem + "ent"), infinitive[:-1], stem + "u"


def _first_group(infinitive: str) -> tuple[Persons, str, str]:
    """Verbs in -er: manger -> mangeons, acheter -> achète, espérer -> espère, appeler -> appelle, payer -> paie."""
    weak = infinitive[:-2]
    strong, future = weak, infinitive
    if infinitive.endswith(_DOUBLES):
        strong = weak + weak[-1]
        future = strong + "er"
    elif weak[-2:-1] == "e" and weak[-1] not in "rzx":
        strong = weak[:-2] + "è" + weak[-1]
        future = strong + "er"
    elif infinitive.endswith("yer"):
        strong = weak[:-1] + "i"
        future = "enverr" if infinitive == "envoyer" else strong + "er"
    else:
        strong = _grave(weak)
    before_o = {"g": weak + "e", "c": weak[:-1] + "ç"}.get(weak[-1], weak)
    return (strong + "e", strong + "e", before_o + "ons", weak + "ez", strong + "ent"), future, weak + "é"


def _grave(stem: str) -> str:
    """"espér" -> "espèr", "célébr" -> "célèbr"; a stem stays that ends in é, or whose last vowel is another."""
    before, accented, after = stem.rpartition("é")
    return before + "è" + after if accented and after and not set(after) & set("aeiouyè") else stem
