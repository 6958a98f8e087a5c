"""Claims about Accord: its French is right, its links are right, its splits are apart, its streams repeat."""

import os
import subprocess
import sys
from itertools import islice
from random import Random

import pytest

from data.accord import FIXED, SPLITS, Pair, pairs
from data.accord.draft import Draft
from data.accord.entries import held_out
from data.accord.french import FP, FS, ILS, MP, MS, agreeing, conjugate
from data.accord.pools import ADJECTIVES, NAMES, NOUNS
from data.accord.sentences import sentence
from data.accord.splits import split_of
from data.accord.verb_pools import BE, INTRANSITIVE, PREPOSITIONAL, SENTENTIAL, TRANSITIVE
from data.errors import UserError
from data.words import join, split

SIZES = {"train": 4000, "valid": 800, "test": 800, "long": 400, "compositional": 800}


@pytest.fixture(scope="module")
def corpus() -> dict[str, list[Pair]]:
    return {name: list(pairs(name, size)) for name, size in SIZES.items()}


@pytest.fixture(scope="module")
def everything(corpus) -> list[Pair]:
    return [*FIXED, *(pair for some in corpus.values() for pair in some)]


@pytest.fixture(scope="module")
def vocabulary() -> set[str]:
    """English and French words of a training set."""
    return {word for pair in pairs("train", 10_000) for words in pair[:2] for word in words}


def words_of(pair: Pair) -> str:
    return " ".join(pair.source) + " | " + " ".join(pair.target)


# What a word may be, from the tables alone: surface form -> agreements of its readings as noun and as adjective.
NOUN_READINGS: dict[str, set[int]] = {}
READINGS: dict[str, set[int]] = {}
for noun in NOUNS:
    for number in (0, 1):
        NOUN_READINGS.setdefault(noun.french[number][0][0], set()).add(noun.feminine + 2 * number)
for word, agreements in NOUN_READINGS.items():
    READINGS.setdefault(word, set()).update(agreements)
for adjective in ADJECTIVES:
    for agreement, words in enumerate(adjective.french):
        if len(words) == 1:
            READINGS.setdefault(words[0], set()).add(agreement)
for liaison in ("nouvel", "bel", "vieil"):
    READINGS[liaison] = {MS}
DETERMINERS = {
    word: agreements
    for agreements, words in (
        ({MS}, "le un ce cet du au aucun"),
        ({FS}, "la une cette ma sa aucune"),
        ({MS, FS}, "l' mon son chaque notre leur"),
        ({MP}, "certains"),
        ({FP}, "certaines"),
        ({MP, FP}, "les des ces mes ses deux plusieurs"),
    )
    for word in words.split()
}
# "montre" is a watch or shows, "mine" is no verb: words that may be verbs end a phrase here.
VERB_FORMS = {form for verb in (*TRANSITIVE, *PREPOSITIONAL, *INTRANSITIVE, *SENTENTIAL)
              for form in (*verb.french.present, *verb.french.subjunctive, *verb.participle)}  # fmt: skip
READINGS = {word: agreements for word, agreements in READINGS.items() if word not in VERB_FORMS}
ADJECTIVE_FORMS = {words[0] for adjective in ADJECTIVES for words in adjective.french}


def noun_phrases(target: tuple[str, ...]):
    """(start, end, agreements all its words allow) of each determiner with the nouns and adjectives that follow it."""
    lower = [word.lower() for word in target]
    for start, word in enumerate(lower):
        if word not in DETERMINERS:
            continue
        allowed, end, noun_seen = set(DETERMINERS[word]), start + 1, False
        while end < len(lower) and (target[end] in READINGS or lower[end] in READINGS or lower[end] == "très"):
            if lower[end] != "très":
                allowed &= READINGS.get(target[end]) or READINGS[lower[end]]
                noun_seen |= target[end] in NOUN_READINGS
            end += 1
        if noun_seen:
            yield start, end, allowed


# The links.


def test_links_lie_in_range_and_sure_links_are_possible(everything):
    for pair in everything:
        assert pair.links.sure <= pair.links.possible
        assert all(0 <= t < len(pair.target) and 0 <= s < len(pair.source) for t, s in pair.links.possible), words_of(
            pair
        )


