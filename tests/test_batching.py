import lightning
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from data import batching
from data.batching import ResumableLoader, TokenBatches
from data.errors import UserError
from data.prepared.ids import FlatIds, write_ids

SENTENCES = [[7, 2], [8, 9, 10, 2], [2], [11, 12, 2]]
sizes = pytest.mark.parametrize("size", [{"batch_sentences": 7}, {"batch_tokens": 90}], ids=["sentences", "tokens"])


def drawn(count=400, seed=0):
    return np.random.default_rng(seed).integers(1, 40, count)


def as_rank(monkeypatch, rank, world):
    monkeypatch.setattr(batching, "rank_and_world", lambda: (rank, world))


def epoch(batches, number):
    batches.set_epoch(number)
    return [batch.tolist() for batch in batches]


# Flat ids


def test_a_row_is_its_sentence_and_then_padding():
    ids, mask = FlatIds.of(SENTENCES).padded(np.array([3, 0, 1]), pad=0)
    assert ids.tolist() == [[11, 12, 2, 0], [7, 2, 0, 0], [8, 9, 10, 2]]
    assert mask.tolist() == [[True] * 3 + [False], [True] * 2 + [False] * 2, [True] * 4]
    assert ids.dtype == torch.int64 and mask.dtype == torch.bool


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    sentences=st.lists(st.lists(st.integers(3, 99), min_size=1, max_size=6), min_size=1, max_size=8),
    data=st.data(),
)
def test_padding_hides_nothing_and_adds_nothing(sentences, data):
    chosen = data.draw(st.lists(st.integers(0, len(sentences) - 1), min_size=1))
    ids, mask = FlatIds.of(sentences).padded(np.array(chosen), pad=0)
    assert [row[keep].tolist() for row, keep in zip(ids, mask, strict=True)] == [sentences[i] for i in chosen]
    assert mask.shape[1] == max(len(sentences[i]) for i in chosen) and not ids[~mask].any()


def test_ids_written_in_chunks_are_read_back_from_disk(tmp_path):
    chunks = map(FlatIds.of, (SENTENCES[:1], [], SENTENCES[1:]))
    write_ids(tmp_path / "train.source", len(SENTENCES), chunks)
    flat = FlatIds.load(tmp_path / "train.source")
    assert isinstance(flat.ids, np.memmap) and flat.ids.dtype == np.int32
    assert [flat[i].tolist() for i in range(len(flat))] == SENTENCES
    assert flat.lengths.tolist() == [2, 4, 1, 3]


def test_a_file_that_was_cut_is_named(tmp_path):
    write_ids(tmp_path / "train.source", len(SENTENCES), [FlatIds.of(SENTENCES)])
    ids = tmp_path / "train.source.ids"
    ids.write_bytes(ids.read_bytes()[:-4])
    with pytest.raises(UserError, match=r"train.source.ids holds 9 ids instead of 10.*delete it"):
        FlatIds.load(tmp_path / "train.source")
    (tmp_path / "train.source.offsets.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match="is damaged"):
        FlatIds.load(tmp_path / "train.source")


# Batches


@sizes
def test_every_epoch_has_all_sentences_in_batches_of_its_own_which_the_seed_decides(size):
    first, again, other = (TokenBatches(drawn(), **size, seed=seed) for seed in (3, 3, 4))
    epochs = [epoch(first, number) for number in range(3)]
    for batches in epochs:
        assert sorted(i for batch in batches for i in batch) == list(range(400)) and len(batches) == len(first)
    assert epochs == [epoch(again, number) for number in range(3)]
    assert epochs[0] != epochs[1] != epochs[2] and epoch(other, 0) != epochs[0]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=60),
    budget=st.integers(1, 100),
    shuffle=st.booleans(),
)
def test_no_batch_has_more_cells_than_its_budget_unless_one_sentence_has(lengths, budget, shuffle):
    lengths = np.array(lengths)
    batches = epoch(TokenBatches(lengths, batch_tokens=budget, shuffle=shuffle), 0)
    for batch in batches:
        assert len(batch) * lengths[batch].max() <= budget or len(batch) == 1
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))


def test_a_token_batch_is_full():
    lengths = drawn()
    cells = [len(batch) * lengths[batch].max() for batch in epoch(TokenBatches(lengths, batch_tokens=400), 0)]
    assert np.mean(cells) > 0.85 * 400


def test_a_sentence_batch_is_sorted_within_its_window_only():
    lengths = drawn()
    batches = epoch(TokenBatches(lengths, batch_sentences=10, sort_batches=5), 0)
    assert {len(batch) for batch in batches} == {10}
    spread = np.mean([np.ptp(lengths[batch]) for batch in batches])
    assert spread < np.ptp(lengths) / 3
    wider = epoch(TokenBatches(lengths, batch_sentences=10, sort_batches=40), 0)
    assert np.mean([np.ptp(lengths[batch]) for batch in wider]) < spread


