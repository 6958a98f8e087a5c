"""A reader at the page: opens its views in a real browser, reads what stands there, points, types and presses keys."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chromium import Browser

NOT_BUSY = "document.querySelector('.view').getAttribute('aria-busy') === 'false'"
PICTURES = f"!!document.querySelector('.panels svg') && {NOT_BUSY}"  # every picture of the view is drawn
STAGE = "!!document.querySelector('.stage table')"  # so is the step of the five
KIND = "!!document.querySelector('.timeline .panel svg')"  # so is the kind of the timeline that is open
LOCAL = ("blob:", "data:", "about:", "file:")


class Reader:
    """One tab, wide and light, on the page at an address. ``expected`` are complaints of the console that are no faults."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address = browser, address
        self.expected: list[str] = []
        browser.size(1280)
        browser.requests.clear()
        browser.faults.clear()

    def finish(self) -> None:
        """Leave the page, which must have left no fault on the console and have asked nobody else for anything."""
        self.browser.open("about:blank?left")
        faults = [fault for fault in self.browser.faults if not any(re.search(sign, fault) for sign in self.expected)]
        assert faults == [], "the console complains"
        elsewhere = [url for url in self.browser.requests if not url.startswith((self.address, *LOCAL))]
        assert elsewhere == [], "the page asks for something from elsewhere"

    def open(self, view: str = "", ready: str = PICTURES) -> None:
        """Load the page with a view, such as ``five-steps?step=2``."""
        self.browser.open(f"{self.address}#{view}" if view else self.address)
        self.browser.until(ready)

    def run(self, script: str) -> Any:
        """The value of an expression in JavaScript."""
        return self.browser.run(script)

    def until(self, script: str, seconds: float = 60) -> Any:
        """The value of an expression, once it is true."""
        return self.browser.until(script, seconds)

    def texts(self, selector: str) -> list[str]:
        """What stands in each element."""
        return self.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")

    def text(self, selector: str) -> str:
        """What stands in the first element, once it is there."""
        return self.until(f"document.querySelector({json.dumps(selector)})?.textContent")

    def attribute(self, selector: str, name: str) -> str | None:
        return self.run(f"document.querySelector({json.dumps(selector)}).getAttribute({json.dumps(name)})")

    def values(self, selector: str) -> list[str]:
        """The value of each option."""
        return self.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.value)")

    @property
    def link(self) -> str:
        """What the address names behind the #: the view and its settings."""
        return self.run("location.hash.slice(1)")

    @property
    def focus(self) -> str:
        """The key or the id of the element with the focus."""
        return self.run("document.activeElement.dataset.key ?? document.activeElement.id")

    @property
    def fits(self) -> bool:
        """Whether nothing runs over the right edge of the window."""
        return self.run("document.documentElement.scrollWidth <= innerWidth")

    def focus_on(self, selector: str) -> None:
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")

    def click(self, selector: str, beside: float = 0) -> None:
        self.browser.click(selector, beside)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.browser.press(key)

    def enter(self, selector: str, text: str) -> None:
        """Replace what stands in a box, and press Enter."""
        self.browser.type(selector, text)
        self.browser.press("Enter")

    def type_keys(self, selector: str, text: str) -> None:
        """Replace what stands in a box, key by key."""
        self.run(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select(); }})()")
        self.browser.write(text)

    def choose(self, selector: str, value: str, event: str = "change") -> None:
        """Give a control a value, as a choice or as input."""
        self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); e.value = {json.dumps(value)};"
            f" e.dispatchEvent(new Event({json.dumps(event)}, {{bubbles: true}})); }})()"
        )

    def point_at(self, selector: str, text: str | None = None, beside: float = 0) -> None:
        """Move the pointer to the middle of an element, the first with this text where one is given."""
        x, y = self.run(
            f"(() => {{ const all = [...document.querySelectorAll({json.dumps(selector)})], text = {json.dumps(text)};"
            " const e = all.find((e) => text === null || e.textContent === text); e.scrollIntoView({block: 'center'});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        self.browser.move(x + beside, y + beside)

    def point_away(self) -> None:
        self.browser.move(2, 2)

    def download(self, selector: str, ending: str) -> str:
        """The text of the file that a button gives."""
        return self.browser.taken(selector, ending).read_text(encoding="utf-8")

    def downloads_picture(self, selector: str) -> bool:
        """Whether a button gives a PNG."""
        return self.browser.taken(selector, ".png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"

    def drops(self, path: Path, selector: str) -> bool:
        """Let a file fall on an element, and whether the page took it; else the browser would open it."""
        return self.browser.drop(path, selector)

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Within, what a page does at intervals it does twenty times as often."""
        source = "{ const every = setInterval; window.setInterval = (call, wait) => every(call, wait / 20); }"
        script = self.browser.send("Page.addScriptToEvaluateOnNewDocument", source=source)
        try:
            yield
        finally:
            self.browser.send("Page.removeScriptToEvaluateOnNewDocument", **script)
