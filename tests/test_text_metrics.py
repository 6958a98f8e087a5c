from types import SimpleNamespace

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UserError
from reproductions.evaluation.measures.text import (
    bleu_of_sums,
    bleu_statistics,
    bleu_without_brevity,
    cased_moses,
    moses,
    multi_bleu,
    sentence_chrf,
    text_scores,
)
from reproductions.evaluation.records.translation import Translated
from reproductions.tasks.translation import scores as of_split
from reproductions.tasks.translation import task
from reproductions.tasks.translation.collect import CollectedTranslations
from reproductions.training.translation import Search

REFERENCES = [
    "L'accord sur la zone économique européenne a été signé en août 1992.",
    "Il convient de noter que l'environnement marin est le moins connu.",
    "La Syrie ne peut plus produire de nouvelles armes chimiques.",
]
HYPOTHESES = [
    "L'accord sur la Zone économique européenne a été signé en 1992.",
    "Il faut noter que l'environnement marin est le moins connu.",
    "La Syrie ne peut pas produire des armes.",
]


def translated(hypotheses, references):
    return [Translated("s", there, ours, i) for i, (ours, there) in enumerate(zip(hypotheses, references, strict=True))]


def scored(hypotheses, references, language):
    return text_scores(translated(hypotheses, references), language)


def test_bleu_and_chrf_are_those_of_sacrebleu():
    scores = scored(HYPOTHESES, REFERENCES, "fr")
    assert scores.bleu == sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES]).score
    assert scores.chrf == sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score
    expected = sacrebleu.sentence_chrf(HYPOTHESES[0], [REFERENCES[0]]).score
    assert sentence_chrf(hypothesis=HYPOTHESES[0], reference=REFERENCES[0]) == pytest.approx(expected)
    assert "case:mixed" in scores.bleu_signature and "tok:13a" in scores.bleu_signature
    assert "chrF2" in scores.chrf_signature or "nc:6" in scores.chrf_signature


def test_hypotheses_and_references_are_not_interchangeable():
    ours = scored(HYPOTHESES, REFERENCES, "fr")
    swapped = scored(REFERENCES, HYPOTHESES, "fr")
    assert abs(ours.bleu - swapped.bleu) > 0.5
    assert ours.length_ratio < 1 < swapped.length_ratio


def test_tokenised_bleu_splits_elision_and_dashes_and_ignores_case():
    assert moses(["L'accord demi-fini."], "fr") == ["l' accord demi @-@ fini ."]
    scores = scored(["L'ACCORD est très bon"], ["l'accord est très bon"], "fr")
    assert scores.bleu_tokenised == pytest.approx(100)
    assert scores.bleu < 60
    assert "-a" in scores.bleu_tokenised_signature and "case:lc" in scores.bleu_tokenised_signature


# What multi-bleu.perl of Moses printed for the first three: 85.7/62.5/48.3/38.5 (BP=0.751, hyp_len=35, ref_len=45).
OF_MOSES = 42.202516
WITH_UNKNOWN = [
    "L'accord sur la Zone économique <unk> a été signé en 1992.",
    "Il faut noter que l'environnement marin est le moins <unk>.",
    "La Syrie ne peut plus produire des armes chimiques.",
]
ENTIRE = [
    "L'accord sur la zone économique européenne a été signé en août 1992.",
    "Il convient de noter que l'environnement marin est le moins connu de tous.",
    "La Syrie ne peut plus produire de nouvelles armes chimiques (sic), dit-il.",
]


def test_multi_bleu_is_what_the_script_of_moses_prints_and_an_unknown_word_is_one_token():
    assert cased_moses(WITH_UNKNOWN[:1], "fr") == ["L' accord sur la Zone économique <unk> a été signé en 1992 ."]
    scores = scored(WITH_UNKNOWN, ENTIRE, "fr")
    assert scores.multi_bleu == pytest.approx(OF_MOSES, abs=1e-6)
    assert "smooth:none" in scores.multi_bleu_signature and "case:mixed" in scores.multi_bleu_signature
    split = [text.replace("<unk>", "< unk >") for text in WITH_UNKNOWN]
    assert multi_bleu(translated(split, ENTIRE), "fr") == pytest.approx(42.511332, abs=1e-6)
    assert multi_bleu(translated(["trois mots ici"], ["trois mots ici"]), "fr") == 0  # no four words


