import numpy as np
import pytest

from reproductions.compare.comparison import in_words
from reproductions.evaluation.measures import bootstrap as module
from reproductions.evaluation.measures.bootstrap import (
    bootstrap,
    bootstrap_means,
    mean_of_sums,
    paired_bootstrap,
)


def table(values):
    return np.stack([np.asarray(values, dtype=float), np.ones(len(values))], axis=1)


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(5, 2, size=400)
    interval = bootstrap(table(values), mean_of_sums)
    error = 1.96 * values.std() / np.sqrt(400)
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - error, abs=0.03)
    assert interval.high == pytest.approx(values.mean() + error, abs=0.03)


def test_the_same_sentences_give_the_same_interval():
    rows = table(np.arange(50))
    assert bootstrap(rows, mean_of_sums) == bootstrap(rows, mean_of_sums)


def test_resampling_in_portions_draws_from_all_sentences(monkeypatch):
    monkeypatch.setattr(module, "_CELLS", 150)
    interval = bootstrap(table(np.arange(50)), mean_of_sums)
    assert interval.value == 24.5
    assert 18 < interval.low < 22 < 27 < interval.high < 31


def test_means_that_are_resampled_together_have_the_intervals_they_have_alone():
    values = np.random.default_rng(0).normal(5, 2, size=(60, 3))
    together = bootstrap_means(np.concatenate([values, np.ones((60, 1))], axis=1))
    for column, found in enumerate(together):
        assert found == pytest.approx(bootstrap(table(values[:, column]), mean_of_sums))


def test_a_small_but_constant_difference_is_significant_and_noise_is_not():
    generator = np.random.default_rng(0)
    first = generator.normal(0, 10, size=200)
    better = paired_bootstrap(table(first), table(first + 0.5 + generator.normal(0, 0.1, 200)), mean_of_sums)
    assert better.difference == pytest.approx(0.5, abs=0.05)
    assert better.p_value < 0.01 and better.low > 0.4
    same = paired_bootstrap(table(first), table(generator.normal(0, 10, size=200)), mean_of_sums)
    assert same.p_value > 0.05 and same.low < 0 < same.high


@pytest.mark.parametrize("count", [2, 5, 300])
@pytest.mark.parametrize("seed", range(4))
def test_the_verdict_never_contradicts_the_interval(count, seed):
    generator = np.random.default_rng(seed)
    first, second = generator.normal(0, 1, size=(2, count))
    compared = paired_bootstrap(table(first), table(second + 0.15 * seed), mean_of_sums)
    assert (compared.p_value < 0.05) == (compared.low > 0 or compared.high < 0)


@pytest.mark.parametrize("rarer", [20, 23, 24, 25, 26, 30])
def test_the_verdict_turns_within_one_resample_of_the_interval(rarer, monkeypatch):
    differences = np.concatenate([np.linspace(-0.01, -0.001, rarer), np.linspace(0.001, 1, module.SAMPLES - rarer)])
    monkeypatch.setattr(module, "_means", lambda *_: [0 * differences, differences])
    compared = paired_bootstrap(table(np.zeros(3)), table(np.ones(3)), mean_of_sums)
    assert (compared.p_value < 0.05) == (rarer <= 24) and (compared.low > 0) == (rarer <= 25)


def test_no_p_value_is_below_what_the_resamples_can_show():
    never, always = table(np.zeros(20)), table(np.ones(20))
    compared = paired_bootstrap(never, always, mean_of_sums)
    assert compared.p_value == pytest.approx(2 / 1001)
    assert in_words(compared, "points").endswith("the difference is significant, p ≤ 0.002")
