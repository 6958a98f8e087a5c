import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UserError
from reproductions.evaluation.measures.text import (
    bleu_of_sums,
    bleu_statistics,
    moses,
    sentence_chrf,
    text_scores,
)
from reproductions.evaluation.records.translation import Translated

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


def scored(hypotheses, references, language):
    pairs = zip(hypotheses, references, strict=True)
    return text_scores([Translated("s", there, ours, i) for i, (ours, there) in enumerate(pairs)], language)


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
