from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from data.links import Links
from reproductions.evaluation import plots
from reproductions.evaluation.measures.alignment import AlignmentScores
from reproductions.evaluation.measures.bootstrap import Interval
from reproductions.evaluation.measures.lengths import LengthBin, LengthCurve
from reproductions.evaluation.plots.curves import _spread
from reproductions.evaluation.plots.overlay import HEAT
from reproductions.evaluation.plots.style import (
    ACCENT,
    AS_IN_2014,
    COLOUR,
    DIFFERENCES,
    PAPER,
    SMALL,
    TEXT,
    TITLE,
    WEIGHTS,
    font,
    wrap,
)
from reproductions.evaluation.records.translation import AlignedTranslation
from reproductions.evaluation.views.alignment import View, every_view

SOURCE = ("the", "European", "Area", "</s>")
TARGET = ("L'", "zone", "très", "européenne", ".", "</s>")
GOLD = Links(frozenset({(0, 0), (1, 2), (3, 1)}), frozenset({(0, 0), (1, 2), (3, 1), (2, 1)}))


def record(seed=0, **changes):
    """Attention on 0, 2, 1, 2 (a miss), </s> and </s>, with noise."""
    weights = np.random.default_rng(seed).random((6, 4)) * 0.1
    weights[np.arange(6), [0, 2, 1, 2, 3, 3]] += 1
    weights /= weights.sum(axis=1, keepdims=True)
    fields = {
        "source": SOURCE,
        "target": TARGET,
        "weights": weights,
        "model": "RNNsearch, step 1,200",
        "view": "layer 1 of 2 · read one step later",
        "forced": True,
        "split": "valid",
        "index": 12,
        "gold": GOLD,
    }
    return AlignedTranslation(**(fields | changes))


def own(**changes):
    return record(forced=False, gold=None, reference="La zone européenne.", **changes)


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def words_on(figure):
    """All text written on the page itself, in the order it was written."""
    return [text.get_text() for text in figure.texts]


def boxes(axes):
    """(row, column) -> line style of every gold box."""
    found = {}
    for patch in axes.patches:
        if to_hex(patch.get_edgecolor()) == ACCENT:
            x, y = patch.get_x() + patch.get_width() / 2, patch.get_y() + patch.get_height() / 2
            found[int(y), int(x)] = patch.get_linestyle()
    return found


def marks(axes):
    return {(int(line.get_ydata()[0]), int(line.get_xdata()[0])): line.get_marker() for line in axes.lines}


def test_source_words_stand_across_the_top_and_target_words_down_the_left_in_order():
    axes = plots.alignment_grid([record()], AS_IN_2014).axes[0]
    assert labels(axes.xaxis) == [*SOURCE[:-1], "(end)"]
    assert labels(axes.yaxis) == [*TARGET[:-1], "(end)"]
    assert axes.xaxis.get_ticks_position() == "top"
    assert (np.diff(axes.get_xticks()) > 0).all()
    top_first = [axes.transData.transform((0, y))[1] for y in axes.get_yticks()]
    assert (np.diff(top_first) < 0).all()


def test_each_weight_is_drawn_where_its_words_cross():
    """Read back by position, so that swapped axes or a shifted row cannot pass."""
    made = record()
    for style in (AS_IN_2014, COLOUR):
        axes = plots.alignment_grid([made], style).axes[0]
        for row, y in enumerate(axes.get_yticks()):
            for column, x in enumerate(axes.get_xticks()):
                (image,) = (
                    image
                    for image in axes.images
                    if image.get_extent()[0] < x < image.get_extent()[1]
                    and image.get_extent()[3] < y < image.get_extent()[2]
                )
                left, right, bottom, top = image.get_extent()
                block = image.get_array()
                drawn = block[
                    int((y - top) / (bottom - top) * block.shape[0]),
                    int((x - left) / (right - left) * block.shape[1]),
                ]
                assert drawn == made.weights[row, column]


@pytest.mark.parametrize("style", [AS_IN_2014, COLOUR])
def test_the_scale_is_zero_to_one_whatever_the_weights(style):
    for weights in (record().weights, np.full((6, 4), 0.01)):
        axes = plots.alignment_grid([record(weights=weights)], style).axes[0]
        assert {image.get_clim() for image in axes.images} == {(0.0, 1.0)}


def test_the_paper_style_is_black_for_zero_and_white_for_one():
    image = plots.alignment_grid([record()], AS_IN_2014).axes[0].images[0]
    assert [to_hex(image.cmap(image.norm(value))) for value in (0, 1)] == ["#000000", "#ffffff"]
    assert image.get_array().shape == (6, 4)