def test_a_german_compound_split_at_its_hyphens_counts_its_parts():
    """The same script after get_ende_bleu.sh's: 91.7/81.8/70.0/66.7."""
    said = "Im Rhein-Main-Gebiet gab es gestern {} Streit."
    pair = translated([said.format("großen")], [said.format("wieder")])
    assert multi_bleu(pair, "de", compounds=True) == pytest.approx(76.916057, abs=1e-6)
    assert multi_bleu(pair, "de") == pytest.approx(59.460356, abs=1e-6)


def test_no_unk_scores_the_sentences_that_both_vocabularies_know():
    records = translated([*WITH_UNKNOWN, ENTIRE[0]], [*ENTIRE, ENTIRE[0]])
    collected = CollectedTranslations(dict(enumerate(records)), words=1)
    text = text_scores(list(collected.translated.values()), "fr")
    assert "multi_bleu_no_unk" not in of_split.scores(collected, text, "fr")
    collected.unknown = {0: None, 1: None, 2: None}
    scores = of_split.scores(collected, text, "fr")
    assert scores["multi_bleu_no_unk"] == pytest.approx(100) and scores["multi_bleu"] < 70
    assert of_split.details(collected, text)["sentences_no_unk"] == 1
    assert "multi_bleu_compounds" not in scores and "multi_bleu_compounds" in of_split.scores(collected, text, "de")


def test_scores_and_details_of_a_split_score_its_texts_once(monkeypatch):
    scored = []
    monkeypatch.setattr(task, "text_scores", lambda *given: scored.append(given) or text_scores(*given))
    data, module = SimpleNamespace(target_tokenizer=SimpleNamespace(language="fr")), SimpleNamespace(search=Search())
    collected = CollectedTranslations(dict(enumerate(translated(ENTIRE, ENTIRE))), words=1)
    split = task.TranslationSplit(SimpleNamespace(data=data, module=module), "test", collected)
    assert split.scores()["bleu"] == pytest.approx(100) and "sacreBLEU" in split.details()["bleu_signature"]
    assert len(scored) == 1


def test_bleu_without_brevity_is_the_mean_of_the_precisions_alone():
    """4 of 4 words, 2 of 3 pairs, 1 of 2 triples, 0 of 1, in a caption half as long as its reference."""
    sums = bleu_statistics(hypotheses=["a b c f"], references=["a b c d e f g h"]).sum(axis=0)
    of_orders = [bleu_without_brevity(sums, order) for order in (1, 2, 3, 4)]
    assert of_orders == pytest.approx([100, 100 * (2 / 3) ** 0.5, 100 * (1 / 3) ** (1 / 3), 0])


def test_exact_is_the_share_of_equal_sentences():
    records = [Translated("s", text, text if number else "no", number) for number, text in enumerate("abcd")]
    assert text_scores(records, "fr").exact == 75


@pytest.mark.parametrize("text", ["unter@@ bre@@ chung", "\u2581la zone", "la</w> zone</w>", "la zone </s>"])
def test_text_with_pieces_is_refused(text):
    with pytest.raises(UserError, match="hypothesis 0 still has the marker"):
        scored([text], ["la zone"], "fr")
    with pytest.raises(UserError, match="reference 0 still has the marker"):
        scored(["la zone"], [text], "fr")


def test_an_address_is_no_piece():
    scored(["a@@b"], ["user@@host"], "en")


sentences = st.lists(st.lists(st.sampled_from("abcdef"), max_size=9).map(" ".join), min_size=1, max_size=6)


@given(sentences, st.randoms(use_true_random=False))
def test_bleu_from_summed_counts_is_the_bleu_of_sacrebleu(references, random):
    hypotheses = [" ".join(random.sample(text.split(), random.randint(0, len(text.split())))) for text in references]
    table = bleu_statistics(hypotheses=hypotheses, references=references)
    expected = sacrebleu.corpus_bleu(hypotheses, [references]).score
    assert bleu_of_sums(table.sum(axis=0)) == pytest.approx(expected, abs=1e-9)
