"""The built program as a real process, in a folder of its own.

WARD names the program (make sets it). What the process said is shown when a test fails. Its clock runs ahead of the
machine's as far as a test brings it on (libfaketime), so that nobody waits for what comes with time.
"""

from __future__ import annotations

import datetime
import email.utils
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import urllib.request
from typing import Any

PROGRAM = os.environ.get("WARD", "target/debug/ward")
LIMIT = 60
#: The time of the regulation.
ZONE = datetime.timezone(datetime.timedelta(hours=8))


class Ward:
    """An installation and, while it is started, its server."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ward-browser-")
        self.folder = pathlib.Path(self._folder.name)
        self.data = self.folder / "ward-data"
        self.said: list[str] = []
        self._since = 0
        self.process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self.address = ""
        self.ahead = datetime.timedelta()
        self._ahead = self.folder / "ahead"
        self.bring_on(0)

    def bring_on(self, minutes: float) -> None:
        """Lets time pass: the process reads every second by how much its clock is ahead."""
        self.ahead += datetime.timedelta(minutes=minutes)
        self._ahead.write_text(f"+{self.ahead.total_seconds():.0f}s\n", encoding="ascii")
        ends = time.monotonic() + LIMIT
        while self.address and self._told() < self.now() - datetime.timedelta(seconds=2):
            if time.monotonic() > ends:
                raise AssertionError(f"the process stays at {self._told()}")
            time.sleep(0.05)

    def _told(self) -> datetime.datetime:
        """The time that the process tells."""
        with urllib.request.urlopen(self.address + "/healthz", timeout=LIMIT) as answer:
            return email.utils.parsedate_to_datetime(answer.headers["date"])

    def now(self) -> datetime.datetime:
        """The time of the process, in the zone of the regulation."""
        return datetime.datetime.now(ZONE) + self.ahead

    def command(self, *arguments: str, data: bool = True) -> str:
        """Runs a command of the program to its end; what it printed."""
        line = [PROGRAM, *arguments, *(["--data", str(self.data)] if data else [])]
        done = subprocess.run(line, cwd=self.folder, capture_output=True, text=True, timeout=LIMIT, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(line)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def tell(self, *arguments: str) -> Any:
        """The same, answered in JSON."""
        return json.loads(self.command(*arguments, "--json"))

    def found(self) -> None:
        """Makes the ledger and publishes the regulation that is shipped."""
        self.command("ledger", "init")
        self.command("pack", "publish")

    def start(self, *arguments: str, port: int = 0) -> str:
        """Starts the server; its address. Everything it says is kept."""
        line = [PROGRAM, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{port}", *arguments]
        library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        clock = {
            "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(self._ahead), "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
        }
        self.process = subprocess.Popen(
            line, cwd=self.folder, env={**os.environ, **clock}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        )
        first = threading.Event()
        process = self.process
        self._since = len(self.said)

        def listen() -> None:
            assert process.stdout is not None
            with process.stdout as lines:
                for text in lines:
                    self.said.append(text.rstrip("\n"))
                    if text.startswith("http"):
                        self.address = self.address or text.strip().rstrip("/")
                        first.set()
            first.set()

        self._listener = threading.Thread(target=listen, daemon=True)
        self._listener.start()
        first.wait(LIMIT)
        if not self.address:
            raise AssertionError("the server did not start:\n" + "\n".join(self.said))
        return self.address

    def line(self, part: str) -> str:
        """A line that the server has said since it was started, or is about to, with this in it."""
        ends = time.monotonic() + LIMIT
        while time.monotonic() < ends:
            for line in self.said[self._since:]:
                if part in line:
                    return line.strip()
            time.sleep(0.05)
        raise AssertionError(f"nobody said {part}:\n" + "\n".join(self.said))

    def stop(self) -> None:
        """Asks the server to stop and waits for its end."""
        if self.process:
            self.process.terminate()
            self.process.wait(LIMIT)
            if self._listener:
                self._listener.join(LIMIT)
            self.process = None
            self.address = ""

    def kill(self) -> None:
        """Ends the server as a failure of the machine does."""
        if self.process:
            self.process.kill()
            self.process.wait(LIMIT)
            if self._listener:
                self._listener.join(LIMIT)
            self.process = None
            self.address = ""

    def close(self) -> None:
        """Stops it and takes the folder away."""
        self.stop()
        self._folder.cleanup()
