"""Training takes one thread while that is faster, and all again after that."""

from types import SimpleNamespace

import pytest
import torch

from reproductions.training import threads
from reproductions.training.threads import Threads

TRAINER = SimpleNamespace(strategy=SimpleNamespace(root_device=torch.device("cpu")))


class Machine:
    """A machine with a clock: how many words a second it trains with one thread and with two, from a moment on."""

    def __init__(self, monkeypatch):
        self.now, self.threads = 0.0, 2
        self.rates = {1: 700.0, 2: 1000.0}
        monkeypatch.setattr(torch, "get_num_threads", lambda: self.threads)
        monkeypatch.setattr(torch, "set_num_threads", lambda n: setattr(self, "threads", n))
        monkeypatch.setattr(threads, "time", SimpleNamespace(perf_counter=lambda: self.now))
        self.callback = Threads()

    def train(self, seconds, words=100):
        """Train for so long; the seconds that each number of threads had."""
        spent, end = {1: 0.0, 2: 0.0}, self.now + seconds
        while self.now < end:
            used = self.threads
            self.callback.on_train_batch_start(TRAINER, None, None, 0)
            self.now += words / self.rates[used]
            self.callback.on_train_batch_end(TRAINER, None, None, SimpleNamespace(units=words), 0)
            spent[used] += words / self.rates[used]
        return spent


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


def test_a_quiet_machine_trains_with_all_threads(machine):
    assert machine.train(600)[1] < 30 and machine.threads == 2


def test_beside_a_busy_program_one_thread_trains_within_seconds_and_all_afterwards(machine, capsys):
    machine.train(100)
    machine.rates = {1: 650.0, 2: 60.0}
    assert machine.train(300)[2] < 30 and machine.threads == 1
    assert "with 1 thread of 2" in capsys.readouterr().err
    machine.rates = {1: 900.0, 2: 1000.0}
    machine.train(130)
    assert machine.threads == 2 and "with 2 threads again" in capsys.readouterr().err


def test_a_machine_that_is_busy_from_the_start_is_found_out(machine):
    machine.rates = {1: 650.0, 2: 60.0}
    machine.train(30)
    assert machine.threads == 1


def test_sentences_of_different_lengths_are_no_busy_program(machine):
    for rate in [1000.0, 600.0, 1400.0, 500.0] * 30:
        machine.rates = {1: 0.7 * rate, 2: rate}
        machine.train(3)
    assert machine.threads == 2


def test_a_machine_that_is_slow_with_any_number_of_threads_is_not_tried_again_and_again(machine):
    machine.train(100)
    machine.rates = {1: 70.0, 2: 100.0}
    assert machine.train(600)[1] < 60


def test_after_the_training_all_threads_are_there_again(machine):
    machine.rates = {1: 650.0, 2: 60.0}
    machine.train(30)
    machine.callback.on_fit_end(TRAINER, None)
    assert machine.threads == 2
