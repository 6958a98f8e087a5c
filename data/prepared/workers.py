"""A function of many chunks, computed on every core by processes that import neither torch nor the program that asks."""

import os
import pickle
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, islice
from queue import SimpleQueue
from typing import Any, TypeVar

from data.cores import cores
from data.errors import Interrupted

T, R = TypeVar("T"), TypeVar("R")
ALONE = 8  # chunks that this process does itself: others pay only for more
_AHEAD = 2  # chunks of each process that wait or are worked on
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
    for first in islice(chunks, 1):  # there are more
        yield from _shared_out(function, chain([first], chunks), cores())


def _shared_out(function: Callable[[T], R], chunks: Iterable[T], count: int) -> Iterator[R]:
    workers = [_Worker() for _ in range(count)]
    idle: SimpleQueue[_Worker] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def ask(chunk: T) -> R:
        worker = idle.get()
        try:
            result: R = worker.ask(function, chunk)
        finally:
            idle.put(worker)
        return result

    threads = ThreadPoolExecutor(count)
    waiting: deque[Future[R]] = deque()
    try:
        for chunk in chunks:
            waiting.append(threads.submit(ask, chunk))
            if len(waiting) > _AHEAD * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for worker in workers:
            worker.process.kill()
        threads.shutdown(cancel_futures=True)
        for worker in workers:
            worker.close()


class _Worker:
    """A process that serves until its standard input ends, so also until this process is killed.

    Not forked: a fork of a process with threads may hang, and would count torch's memory once more. Not spawned by
    ``multiprocessing``: that imports the main program again, which may import torch, or be a script without a guard.
    """

    def __init__(self) -> None:
        paths = os.pathsep.join(path for path in sys.path if path)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | _ONE_THREAD | {"PYTHONPATH": paths},
            process_group=0,  # a terminal's Ctrl-C reaches it through this process alone
        )  # fmt: skip
        assert self.process.stdin is not None and self.process.stdout is not None
        self._questions, self._answers = self.process.stdin, self.process.stdout

    def ask(self, function: Callable[[Any], Any], chunk: Any) -> Any:
        """``function(chunk)``, computed there; raises what it raises, and Interrupted if the process has ended."""
        try:
            pickle.dump((function, chunk), self._questions)
            self._questions.flush()
            result, error = pickle.load(self._answers)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            raise Interrupted(
                f"A process that helped to prepare the data ended with status {self.process.wait()}, perhaps for lack of "
                "memory: run the same again."
            ) from None
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Wait for the process, which has been killed, and close its pipes."""
        self.process.wait()
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
                answer = function(chunk), None
            except Exception as error:  # noqa: BLE001 - raised again by whoever asks
                error.add_note(traceback.format_exc())
                answer = None, error
            pickle.dump(answer, answers)
            answers.flush()
