"""The links by which a view of the attention is chosen: gold, or those of a statistical aligner for a corpus without gold."""

from collections.abc import Iterator, Mapping

from data.links import Links
from data.sources.gold import DEVELOPMENT
from data.translation import TranslationData
from reproductions.evaluation.measures.alignment import diagonal_baseline
from reproductions.evaluation.records.translation import AlignedTranslation

BY_GOLD = "gold links"
BY_ALIGNER = "the links of a statistical aligner trained on the training pairs"


def links_of(data: TranslationData) -> tuple[str, str, Mapping[int, Links]]:
    """The validation split whose links choose the view, their origin in words, and the links by index."""
    names = data.split_names("validate")
    split = DEVELOPMENT if DEVELOPMENT in names else names[0]
    gold = {i: example.links for i, example in enumerate(data.examples(split)) if example.links is not None}
    return (split, BY_GOLD, gold) if gold else (split, BY_ALIGNER, dict(enumerate(_aligned(data, split))))


def diagonal(forced: Mapping[int, AlignedTranslation], links: Mapping[int, Links]) -> float:
    """The alignment error rate of the diagonal, which sees no words, over the sentences that have links."""
    linked = [index for index in forced if index in links]
    lengths = [(len(forced[index].target_words), len(forced[index].source_words)) for index in linked]
    return diagonal_baseline([links[index] for index in linked], lengths).aer


def _aligned(data: TranslationData, split: str) -> Iterator[Links]:
    """Links between the words of each sentence of a split, by the statistical aligner."""
    kinds = data.linked(split)
    for number, example in enumerate(data.examples(split)):
        target = data.target_tokenizer.surface(example.target).word_of_piece
        source = data.source_tokenizer.surface(example.source).word_of_piece
        yield Links(*(frozenset((target[t], source[s]) for t, s in kind[number].reshape(-1, 2)) for kind in kinds))