def test_every_word_has_a_link_and_every_noun_and_adjective_a_sure_one(everything):
    english = {word for noun in NOUNS for words in noun.english for word in words if word != "of"}
    english |= {adjective.english for adjective in ADJECTIVES}
    french = (set(NOUN_READINGS) | set(READINGS)) - {"mise", "mises"}  # "mise en œuvre" has its own three words
    for pair in everything:
        possible_targets, possible_sources = ({link[side] for link in pair.links.possible} for side in (0, 1))
        sure_targets, sure_sources = ({link[side] for link in pair.links.sure} for side in (0, 1))
        assert possible_targets == set(range(len(pair.target))), words_of(pair)
        if pair not in FIXED:
            assert possible_sources == set(range(len(pair.source))), words_of(pair)
        assert sure_targets >= {t for t, word in enumerate(pair.target) if word in french}, words_of(pair)
        assert sure_sources >= {s for s, word in enumerate(pair.source) if word in english}, words_of(pair)


def test_each_noun_is_linked_to_its_own_translation(everything):
    english = {
        noun.english[number][0]: noun.french[number][0][0]
        for noun in NOUNS
        for number in (0, 1)
        if len(noun.english[0]) == len(noun.french[0]) == 1
    }
    shared = {word for word in english if sum(word in (*n.english[0], *n.english[1]) for n in NOUNS) > 1}
    linked = 0
    for pair in everything:
        for t, s in pair.links.sure:
            word = pair.source[s]
            if word in english and word not in shared and pair.target[t] in NOUN_READINGS.keys() - VERB_FORMS:
                linked += 1
                assert pair.target[t] == english[word], words_of(pair)
    assert linked > 8_000


def test_the_grammar_links_european_economic_area_backwards_too(corpus):
    found = 0
    for pair in corpus["train"]:
        for s in range(1, len(pair.source) - 2):
            if pair.source[s + 2] == "Area" and pair.source[s][0].isupper() and pair.source[s + 1][0].isupper():
                found += 1
                zone = next(t for t, at in pair.links.sure if at == s + 2)
                assert {(zone, s + 2), (zone + 1, s + 1), (zone + 2, s)} <= pair.links.sure, words_of(pair)
    assert found > 8


def test_adjectives_after_the_noun_stand_in_reverse(everything):
    adjectives = {adjective.english for adjective in ADJECTIVES if not adjective.before}
    nouns = {noun.english[number] for noun in NOUNS for number in (0, 1)}
    checked = 0
    for pair in everything:
        at = {s: t for t, s in pair.links.sure}
        for s in range(len(pair.source) - 2):
            outer, inner, noun = pair.source[s : s + 3]
            if outer in adjectives and inner in adjectives and (noun,) in nouns and (inner,) not in nouns:
                checked += 1
                assert at[s + 2] < at[s + 1] < at[s], words_of(pair)
    assert checked > 300


# The French.

VOWELS = "aeiouhyàâéèêîïôœæ"
ASPIRATED = {"héros", "hongrois", "hongroise", "hongroises", "hongrie", "haye", "hérisson", "hérissons", "huit", "onze",
             "haut"}  # fmt: skip
UNCONTRACTED = {"de le", "de les", "à le", "à les", "de des", "de du", "si il", "si ils"}
ELIDED = {"le", "la", "de", "que", "ne", "je", "se", "me", "ce", "ma", "sa", "parce", "beau", "nouveau", "vieux"}


def test_no_word_lacks_its_elision_or_contraction(everything):
    for pair in everything:
        lower = [word.lower() for word in pair.target]
        for word, following in zip(lower, lower[1:], strict=False):
            vowel = following[0] in VOWELS and following not in ASPIRATED
            if word in ("beau", "nouveau", "vieux"):
                vowel &= following in NOUN_READINGS and MS in NOUN_READINGS[following]  # "est beau et" stays
            assert not (word in ELIDED and vowel), words_of(pair)
            assert f"{word} {following}" not in UNCONTRACTED, words_of(pair)


def test_nothing_is_elided_before_a_consonant(everything):
    for pair in everything:
        for word, following in zip(pair.target, pair.target[1:], strict=False):
            if word.endswith("'") or word in ("cet", "nouvel", "bel", "vieil"):
                lower = following.lower()
                assert lower[0] in VOWELS and lower not in ASPIRATED, words_of(pair)


def test_determiner_adjectives_and_noun_agree(everything):
    phrases = 0
    for pair in everything:
        for start, end, allowed in noun_phrases(pair.target):
            phrases += 1
            assert allowed, f"{pair.target[start:end]} in {words_of(pair)}"
    assert phrases > 12_000


def participles() -> dict[str, set[int]]:
    """Surface form -> agreements, of the participles of transitive verbs."""
    found: dict[str, set[int]] = {}
    for verb in TRANSITIVE:
        for agreement, form in enumerate(verb.participle):
            found.setdefault(form, set()).add(agreement)
    return found


