"""A function of many chunks, computed on every core by processes that import neither torch nor the program that asks."""

import os
import pickle
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, TypeVar

from data.cores import cores
from data.errors import Interrupted

T = TypeVar("T")
R = TypeVar("R")
ALONE = 8  # chunks that this process does itself: others pay only for more
_SERVE = "from data.prepared.workers import serve; serve()"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def in_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, so many at a time."""
    items = iter(items)
    while chunk := list(islice(items, size)):
        yield chunk


def mapped(function: Callable[[T], R], chunks: Iterable[T]) -> Generator[R]:
    """``function`` of each chunk, in their order; a few chunks are in memory at a time, however many there are.

    All are pickled, and the module of the function should not import torch. Few chunks, or a single core, need no other process.
    Raises what the function raises, and Interrupted if a process is killed.
    """
    chunks = iter(chunks)
    yield from map(function, islice(chunks, ALONE))
    if cores() == 1:
        yield from map(function, chunks)
    workers: deque[_Worker] = deque()  # each at work on a chunk, the earliest first
    try:
        for chunk in chunks:
            if len(workers) < cores():
                workers.append(_Worker())
                workers[-1].ask(function, chunk)
            else:
                result = workers[0].answer()
                workers[0].ask(function, chunk)
                workers.rotate(-1)
                yield result
        for worker in workers:
            yield worker.answer()
    finally:
        for worker in workers:
            worker.close()


class _Worker:
    """A process that serves until its standard input ends, so also until this process is killed.

    Not forked: a fork of a process with threads may hang, and would count torch's memory once more. Not spawned by
    ``multiprocessing``: that imports the main program again, which may import torch, or be a script without a guard.
    """

    def __init__(self) -> None:
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | _ONE_THREAD | {"PYTHONPATH": paths},
            process_group=0,  # a terminal's Ctrl-C reaches it through this process alone
        )  # fmt: skip
        assert self._process.stdin is not None and self._process.stdout is not None
        self._questions, self._answers = self._process.stdin, self._process.stdout

    def ask(self, function: Callable[[Any], Any], chunk: Any) -> None:
        """Begin ``function(chunk)`` there; raises Interrupted if the process has ended."""
        try:
            pickle.dump((function, chunk), self._questions)
            self._questions.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def answer(self) -> Any:
        """What was asked for; raises what the function raises, and Interrupted if the process has ended."""
        try:
            result, error = pickle.load(self._answers)
        except (EOFError, pickle.UnpicklingError):
            raise self._ended() from None
        if error is not None:
            raise error
        return result

    def _ended(self) -> Interrupted:
        return Interrupted(
            f"A process that helped to prepare the data ended with status {self._process.wait()}, perhaps for lack of "
            "memory: run the same again."
        )

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._answers.close()
        with suppress(BrokenPipeError):  # half a question was still to be written
            self._questions.close()


def serve() -> None:
    """Answer what comes on standard input, on standard output, until the input ends."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    with suppress(EOFError, BrokenPipeError, pickle.UnpicklingError):  # whoever asked has ended
        while True:
            function, chunk = pickle.load(questions)
            try:
                answer: tuple[Any, Exception | None] = function(chunk), None
            except Exception as error:  # noqa: BLE001 - raised again by whoever asks
                error.add_note(traceback.format_exc())
                answer = None, error
            pickle.dump(answer, answers)
            answers.flush()
