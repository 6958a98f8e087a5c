"""A headless Chromium, driven through its DevTools protocol over a pair of pipes: no package, no port, no download."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = (
    "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-extensions", "--disable-sync", "--no-proxy-server", "--hide-scrollbars", "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
KEYS = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9, " ": 32}


def installed() -> str | None:
    """The browser on this machine, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def count_tests(stats: Mapping[str, Sequence[Any]]) -> tuple[str, bool]:
    """How many of pytest's reports are of tests that drive a browser, in a sentence, "" for none; and whether all of them ran."""
    ran, skipped = (
        sum("browser" in getattr(report, "keywords", ()) for kind in kinds for report in stats.get(kind, ()))
        for kinds in (("passed", "failed"), ("skipped",))
    )
    if skipped:
        return (
            f"THE PAGE WAS NOT TESTED: {skipped} tests need a browser and were skipped, {ran} ran. Install Chromium.",
            False,
        )
    return (f"{ran} tests drove a real browser." if ran else ""), True


def _above_four(descriptor: int) -> int:
    """The same file under a number that is neither 3 nor 4."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 5)
    os.close(descriptor)
    return moved


class Browser:
    """One browser with one tab. ``requests`` are the addresses it asked for, ``faults`` what its console complained of."""

    def __init__(self, executable: str, folder: Path) -> None:
        self.downloads = folder / "downloads"
        self.downloads.mkdir(parents=True, exist_ok=True)
        self.requests: list[str] = []
        self.faults: list[str] = []
        self._named: dict[str, str] = {}  # of each download, what the page calls it
        self._arrived: list[str] = []  # downloads that are there whole
        self._number, self._buffer = 0, b""
        self._answers: dict[int, dict[str, Any]] = {}
        to_it, self._out = os.pipe()
        self._in, from_it = os.pipe()
        # The browser reads commands from descriptor 3 and writes to 4: free both first, then put the pipes there.
        to_it, from_it = (_above_four(descriptor) for descriptor in (to_it, from_it))
        command = [executable, *SWITCHES, f"--user-data-dir={folder / 'profile'}", "about:blank"]
        shell = ["bash", "-c", f'exec "$@" 3<&{to_it} 4>&{from_it}', "sh", *command]
        self._process = subprocess.Popen(
            shell,
            pass_fds=(to_it, from_it),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        os.close(to_it)
        os.close(from_it)
        self._session = ""
        tab = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.send(f"{domain}.enable")
        kept = {"behavior": "allowAndName", "downloadPath": str(self.downloads), "eventsEnabled": True}
        self.send("Browser.setDownloadBehavior", session=False, **kept)

    def close(self) -> None:
        """End the browser."""
        os.close(self._out)
        os.close(self._in)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def send(self, method: str, session: bool = True, **parameters: Any) -> dict[str, Any]:
        """One command, and its result; raises RuntimeError for what the browser refuses."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session and self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        number, until = self._number, time.monotonic() + 60
        while number not in self._answers:
            self._receive(until - time.monotonic())
        answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _receive(self, seconds: float) -> None:
        """Take in what the browser says, waiting so long at most."""
        if seconds <= 0 or not select.select([self._in], [], [], seconds)[0]:
            raise TimeoutError("the browser does not answer")
        received = os.read(self._in, 1 << 20)
        if not received:
            raise RuntimeError("the browser has ended")
        *messages, self._buffer = (self._buffer + received).split(b"\0")
        for raw in messages:
            message = json.loads(raw)
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._note(message["method"], message["params"])

    def _note(self, event: str, said: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            self.faults.append(details.get("exception", {}).get("description", details["text"]))
        elif event == "Log.entryAdded" and said["entry"]["level"] == "error":
            self.faults.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
        elif event == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.faults.append(str(said["args"]))
        elif event == "Browser.downloadWillBegin":
            self._named[said["guid"]] = said["suggestedFilename"]
        elif event == "Browser.downloadProgress" and said["state"] == "completed":
            self._arrived.append(said["guid"])

    def open(self, url: str) -> None:
        """Go there, as from an empty tab."""
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """The value of an expression; promises are waited for."""
        said = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in said:
            details = said["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return said["result"].get("value")

    def until(self, script: str, seconds: float = 60) -> Any:
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while True:
            try:
                if value := self.run(script):
                    return value
            except RuntimeError as error:
                if "navigated" not in str(error) and "context" not in str(error):
                    raise
            if time.monotonic() > end:
                raise TimeoutError(f"never true: {script}")
            time.sleep(0.03)

    def settle(self, found: Callable[[], Any], seconds: float = 60) -> Any:
        """Wait until ``found()`` is true, for what happens outside the page."""
        end = time.monotonic() + seconds
        while not (value := found()):
            if time.monotonic() > end:
                raise TimeoutError("it never happened")
            time.sleep(0.05)
        return value

    def place(self, selector: str) -> tuple[float, float]:
        """Middle of an element, scrolled into sight."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        return x, y

    def move(self, x: float, y: float) -> None:
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, selector: str, beside: float = 0) -> None:
        """Click on the middle of an element, or so many pixels to the right of it and below."""
        x, y = (middle + beside for middle in self.place(selector))
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        code = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **code, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **code)

    def write(self, text: str) -> None:
        """Press and release the key of each character, where the focus is."""
        for letter in text:
            self.send("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
            self.send("Input.dispatchKeyEvent", type="keyUp", key=letter)

    def drop(self, path: Path, selector: str) -> bool:
        """Let a file fall on the middle of an element, and whether the page took it; else the browser would open it."""
        x, y = self.place(selector)
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}

        def drag(*kinds: str) -> None:
            for kind in kinds:
                self.send("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

        for kind in ("dragover", "drop"):
            listener = f"(event) => {{ window.{kind} = event.defaultPrevented; }}"
            self.run(f"window.{kind} = null, window.addEventListener('{kind}', {listener}), 0")
        # Until a page is painted it is not dragged over; and its answer to one event counts for the next.
        self.settle(lambda: drag("dragEnter", "dragOver") or self.run("window.dragover !== null"))
        if not self.run("window.dragover"):
            return False
        drag("dragOver", "drop")
        return bool(self.until("window.drop !== null") and self.run("window.drop"))

    def type(self, selector: str, text: str) -> None:
        """Replace what stands in a box."""
        self.run(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select(); }})()")
        self.send("Input.insertText", text=text)

    def taken(self, selector: str, ending: str) -> Path:
        """The file that a click downloads, when the browser says that it is there whole."""
        before = len(self._arrived)
        self.click(selector)
        self.settle(lambda: self.run("true") and len(self._arrived) > before)
        (arrived,) = self._arrived[before:]
        assert self._named[arrived].endswith(ending), self._named[arrived]
        return (self.downloads / arrived).rename(self.downloads / self._named[arrived])

    def size(self, width: int, height: int = 900, dark: bool = False) -> None:
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def offline(self, off: bool) -> None:
        self.send(
            "Network.emulateNetworkConditions", offline=off, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )

    def picture(self, path: Path) -> None:
        """A screenshot of the whole page."""
        height = self.run("document.documentElement.scrollHeight")
        width = self.run("innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.send("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def give(self, selector: str, *paths: Path) -> None:
        """Choose files in a file box."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])