BETWEEN = {"pas", "plus", "jamais", "encore", "rapidement", "officiellement", "immédiatement", "publiquement", "secrètement",
           "finalement", "facilement", "aussi", "déjà", "récemment", "unanimement", "souvent", "toujours",
           "rarement"}  # fmt: skip


def test_passive_participles_agree_with_their_subject(everything):
    known, checked = participles(), 0
    for pair in everything:
        for start, end, allowed in noun_phrases(pair.target):
            if start:
                continue  # not the subject, for certain
            rest = [word for word in pair.target[end : end + 8] if word not in BETWEEN and word not in ("ne", "n'")]
            if rest[:2] in (["a", "été"], ["ont", "été"]) and len(rest) > 2 and rest[2] in known:
                checked += 1
                assert allowed & known[rest[2]], words_of(pair)
                assert (rest[0] == "ont") == bool(allowed & {MP, FP}), words_of(pair)
    assert checked > 150


def test_participles_agree_with_the_object_that_que_stands_for(everything):
    known, checked, feminine = participles(), 0, 0
    personal = {"il": "a", "elle": "a", "nous": "avons", "vous": "avez", "j'": "ai"}
    for pair in everything:
        for _, end, allowed in noun_phrases(pair.target):
            rest = [word for word in pair.target[end : end + 9] if word not in BETWEEN]
            if len(rest) > 3 and rest[0] in ("que", "qu'") and personal.get(rest[1]) == rest[2] and rest[3] in known:
                checked += 1
                feminine += bool(allowed & {FS, FP})
                assert allowed & known[rest[3]], words_of(pair)
    assert checked > 40 and feminine > 10


def test_a_plural_adjective_before_the_noun_takes_de(everything):
    before = {adjective.french[agreement][0] for adjective in ADJECTIVES if adjective.before for agreement in (MP, FP)}
    before -= {"premiers"}  # prime ministers
    found = 0
    for pair in everything:
        for t, word in enumerate(pair.target[:-2]):
            nearest = pair.target[t + 1 : t + 3]
            if nearest[0] in before and nearest[1] in NOUN_READINGS and word in ("de", "des"):
                found += word == "de"
                if word == "des":  # then it is "de les", and English has a word for "les"
                    assert len([link for link in pair.links.possible if link[0] == t]) > 1, words_of(pair)
    assert found > 30


def test_negations_hold_ne_and_never_des_after_pas(everything):
    for pair in everything:
        target = pair.target
        for t, word in enumerate(target):
            if word in ("pas", "jamais"):
                assert {"ne", "n'"} & set(target[max(0, t - 6) : t]), words_of(pair)
        if "not" in pair.source:
            assert "pas" in target, words_of(pair)


def test_they_and_it_are_said_only_where_one_gender_was_mentioned(everything):
    nouns = {form: {agreement & 1 for agreement in agreements} for form, agreements in NOUN_READINGS.items()}
    plural = {
        form for form, agreements in NOUN_READINGS.items() if agreements <= {MP, FP} and form not in ADJECTIVE_FORMS
    }
    checked = 0
    for pair in everything:
        for t, s in pair.links.sure:
            if pair.source[s] == "they":
                checked += 1
                gender = {"ils": 0, "elles": 1}[pair.target[t]]
                for word in pair.target[:t]:
                    assert word not in plural or gender in nouns[word], words_of(pair)
    assert checked > 20


def test_when_with_a_present_is_future_only_beside_will(everything):
    futures = {verb.french.future[person] for verb in (*TRANSITIVE, BE) for person in (1, ILS)}
    found = 0
    for pair in everything:
        if pair.source[0] == "When" and "," in pair.source and "that" not in pair.source and "," in pair.target:
            clause = set(pair.target[: pair.target.index(",")]) & futures
            relative = {"qui", "que", "qu'", "dont", "lequel", "laquelle"} & set(pair.target[: pair.target.index(",")])
            if clause and not relative:
                found += 1
                assert "will" in pair.source[pair.source.index(",") :], words_of(pair)
    assert found > 5


@pytest.mark.parametrize(("masculine", "forms"), [
    ("européen", "européen européenne européens européennes"), ("national", "national nationale nationaux nationales"),
    ("ambitieux", "ambitieux ambitieuse ambitieux ambitieuses"), ("bleu", "bleu bleue bleus bleues"),
    ("cher", "cher chère chers chères"), ("utile", "utile utile utiles utiles"),
    ("ancien", "ancien ancienne anciens anciennes"), ("positif", "positif positive positifs positives"),
])  # fmt: skip
def test_adjectives_have_their_four_forms(masculine, forms):
    assert agreeing(masculine) == tuple(forms.split())