def test_the_order_of_training_batches_is_not_that_of_length():
    lengths = drawn()
    longest = [lengths[batch].max() for batch in epoch(TokenBatches(lengths, batch_tokens=90), 0)]
    assert longest != sorted(longest) and longest != sorted(longest, reverse=True)


@sizes
@pytest.mark.parametrize("world", [2, 3])
def test_all_ranks_train_on_equally_many_batches_and_together_on_everything(monkeypatch, size, world):
    seen, counts, longest = [], set(), []
    for rank in range(world):
        as_rank(monkeypatch, rank, world)
        batches = TokenBatches(drawn(), **size)
        mine = epoch(batches, 1)
        assert len(mine) == len(batches)
        counts.add(len(mine))
        longest.append([drawn()[batch].max() for batch in mine])
        seen += [i for batch in mine for i in batch]
    assert len(counts) == 1 and set(seen) == set(range(400))
    assert len(seen) < 400 + 3 * 90  # no more than the last batch occurs twice
    if "batch_tokens" in size:
        assert np.ptp(longest, axis=0).max() <= 4  # ranks wait for each other at every step


@sizes
@pytest.mark.parametrize("world", [1, 2, 3])
def test_all_ranks_evaluate_every_sentence_once(monkeypatch, size, world):
    seen = []
    for rank in range(world):
        as_rank(monkeypatch, rank, world)
        batches = TokenBatches(drawn(), **size, shuffle=False)
        mine = epoch(batches, 0)
        assert len(mine) == len(batches) and mine == epoch(batches, 5)
        seen += [i for batch in mine for i in batch]
    assert sorted(seen) == list(range(400))


@pytest.mark.parametrize(
    ("size", "fault"),
    [
        ({}, "exactly one .* None and None"),
        ({"batch_sentences": 3, "batch_tokens": 4}, "exactly one .* 3 and 4"),
        ({"batch_sentences": 0}, "at least 1, not 0"),
        ({"batch_tokens": 9, "sort_batches": -2}, "at least 1, not -2"),
    ],
)
def test_bad_sizes_are_named(size, fault):
    with pytest.raises(UserError, match=fault):
        TokenBatches(drawn(), **size)


# Resuming


class Numbers:
    """The sentence numbers themselves."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitems__(self, indices):
        return torch.from_numpy(np.asarray(indices))


class Recorder(lightning.LightningModule):
    """Writes down which sentences it is given in each epoch."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.epochs = [[], [], []]

    def training_step(self, batch, _):
        self.epochs[self.current_epoch] += batch.tolist()
        return self.weight * batch.float().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_lightning_draws_every_epoch_anew_and_completely(tmp_path):
    recorder, loader = Recorder(), ResumableLoader(Numbers(60), TokenBatches(drawn(60), batch_tokens=120))
    lightning.Trainer(
        max_epochs=3, logger=False, accelerator="cpu", default_root_dir=tmp_path, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, use_distributed_sampler=False,
    ).fit(recorder, loader)  # fmt: skip
    first, second, third = recorder.epochs
    assert sorted(first) == sorted(second) == sorted(third) == list(range(60)) and first != second != third


def test_the_state_of_a_loader_is_where_it_stands():
    loader = ResumableLoader(Numbers(60), TokenBatches(drawn(60), batch_tokens=120))
    loader.batches.set_epoch(3)
    batches = iter(loader)
    first = [next(batches).tolist() for _ in range(5)]
    state = loader.state_dict()
    assert state == {"epoch": 3, "position": 5}
    again = ResumableLoader(Numbers(60), TokenBatches(drawn(60), batch_tokens=120))
    again.load_state_dict(state)
    again.batches.set_epoch(3)
    rest = [batch.tolist() for batch in again]
    assert again.state_dict() == {"epoch": 3, "position": len(loader)}
    assert first + rest == epoch(loader.batches, 3)
    assert len([*again]) == len(again)  # the next pass is a whole one


def test_a_batch_that_was_handed_out_but_not_trained_on_comes_again():
    loader = ResumableLoader(Numbers(60), TokenBatches(drawn(60), batch_tokens=120), done=lambda: 4)
    batches = iter(loader)
    fifth = [next(batches).tolist() for _ in range(5)][-1]
    again = ResumableLoader(Numbers(60), TokenBatches(drawn(60), batch_tokens=120))
    again.load_state_dict(loader.state_dict())
    assert next(iter(again)).tolist() == fifth


def test_reading_a_loader_leaves_the_global_random_numbers_alone():
    loader = ResumableLoader(Numbers(60), TokenBatches(drawn(60), batch_tokens=120))
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    assert len([*loader]) and torch.equal(torch.rand(3), expected)