@pytest.mark.parametrize(
    ("colours", "direction", "spread"), [(WEIGHTS, -1, 0.1), (HEAT, 1, 0.15)], ids=["weights", "maps"]
)
def test_equal_steps_of_weight_are_equal_steps_of_lightness(colours, direction, spread):
    seen = colours(np.linspace(0, 1, 21))[:, :3]
    linear = np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4)
    steps = direction * np.diff(np.cbrt(linear @ [0.2126, 0.7152, 0.0722]))
    assert (steps > 0).all() and steps.std() / steps.mean() < spread


def test_nothing_is_the_colour_of_paper():
    assert to_hex(WEIGHTS(0.0)) == to_hex(DIFFERENCES(0.5)) == PAPER


def test_the_end_symbol_stands_apart_with_its_share_in_percent():
    made = record()
    axes = plots.alignment(made).axes[0]
    assert labels(axes.xaxis) == ["the", "European", "Area", "(end) %"]
    assert np.diff(axes.get_xticks())[-1] > 1.1 and np.diff(axes.get_yticks())[-1] > 1.1
    printed = {text.get_position()[1]: text.get_text() for text in axes.texts if text.get_text().isdigit()}
    for y, weight in zip(axes.get_yticks(), made.weights[:, -1], strict=True):
        assert printed.get(y, "0") == f"{100 * weight:.0f}"


def test_a_target_that_was_cut_off_has_no_row_for_its_end():
    made = own(target=TARGET[:5], weights=record().weights[:5])
    assert labels(plots.alignment(made).axes[0].yaxis) == list(TARGET[:5])


def test_a_picture_shows_french_as_it_is_printed_and_the_record_keeps_the_corpus():
    made = own(score=-3.25)
    figure = plots.alignment(replace(made, reference="L'un !").printed("fr"))
    assert labels(figure.axes[0].yaxis)[0] == "L’" and "L’un\u202f!" in " ".join(words_on(figure))
    assert made.target[0] == "L'" and made.printed("de").target == made.target


def test_gold_boxes_lie_on_the_gold_cells_and_dashes_mean_possible():
    found = boxes(plots.alignment(record()).axes[0])
    assert set(found) == GOLD.possible
    assert {cell for cell, style in found.items() if style in ("-", "solid")} == GOLD.sure


def test_hits_and_misses_differ_in_shape():
    assert marks(plots.alignment(record()).axes[0]) == {(0, 0): "o", (1, 2): "o", (2, 1): "o", (3, 2): "x"}


def test_the_legend_explains_gold_only_where_there_is_gold():
    assert len(plots.alignment(record()).legends) == 1
    assert plots.alignment(own()).legends == []
    assert plots.alignment_grid([record()], AS_IN_2014).legends == []


def test_title_and_caption_say_model_view_sentence_and_numbers():
    text = " ".join(words_on(plots.alignment(record())))
    for part in ("RNNsearch, step 1,200", "layer 1 of 2 · read one step later", "valid sentence 12"):
        assert part in text
    for part in ("reference, forced", "AER 28.6 %", "precision 75.0 %", "recall 66.7 %", "weight on (end)"):
        assert part in text


def test_the_models_own_words_are_named_so_and_the_reference_stands_below():
    figure = plots.alignment(own(score=-3.25))
    text = " ".join(words_on(figure))
    assert "the model's own translation" in text and "reference: La zone européenne." in text
    assert "log-probability −3.25" in text
    for score, words in ((-0.02, "log-probability −0.02"), (-0.001, "log-probability 0.00")):
        assert words in " ".join(words_on(plots.alignment(own(score=score)))), "a sure translation is not minus nought"
    assert "model's output ↓" in [note.get_text() for note in figure.axes[0].texts]
    assert labels(figure.axes[0].yaxis) == [*TARGET[:-1], "(end)"]


def test_rows_that_do_not_sum_to_one_are_announced():
    text = " ".join(words_on(plots.alignment(record(weights=record().weights * 0.5))))
    assert "rows sum to 0.50 to 0.50, not to 1" in text
    assert "rows sum" not in " ".join(words_on(plots.alignment(record())))


