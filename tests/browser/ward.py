"""The built program as a real process, in a folder of its own.

WARD names the program (make sets it). What the process said is kept beside its data and shown when a test fails.
"""

from __future__ import annotations

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


class Ward:
    """An installation and, while it is started, its server."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ward-browser-")
        self.folder = pathlib.Path(self._folder.name)
        self.data = self.folder / "ward-data"
        self.said: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self.address = ""

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
        self.process = subprocess.Popen(
            line, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        first = threading.Event()
        process = self.process

        def listen() -> None:
            assert process.stdout is not None
            for text in process.stdout:
                self.said.append(text.rstrip("\n"))
                if text.startswith("http"):
                    self.address = self.address or text.strip().rstrip("/")
                    first.set()
            first.set()

        threading.Thread(target=listen, daemon=True).start()
        first.wait(LIMIT)
        if not self.address:
            raise AssertionError("the server did not start:\n" + "\n".join(self.said))
        return self.address

    def line(self, part: str) -> str:
        """A line that the server has said, or is about to, with this in it."""
        ends = time.monotonic() + LIMIT
        while time.monotonic() < ends:
            for line in self.said:
                if part in line:
                    return line.strip()
            time.sleep(0.05)
        raise AssertionError(f"nobody said {part}:\n" + "\n".join(self.said))

    def get(self, path: str) -> str:
        """What is answered to a plain request."""
        with urllib.request.urlopen(self.address + path, timeout=LIMIT) as answer:
            return answer.read().decode()

    def stop(self) -> None:
        """Asks the server to stop and waits for its end."""
        if self.process:
            self.process.terminate()
            self.process.wait(LIMIT)
            self.process = None
            self.address = ""

    def close(self) -> None:
        """Stops it and takes the folder away."""
        self.stop()
        self._folder.cleanup()