@pytest.mark.parametrize(("infinitive", "forms"), [
    ("manger", "mange mangeons mangent mangeait mangions mangera mange mangé"),
    ("renoncer", "renonce renonçons renoncent renonçait renoncions renoncera renonce renoncé"),
    ("acheter", "achète achetons achètent achetait achetions achètera achète acheté"),
    ("protéger", "protège protégeons protègent protégeait protégions protégera protège protégé"),
    ("appeler", "appelle appelons appellent appelait appelions appellera appelle appelé"),
    ("envoyer", "envoie envoyons envoient envoyait envoyions enverra envoie envoyé"),
    ("finir", "finit finissons finissent finissait finissions finira finisse fini"),
    ("obtenir", "obtient obtenons obtiennent obtenait obtenions obtiendra obtienne obtenu"),
    ("reconnaître", "reconnaît reconnaissons reconnaissent reconnaissait reconnaissions reconnaîtra reconnaisse reconnu"),
    ("être", "est sommes sont était étions sera soit été"),
    ("pouvoir", "peut pouvons peuvent pouvait pouvions pourra puisse pu"),
])  # fmt: skip
def test_verbs_are_conjugated(infinitive, forms):
    verb = conjugate(infinitive)
    made = (verb.present[1], verb.present[2], verb.present[4], verb.imperfect[1], verb.imperfect[2], verb.future[1],
            verb.subjunctive[1], verb.participle[0])  # fmt: skip
    assert made == tuple(forms.split())


def test_a_and_an_go_by_sound(everything):
    for pair in everything:
        for word, following in zip(pair.source, pair.source[1:], strict=False):
            if word.lower() in ("a", "an"):
                vowel = following[0].lower() in "aeio" and not following.lower().startswith(("euro", "one"))
                vowel |= following.startswith(("honest", "hour", "heir", "urban", "urgent", "umbrella", "uncle"))
                assert (word.lower() == "an") == vowel, words_of(pair)


# One English sentence, one French sentence; streams and splits.


def test_the_same_english_always_has_the_same_french(everything):
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    for pair in everything:
        assert seen.setdefault(pair.source, pair.target) == pair.target


def test_short_sentences_that_come_again_have_the_same_french_again():
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    random, again = Random(1), 0
    for length in [3, 4, 5, 6, 7, 8] * 3000:
        draft = Draft(random, novel=True)
        tokens = sentence(draft, length)
        pair = draft.finish(draft.source(), tokens)
        again += pair.source in seen
        assert seen.setdefault(pair.source, pair.target) == pair.target, words_of(pair)
    assert again > 1000


def test_a_longer_stream_begins_as_a_shorter_one():
    assert list(pairs("train", 50)) == list(islice(pairs("train"), 50)) == list(pairs("train", 80))[:50]


def test_seed_and_split_decide_the_stream():
    first = list(pairs("train", 20, seed=1))
    assert first == list(pairs("train", 20, seed=1)) != list(pairs("train", 20, seed=2))
    assert not {pair.source for pair in first} & {pair.source for pair in pairs("valid", 20, seed=1)}


def test_the_stream_does_not_hang_on_the_hash_seed():
    command = "from data.accord import pairs; print(*(' '.join(pair.source) for pair in pairs('train', 40)), sep='\\n')"
    other = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    printed = subprocess.run([sys.executable, "-c", command], env={**os.environ, "PYTHONHASHSEED": other}, text=True,
                             capture_output=True, check=True).stdout  # fmt: skip
    assert printed.splitlines() == [" ".join(pair.source) for pair in pairs("train", 40)]


def test_splits_share_no_sentence(corpus):
    sources = {name: {pair.source for pair in some} for name, some in corpus.items()}
    for name in SPLITS:
        assert not sources[name] & {pair.source for pair in FIXED}
        if name != "compositional":
            assert {split_of(source) for source in sources[name]} == {name}
            assert not sources[name] & sources["compositional"]


def test_a_fixed_sentence_that_the_grammar_makes_is_left_out(monkeypatch):
    first, second = pairs("train", 2)
    monkeypatch.setattr("data.accord.splits._FIXED", {first.source})
    assert next(pairs("train", 1)) == second