def test_dollars_and_long_words_are_shown_as_text():
    made = own(source=("$x$", "_" * 40, "c", "</s>"))
    figure = plots.alignment_grid([made], AS_IN_2014)
    FigureCanvasAgg(figure).draw()
    assert labels(figure.axes[0].xaxis)[0] == "$x$"
    assert labels(figure.axes[0].xaxis)[1] == "_" * 25 + "…"


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (15, 14), (70, 62)])
@pytest.mark.parametrize("style", [AS_IN_2014, COLOUR])
def test_nothing_leaves_the_page_and_words_stay_legible(rows, columns, style):
    made = AlignedTranslation(
        (*("international" for _ in range(columns - 1)), "</s>"),
        (*("européennes" for _ in range(rows - 1)), "</s>"),
        np.full((rows, columns), 1 / columns),
        "Transformer, step 1", "layer 1 of 6 · mean of 8 heads", True, "test", 0,
        gold=Links(frozenset({(0, 0)}), frozenset({(0, 0)})),
    )  # fmt: skip
    figure = plots.alignment_grid([made], style)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    needed = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert needed.x0 >= 0 and needed.y0 >= 0 and needed.x1 <= width and needed.y1 <= height
    axes = figure.axes[0]
    assert min(label.get_size() for label in axes.get_xticklabels()) >= 7
    box = axes.get_window_extent()
    assert box.width / np.ptp(axes.get_xlim()) == pytest.approx(box.height / np.ptp(axes.get_ylim()))
    first, second = (label.get_window_extent() for label in axes.get_yticklabels()[:2])
    assert first.y0 > second.y1 - 3


def test_the_strip_puts_models_on_the_same_axes_with_words_once():
    figure = plots.alignment_strip([record(), record(1, model="Transformer, step 9"), record(2, model="third")])
    matrices = [axes for axes in figure.axes if axes.images]
    assert [axes.get_xlim() for axes in matrices] == [matrices[0].get_xlim()] * 3
    assert len({axes.get_position().y1 for axes in matrices}) == 1
    assert labels(matrices[0].yaxis) == [*TARGET[:-1], "(end)"]
    assert labels(matrices[1].yaxis) == [""] * 6
    assert labels(matrices[1].xaxis) == labels(matrices[0].xaxis)
    assert {"RNNsearch, step 1,200", "Transformer, step 9", "third"} <= set(words_on(figure))


def test_the_difference_is_second_minus_first_around_zero():
    first, second = record(0), record(1, model="Transformer, step 9")
    figure = plots.difference(first, second)
    change = [axes for axes in figure.axes if axes.images][2]
    np.testing.assert_array_equal(change.images[0].get_array(), (second.weights - first.weights)[:-1, :-1])
    assert {image.get_clim() for image in change.images} == {(-1.0, 1.0)}
    assert "Transformer, step 9 minus RNNsearch, step 1,200" in " ".join(words_on(figure))


def test_the_grid_shows_every_record_with_its_own_words():
    records = [record(index=number) for number in range(5)] + [own(source=("a", "b", "c", "</s>"))]
    figure = plots.alignment_grid(records)
    matrices = [axes for axes in figure.axes if axes.images]
    assert len(matrices) == 6
    assert labels(matrices[5].xaxis) == ["a", "b", "c", "(end) %"]
    text = " ".join(words_on(figure))
    assert all(f"valid sentence {number}" in text for number in range(5))
    corners = {tuple(np.round(axes.get_position().p0, 4)) for axes in matrices}
    assert len(corners) == 6


def curve(name, values, sentences=10):
    bins = [
        LengthBin(low, low + 9, sentences, low + 4.5, Interval(value, value - 2, value + 3))
        for low, value in zip((1, 11, 21), values, strict=True)
    ]
    return LengthCurve(name, tuple(bins), Interval((values[-1] - values[0]) / 20, -3.0, 0.25))


def test_figure_2_draws_each_model_with_its_band_its_name_and_the_sentences_of_each_bin():
    figure = plots.bleu_by_length([curve("RNNsearch", (60, 58, 57)), curve("RNNencdec", (55, 30, 10))])
    axes = figure.axes[0]
    drawn = [line.get_ydata().tolist() for line in axes.lines[:2]]
    assert drawn == [[60, 58, 57], [55, 30, 10]]
    assert axes.lines[0].get_xdata().tolist() == [5.5, 15.5, 25.5]
    band = axes.collections[1].get_paths()[0].vertices
    assert {(25.5, 8.0), (25.5, 13.0)} <= set(map(tuple, band))
    assert {"RNNsearch", "RNNencdec"} <= {text.get_text() for text in axes.texts}
    assert axes.get_xlabel() == "source length (words between spaces)" and axes.get_ylabel() == "BLEU"
    assert "1–10: 10, 11–20: 10, 21–30: 10" in " ".join(words_on(figure))
    assert axes.get_ylim()[0] == 0
    assert "RNNsearch −1.5 (−30.0 to 2.5), RNNencdec −22.5 (−30.0 to 2.5)." in " ".join(words_on(figure))


