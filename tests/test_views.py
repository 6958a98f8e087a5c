import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UserError
from data.links import Links
from reproductions.evaluation.measures.alignment import alignment_counts, alignment_scores, hard_links
from reproductions.evaluation.views.alignment import Pieces, View, choose_view, every_view, merge_pieces

MAPS = np.random.default_rng(0).dirichlet(np.ones(5), size=(3, 2, 4)).astype(np.float32)  # L 3, H 2, T 4, S 5
NORMS = np.ones((3, 2, 5), dtype=np.float32)


def test_a_view_picks_its_layer_and_head_counted_from_one():
    np.testing.assert_array_equal(View(3, 1).apply(MAPS, NORMS), MAPS[2, 0])
    np.testing.assert_array_equal(View(2, "mean").apply(MAPS, NORMS), MAPS[1].mean(axis=0))
    np.testing.assert_allclose(View("mean", "mean").apply(MAPS, NORMS), MAPS.mean(axis=(0, 1)), rtol=1e-6)


def test_shift_reads_the_next_step_and_the_last_row_keeps_its_own():
    np.testing.assert_array_equal(View(1, 2, 1).apply(MAPS, NORMS), MAPS[0, 1][[1, 2, 3, 3]])


def test_value_norms_take_the_weight_off_what_carries_nothing():
    """Uniform weights, values of length 0, 1 and 3: the row is (0, 1/4, 3/4). Between heads the longer values count more."""
    maps, norms = np.full((1, 2, 2, 3), 1 / 3, dtype=np.float32), np.array([[[0, 1, 3], [8, 0, 0]]], dtype=np.float32)
    np.testing.assert_allclose(View(1, 1, norms=True).apply(maps, norms), [[0, 0.25, 0.75]] * 2)
    np.testing.assert_allclose(View(1, "mean", norms=True).apply(maps, norms), [[8 / 12, 1 / 12, 3 / 12]] * 2)
    assert (View(1, 1, norms=True).apply(maps, np.zeros_like(norms)) == 0).all()


def test_a_view_says_in_words_what_it_is():
    assert View(2, "mean", 1).describe(6, 8) == "layer 2 of 6 · mean of 8 heads · read one step later"
    assert View("mean", 3).describe(6, 8) == "mean of 6 layers · head 3 of 8 · read as each word is written"
    assert View(1, 1).describe(1, 1) == "attention read as each word is written"
    assert View(1, 1, norms=True).describe(1, 1) == "weights times value norms · read as each word is written"


@pytest.mark.parametrize("view", every_view(2, 3))
def test_a_stored_view_is_read_back(view):
    assert View.parse(str(view)) == view


@pytest.mark.parametrize("text", ["", "L2", "L2 Hmean", "L2 Hmean shift2", "L-1 H1 shift0", "L0 H1 shift0"])
def test_other_text_is_no_view(text):
    with pytest.raises(UserError):
        View.parse(text)


def test_a_layer_or_head_that_does_not_exist_is_refused_with_the_range():
    with pytest.raises(UserError, match="layer 4, but the model has layers 1 to 3"):
        View(4, 1).apply(MAPS, NORMS)
    with pytest.raises(UserError, match="head 3, but the model has heads 1 to 2"):
        View(1, 3).describe(3, 2)


def test_the_heads_of_a_view_are_those_that_it_averages_counted_from_zero():
    for view in every_view(3, 2):
        heads = view.part.heads(3, 2)
        np.testing.assert_allclose(view.part.select(MAPS), np.mean([MAPS[l, h] for l, h in heads], axis=0), rtol=1e-6)  # noqa: E741
    assert View(3, "mean").part.heads(3, 2) == [[2, 0], [2, 1]]


def test_every_view_is_listed_once_without_means_of_one():
    assert len(set(every_view(3, 2))) == len(every_view(3, 2)) == 4 * 3 * 2 * 2
    assert every_view(1, 1) == [View(1, 1, shift, norms) for norms in (False, True) for shift in (0, 1)]


words = st.lists(st.integers(1, 3), min_size=1, max_size=8).map(
    lambda sizes: [word for word, size in enumerate(sizes) for _ in range(size)]
)


