"""BLEU, chrF and exact match of detokenised translations, each with a label that says what was computed.

sacreBLEU does all counting (Post 2018, "A Call for Clarity in Reporting BLEU Scores"). Three BLEU scores are reported, which
differ by several points on French: `bleu`, sacreBLEU's own tokenisation of cased text, `bleu_tokenised`, the practice of
the Multi30k literature, and `multi_bleu`, that of the papers from 2014 to 2017.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacremoses import MosesPunctNormalizer, MosesTokenizer

from data.errors import UserError
from reproductions.evaluation.arrays import Doubles
from reproductions.evaluation.records.translation import Translated

MOST_NATS = 700  # per token; the exponential of more overflows
ORDERS = 4  # n-grams up to four words
REMEMBERED = 100_000  # texts: references come back in every validation
UNKNOWN = "<unk>"  # one token of `multi_bleu`; the other scores see three
# As Vaswani et al. (2017) score German, in tensor2tensor's get_ende_bleu.sh: "Rhein-Main" is three tokens.
_COMPOUND, _PARTS = re.compile(r"(\S)-(\S)"), r"\1 ##AT##-##AT## \2"
_MULTI = BLEU(tokenize="none", smooth_method="none", force=True)
_PIECES = re.compile(r"@@(?=\s|$)|\u2581|</w>|</s>")


@dataclass(frozen=True)
class TextScores:
    """Scores of one set of translations, in percent, with their signatures."""

    bleu: float  # sacreBLEU on detokenised, cased text
    bleu_signature: str
    bleu_tokenised: float  # lower-cased, Moses-normalised and -tokenised with aggressive dash splitting (``-a``)
    bleu_tokenised_signature: str
    multi_bleu: float  # cased, Moses-tokenised, not smoothed: multi-bleu.perl's
    multi_bleu_signature: str
    chrf: float  # character n-gram F-score (chrF2)
    chrf_signature: str
    exact: float  # share of hypotheses equal to their reference
    length_ratio: float  # hypothesis words over reference words, under `bleu`'s tokenisation (a ratio, not percent)
    sentences: int


def text_scores(records: Sequence[Translated], language: str) -> TextScores:
    """Scores of translations; language ("fr") chooses Moses' rules for `bleu_tokenised`.

    Raises UserError for text that still contains word pieces or ``</s>``.
    """
    hypotheses, references = _texts(records)
    check_texts(hypotheses=hypotheses, references=references)
    bleu, chrf = BLEU(tokenize="13a", force=True), CHRF()
    tokenised = BLEU(tokenize="none", lowercase=True, force=True)
    cased = bleu.corpus_score(hypotheses, [references])
    lowered = tokenised.corpus_score(moses(hypotheses, language), [moses(references, language)])
    return TextScores(
        bleu=cased.score,
        bleu_signature=f"sacreBLEU {bleu.get_signature()}",
        bleu_tokenised=lowered.score,
        bleu_tokenised_signature=(
            f"lower-cased, Moses normalised and tokenised with -a for {language!r}; "
            f"sacreBLEU {tokenised.get_signature()}"
        ),
        multi_bleu=multi_bleu(records, language),
        multi_bleu_signature=(
            f"cased, Moses tokenised for {language!r}, {UNKNOWN} one token; sacreBLEU {_MULTI.get_signature()}"
        ),
        chrf=chrf.corpus_score(hypotheses, [references]).score,
        chrf_signature=f"sacreBLEU {chrf.get_signature()}",
        exact=100 * float(np.mean([pair[0] == pair[1] for pair in zip(hypotheses, references, strict=True)])),
        length_ratio=cased.sys_len / max(1, cased.ref_len),
        sentences=len(references),
    )


def multi_bleu(records: Sequence[Translated], language: str, compounds: bool = False) -> float:
    """BLEU as multi-bleu.perl has it, of what tokenizer.perl makes of both sides: cased, ``<unk>`` one token, 0 without a
    match of some order. With ``compounds``, words with a hyphen are split as Vaswani et al. (2017) split German ones.
    """
    hypotheses, references = (cased_moses(texts, language) for texts in _texts(records))
    if compounds:
        hypotheses, references = ([_COMPOUND.sub(_PARTS, text) for text in texts] for texts in (hypotheses, references))
    return float(_MULTI.corpus_score(hypotheses, [references]).score)


def sentence_chrf(*, hypothesis: str, reference: str) -> float:
    """chrF of one sentence, in percent. For ranking sentences; sentence BLEU is 0 for most short ones."""
    check_texts(hypotheses=[hypothesis], references=[reference])
    return float(CHRF().sentence_score(hypothesis, [reference]).score)


def bleu_statistics(
    *, hypotheses: Sequence[str], references: Sequence[str] | Sequence[Sequence[str]], language: str | None = None
) -> Doubles:
    """(N, 10), of each sentence: words of hypothesis and reference, 4 n-gram matches, 4 n-gram totals.

    BLEU of any set of sentences is `bleu_of_sums` of the sum of their rows. Tokenised as `TextScores.bleu`, or with a language
    as `TextScores.bleu_tokenised`. Of several references of a sentence any may match; the closest in length gives the length.
    """
    several = [[texts] if isinstance(texts, str) else list(texts) for texts in references]
    check_texts(hypotheses=hypotheses, references=[text for texts in several for text in texts[:1]])
    if language is not None:
        hypotheses, several = moses(hypotheses, language), [moses(texts, language) for texts in several]
    practice = {"tokenize": "13a"} if language is None else {"tokenize": "none", "lowercase": True}
    bleu = BLEU(force=True, effective_order=True, **practice)  # the order changes no count; sacreBLEU asks for it
    rows = []
    for hypothesis, texts in zip(hypotheses, several, strict=True):
        score = bleu.sentence_score(hypothesis, texts)
        rows.append([score.sys_len, score.ref_len, *score.counts, *score.totals])
    return np.array(rows, dtype=np.float64)


def bleu_table(records: Sequence[Translated], language: str | None = None) -> Doubles:
    hypotheses, references = _texts(records)
    return bleu_statistics(hypotheses=hypotheses, references=references, language=language)


def _texts(records: Sequence[Translated]) -> tuple[list[str], list[str]]:
    return [record.hypothesis for record in records], [record.reference for record in records]


def perplexity_of_sums(sums: Doubles) -> Doubles:
    """Perplexity of summed nats and tokens (..., 2) -> (...)."""
    return np.exp(np.minimum(sums[..., 0] / sums[..., 1], MOST_NATS))


def perplexity(nats: float, tokens: int) -> float:
    """The exponential of the mean of -log p over the tokens."""
    return float(perplexity_of_sums(np.array([nats, tokens], dtype=np.float64)))


def bleu_without_brevity(sums: Doubles, order: int) -> Doubles:
    """BLEU-``order`` in percent of summed counts (..., 10) -> (...), without brevity penalty and smoothing, as captions have it
    (Xu et al. 2015, Table 1).
    """
    matches, totals = sums[..., 2 : 2 + order], sums[..., 2 + ORDERS : 2 + ORDERS + order]
    return 100 * np.prod(matches / np.maximum(totals, 1), axis=-1) ** (1 / order)


def bleu_of_sums(sums: Doubles) -> Doubles:
    """BLEU in percent of summed counts (..., 10) -> (...), with sacreBLEU's default (exponential) smoothing.

    Papineni et al. 2002, section 2.3: brevity penalty times the geometric mean of the n-gram precisions.
    """
    hypothesis, reference = sums[..., 0], sums[..., 1]
    matches, totals = sums[..., 2 : 2 + ORDERS], sums[..., 2 + ORDERS :]
    # The k-th order without a match counts as 1 / 2^k of a match.
    smoothed = np.where(matches > 0, matches, 0.5 ** np.cumsum(matches == 0, axis=-1))
    defined = (totals > 0).all(axis=-1) & (matches > 0).any(axis=-1)
    precisions = smoothed / np.maximum(totals, 1)
    brevity = np.exp(np.minimum(0.0, 1 - reference / np.maximum(hypothesis, 1)))
    return np.where(defined, 100 * brevity * np.exp(np.log(precisions).mean(axis=-1)), 0.0)


def moses(texts: Iterable[str], language: str) -> list[str]:
    """Lower-cased, normalised, tokenised as ``tokenizer.perl -a`` does; tokens joined by spaces."""
    return [_lower_cased_moses(text, language) for text in texts]


@lru_cache(REMEMBERED)
def _lower_cased_moses(text: str, language: str) -> str:
    normaliser, tokeniser = _moses(language)
    return " ".join(tokeniser.tokenize(normaliser.normalize(text.lower()), aggressive_dash_splits=True, escape=False))


def cased_moses(texts: Iterable[str], language: str) -> list[str]:
    """Tokenised as ``tokenizer.perl`` does without options, ``<unk>`` kept whole; tokens joined by spaces."""
    return [_cased_moses(text, language) for text in texts]


@lru_cache(REMEMBERED)
def _cased_moses(text: str, language: str) -> str:
    _, tokeniser = _moses(language)
    return " ".join(tokeniser.tokenize(text, escape=False, protected_patterns=[UNKNOWN] if UNKNOWN in text else None))


def check_texts(*, hypotheses: Sequence[str], references: Sequence[str]) -> None:
    """Raise UserError unless both are detokenised text."""
    for name, texts in (("hypothesis", hypotheses), ("reference", references)):
        for number, text in enumerate(texts):
            if marker := _PIECES.search(text):
                raise UserError(
                    f"{name} {number} still has the marker {marker[0]!r} in it: {text!r}; score detokenised text"
                )


@lru_cache(maxsize=8)
def _moses(language: str) -> tuple[MosesPunctNormalizer, MosesTokenizer]:
    return MosesPunctNormalizer(lang=language), MosesTokenizer(lang=language)
