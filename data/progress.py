"""What a command is doing, on standard error: in a terminal one line that is drawn anew, elsewhere a line every ten seconds.

A thread draws it, so that one long step shows that it is alive, too::

    with doing("learning the vocabulary"):
        ...
    for image in counted(images, "reading test", 500, "images"):
        ...
"""

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, RLock, Thread
from typing import TypeVar

T = TypeVar("T")
ALIVE = 9.0  # seconds without a line, outside a terminal, after which one is written
FRAME = 0.25  # seconds between two drawings
BACK, CLEAR = "\r", "\r\033[K"  # to the beginning of the line, and without what stood there


class Line:
    """The last line of standard error, which says what is being done."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.hidden = False  # where another process does, and shows, the same
        self._clock = clock
        self._doing: list[object] = []  # the innermost last
        self._written = clock()
        self._stands = False  # a drawn line, which the next one replaces
        self._lock = RLock()

    @contextmanager
    def doing(self, what: object) -> Iterator[None]:
        """Show ``str(what)``, again and again, while the block runs; within another block, instead of that one's."""
        ended = Event()
        if not self._doing:
            Thread(target=self._keep_drawing, args=(ended,), daemon=True).start()
        self._doing.append(what)
        try:
            yield
        finally:
            self._doing.remove(what)
            ended.set()
            self.clear()

    def draw(self) -> None:
        """Say what is being done, in a terminal; elsewhere only if nothing was written for a while."""
        with self._lock, suppress(OSError, ValueError):  # whoever reads the output has gone
            for what in [] if self.hidden else self._doing[-1:]:
                if columns := _columns():
                    sys.stderr.write(CLEAR + str(what)[: columns - 1] + BACK)
                    sys.stderr.flush()
                    self._stands = True
                elif self._clock() - self._written >= ALIVE:
                    self.keep(str(what))

    def keep(self, text: str) -> None:
        """Write a line that stays."""
        with self._lock, suppress(OSError, ValueError):
            self.clear()
            if sys.stderr is not None:
                sys.stderr.write(f"{text}\n")
                sys.stderr.flush()
            self._written = self._clock()

    def clear(self) -> None:
        """Take the drawn line away, before something else is written."""
        with self._lock, suppress(OSError, ValueError):
            if self._stands:
                sys.stderr.write(CLEAR)
                sys.stderr.flush()
            self._stands = False

    def _keep_drawing(self, ended: Event) -> None:
        while not ended.wait(FRAME):
            self.draw()


def _columns() -> int:
    """The width of the terminal that standard error is; 0 if it is none."""
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return 0
    return os.get_terminal_size(sys.stderr.fileno()).columns or 80


LINE = Line()
doing, keep, clear = LINE.doing, LINE.keep, LINE.clear


class Count:
    """How much of something is done."""

    def __init__(self, what: str, total: float | None, unit: str, scale: float = 1, begun: float = 0) -> None:
        self.done, self.what = begun, what
        self._total, self._unit, self._scale, self._begun = total, unit, scale, begun
        self._began = time.monotonic()

    def __str__(self) -> str:
        """ "reading test: 120 of 500 images · 40 s left"."""
        if self._total is None:
            return f"{self.what}: {self.done / self._scale:,.0f} {self._unit}"
        rest = left(time.monotonic() - self._began, self.done - self._begun, self._total - self._begun)
        return f"{self.what}: {self.done / self._scale:,.0f} of {self._total / self._scale:,.0f} {self._unit}{rest}"


def left(seconds: float, done: float, total: float) -> str:
    """How long the rest takes at the pace so far, such as " · 9 min left"; empty before there is a pace, and at the end."""
    rest = seconds / done * (total - done) if done > 0 and math.isfinite(total) else 0
    return "" if rest <= 0 else f" · {rest:.0f} s left" if rest < 90 else f" · {rest / 60:,.0f} min left"


@contextmanager
def counting(what: str, total: float | None, unit: str, scale: float = 1, begun: float = 0) -> Iterator[Count]:
    """Show a count, whose ``done`` the block raises.

    scale: how many make one of the unit. begun: how much was done earlier.
    """
    count = Count(what, total, unit, scale, begun)
    with doing(count):
        yield count


def counted(items: Iterable[T], what: str, total: float | None, unit: str) -> Iterator[T]:
    """The items, with a count of those that are done."""
    with counting(what, total, unit) as count:
        for item in items:
            yield item
            count.done += 1