@given(words, words, st.integers(0, 2**32 - 1))
def test_merging_pieces_keeps_row_sums(target, source, seed):
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(source)), size=len(target)).astype(np.float32)
    merged = merge_pieces(weights, target, source)
    assert merged.shape == (target[-1] + 1, source[-1] + 1)
    np.testing.assert_allclose(merged.sum(axis=1), 1, rtol=1e-5)


def test_merging_sums_over_source_pieces_and_averages_over_target_pieces():
    weights = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.0, 1.0, 0.0]], dtype=np.float32)
    merged = merge_pieces(weights, target=[0, 0, 1], source=[0, 1, 1])
    np.testing.assert_allclose(merged, [[0.2, 0.8], [0.0, 1.0]], rtol=1e-6)


def test_words_that_are_their_own_pieces_stay_as_they_are():
    np.testing.assert_array_equal(merge_pieces(MAPS, range(4), range(5)), MAPS)


def planted(view, count=12, layers=3, heads=2):
    """Noise in every head but view's, which attends to gold (one step late with shift 1)."""
    generator = np.random.default_rng(1)
    maps, norms, golds = [], [], []
    for _ in range(count):
        rows, columns = generator.integers(4, 9, size=2)
        truth = [*generator.integers(columns - 1, size=rows - 1), columns - 1]
        noise = generator.dirichlet(np.ones(columns), size=(layers, heads, rows)).astype(np.float32)
        aligned = np.eye(columns, dtype=np.float32)[truth]
        noise[view.layer - 1, view.head - 1] = np.roll(aligned, view.shift, axis=0)
        maps.append(noise)
        norms.append(np.ones((layers, heads, columns), dtype=np.float32))
        links = frozenset((row, int(column)) for row, column in enumerate(truth[:-1]))
        golds.append(Links(links, links))
    return maps, norms, golds, list(map(words_of, maps))


def words_of(maps):
    """Each position of maps (L, H, T, S) a word of its own."""
    return Pieces(range(maps.shape[2]), range(maps.shape[3]))


@pytest.mark.parametrize("view", [View(2, 1, 0), View(3, 2, 1), View(1, 2, 1)])
def test_the_head_that_aligns_is_found_with_its_shift(view):
    choice = choose_view(*planted(view))
    assert choice.view == view
    assert choice.table[view].recall > 0.85
    assert set(choice.table) == set(every_view(3, 2))


def test_the_table_holds_the_same_scores_as_one_view_alone():
    maps, norms, golds, words = planted(View(2, 2, 0))
    table = choose_view(maps, norms, golds, words).table
    for view in every_view(3, 2):
        counts = [
            alignment_counts(hard_links(view.apply(one, norm)), gold)
            for one, norm, gold in zip(maps, norms, golds, strict=True)
        ]
        assert table[view] == alignment_scores(counts)


def test_a_view_is_chosen_on_words_where_maps_are_pieces():
    maps, norms, golds, _ = planted(View(2, 1, 1))
    norms = [np.repeat(one, 2, axis=2) for one in norms]
    pieces, split = [], []
    for one in maps:
        doubled_rows = np.repeat(one, 2, axis=2)  # a word's two pieces, then the next word's: shift moves by a piece
        split.append(np.repeat(doubled_rows, 2, axis=3) / 2)
        pieces.append(Pieces([t // 2 for t in range(2 * one.shape[2])], [s // 2 for s in range(2 * one.shape[3])]))
    choice = choose_view(split, norms, golds, pieces)
    assert choice.view.layer == 2 and choice.view.head == 1
    merged = merge_pieces(choice.view.apply(split[0], norms[0]), *pieces[0])
    assert merged.shape == maps[0].shape[2:]


def test_a_view_cannot_be_chosen_without_gold():
    with pytest.raises(UserError, match="no sure links"):
        choose_view([MAPS], [NORMS], [Links(frozenset(), frozenset())], [words_of(MAPS)])
    with pytest.raises(UserError, match="0 maps"):
        choose_view([], [], [], [])