def combinations(pair: Pair) -> set[tuple[str, str]]:
    """Adjectives and the noun they stand before, by the English words alone."""
    nouns = {noun.english[number]: noun.lemma for noun in NOUNS for number in (0, 1)}
    adjectives = {form: a.english for a in ADJECTIVES for form in (a.english, a.superlative) if form}
    found = set()
    source = pair.source
    if source[0].lower() in adjectives:
        source = (source[0].lower(), *source[1:])
    for at in range(len(source)):
        lemma = nouns.get(source[at : at + 2]) or nouns.get(source[at : at + 1])
        if source[at] in adjectives and nouns.get(source[at + 1 : at + 2]):
            continue  # "cooperation" in "a cooperation agreement"
        back = at - 1
        while lemma and back >= 0 and source[back] in adjectives:
            found.add((adjectives[source[back]], lemma))
            back -= 1
    return found


def test_held_out_combinations_occur_in_the_compositional_split_alone(corpus):
    for name, some in corpus.items():
        for pair in some:
            novel = [combination for combination in combinations(pair) if held_out(*combination)]
            assert bool(novel) == (name == "compositional"), (novel, words_of(pair))


def test_each_word_of_a_held_out_combination_occurs_in_training(corpus, vocabulary):
    wanted = {word for pair in corpus["compositional"] for adjective, lemma in combinations(pair)
              if held_out(adjective, lemma) for word in (adjective, *lemma.split())}  # fmt: skip
    plurals = {noun.lemma: noun.english[1] for noun in NOUNS}
    missing = {word for word in wanted - vocabulary if not set(plurals.get(word, ())) & vocabulary}
    assert (len(NOUNS), len(ADJECTIVES), len(NAMES)) == (390, 171, 111), "an entry of the lexicon was lost or added"
    assert len(wanted) > 150 and not missing


def test_lengths_are_under_control(corpus):
    for name, some in corpus.items():
        lengths = [len(pair.source) for pair in some]
        assert min(lengths) >= (30 if name == "long" else 3) and max(lengths) <= 60
    lengths = [len(pair.source) for pair in corpus["train"]]
    assert 14 < sum(lengths) / len(lengths) < 20
    assert 0.08 < sum(length > 30 for length in lengths) / len(lengths) < 0.18
    assert sum(6 <= length <= 15 for length in lengths) / len(lengths) > 0.35


def test_the_long_split_is_spread_evenly_from_30_to_60(corpus):
    lengths = [len(pair.source) for pair in corpus["long"]]
    thirds = [sum(low <= length < low + 10 for length in lengths) / len(lengths) for low in (30, 40, 50)]
    assert all(0.24 < share < 0.43 for share in thirds), thirds


def test_the_grammar_makes_sentences_of_the_pattern_of_figure_3a(corpus):
    def is_like(source: tuple[str, ...]) -> bool:
        # The noun on the Adj Adj Noun was participle in Month Year .
        return (len(source) == 13 and source[2:4] == ("on", "the") and all(word[0].isupper() for word in source[4:7])
                and source[7] == "was" and source[9] == "in" and source[11].isdigit())  # fmt: skip

    assert sum(is_like(pair.source) for pair in corpus["train"]) >= 10


def test_the_fixed_sentences_hold_no_held_out_combination_and_only_words_of_the_training_split(vocabulary):
    for pair in FIXED:
        assert not any(held_out(*combination) for combination in combinations(pair))
        assert {*pair.source, *pair.target} <= vocabulary, words_of(pair)


def test_words_come_back_from_the_text(everything):
    for pair in everything[:3000]:
        assert tuple(split(pair.source_text, "en")) == pair.source
        assert tuple(split(pair.target_text, "fr")) == pair.target
        assert join(pair.target, "fr") == pair.target_text


# What a user may get wrong.


def test_an_unknown_split_or_a_negative_count_is_a_users_error():
    with pytest.raises(UserError, match="no split 'dev'"):
        pairs("dev")
    with pytest.raises(UserError, match="-1"):
        pairs("train", -1)


def test_the_command_prints_words_with_their_links(capsys):
    from data.accord.__main__ import main

    assert main(["--sample", "1", "--split", "fixed"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "The[0] agreement[1] on[2] the[3] European[4] Economic[5] Area[6] was[7] signed[8] in[9] August[10] 1992[11] .[12]",
        "L'[0,(1)] accord[1] sur[2] la[3,(6)] zone[6] économique[5] européenne[4] a[(7),(8)] été[7] signé[8] en[9] "
        "août[10] 1992[11] .[12]",
    ]
    assert main(["--sample", "-3"]) == 2
    assert "must not be negative" in capsys.readouterr().err