def test_names_of_lines_move_apart_and_keep_their_order():
    heights = _spread([0.1, 0.5, 0.5, 0.51, 0.9], step=0.05)
    assert heights[0] == 0.1 and heights[-1] == 0.9
    assert (np.diff(heights) >= 0.05 - 1e-9).all()
    assert np.mean(heights[1:4]) == pytest.approx(np.mean([0.5, 0.5, 0.51]))


def test_rungs_are_bars_with_their_numbers():
    columns = {"BLEU": [10.0, 95.5], "AER (%)": [None, 8.25], "tokens": [1234.0, 8000.0]}
    figure = plots.rungs(["then", "now"], columns, "title", "note")
    assert len(figure.axes) == 3
    assert [[bar.get_width() for bar in axes.patches] for axes in figure.axes] == [[10, 95.5], [0, 8.25], [1234, 8000]]
    assert {"then", "now", "title", "note"} <= set(words_on(figure))
    numbers = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert numbers == [["10.0", "95.5"], ["–", "8.2"], ["1,234", "8,000"]]


def test_an_interval_is_a_line_through_the_end_of_its_bar():
    figure = plots.rungs(["then", "now"], {"AER (%)": [30.0, 20.0]}, "title", "note", {"AER (%)": [(25, 36), (20, 20)]})
    (axes,) = figure.axes
    assert [line.get_xydata().tolist() for line in axes.lines] == [[[25, 0], [36, 0]]]
    assert axes.get_xlim() == (0, 36)
    assert [text.xy for text in axes.texts] == [(36, 0), (20, 1)]


def test_the_view_grid_shows_every_rate_and_boxes_the_chosen_view():
    generator = np.random.default_rng(0)
    table = {view: AlignmentScores(rate, 0.9, 0.8, 10, 9, 5) for view, rate in
             zip(every_view(3, 2), generator.random(48), strict=True)}  # fmt: skip
    chosen = View(2, "mean", 1)
    figure = plots.view_grid(table, chosen, "Transformer, step 9", diagonal=0.54)
    assert len(figure.axes) == 4  # two shifts, without and with norms
    rates = figure.axes[1].images[0].get_array()
    assert rates.shape == (4, 3)
    assert rates[1, 2] == 100 * table[chosen].aer
    assert labels(figure.axes[0].yaxis) == ["layer 1", "layer 2", "layer 3", "mean"]
    assert boxes(figure.axes[0]) == {}
    (patch,) = figure.axes[1].patches
    assert (patch.get_y() + 0.5, patch.get_x() + 0.5) == (1, 2)
    text = " ".join(words_on(figure))
    assert "layer 2 of 3 · mean of 2 heads · read one step later" in text and "diagonal alone has 54.0\u00a0%" in text


def test_drawing_leaves_matplotlib_as_it_was():
    import matplotlib.pyplot

    before = dict(matplotlib.rcParams)
    plots.alignment(record())
    plots.difference(record(), record(1))
    plots.bleu_by_length([curve("a", (1, 2, 3))])
    assert matplotlib.pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def test_a_users_dark_style_does_not_reach_the_picture():
    dark = {"axes.facecolor": "black", "text.color": "white", "font.size": 30, "xtick.color": "white"}
    with matplotlib.rc_context(dark):
        figure = plots.alignment(record())
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    plain = plots.alignment(record())
    other = FigureCanvasAgg(plain)
    other.draw()
    np.testing.assert_array_equal(np.asarray(canvas.buffer_rgba()), np.asarray(other.buffer_rgba()))


def test_text_is_wrapped_where_it_would_not_fit():
    text = "the quick brown fox jumps over the lazy dog"
    lines = wrap(text, 8.0, 1.0)
    assert len(lines) > 2 and " ".join(lines) == text
    assert wrap(text, 8.0, 9.0) == [text]


@pytest.mark.parametrize("dpi", [110, 130, 150, 200, 220])
@pytest.mark.parametrize("size", [SMALL, TEXT, TITLE])
def test_a_wrapped_line_fits_once_its_letters_are_fitted_to_pixels(dpi, size):
    drawn = Figure(dpi=dpi)
    renderer = FigureCanvasAgg(drawn).get_renderer()
    words = "Vaswani et al.: qᵀ k / √d in every head, each with its own q, k, v · RNNsearch with multi-head attention, step 1,200"
    for tenths in range(20, 90):  # inches: somewhere a line ends just before the edge
        for line in wrap(words, size, tenths / 10):
            seen = drawn.text(0, 0, line, fontproperties=font(size))
            assert seen.get_window_extent(renderer).width / dpi <= tenths / 10
            seen.remove()
