"""A device in the machine room that tells its air in the words of a UPS, and a service that is down."""

from __future__ import annotations

import pathlib
import socketserver
import threading

SETTINGS = """
[[device]]
id = "A-1"
room = "R1"
protocol = "nut"
address = "127.0.0.1:{port}"
ups = "room"
every = 5
[[device.read]]
quantity = "temperature"
unit = "Cel"
variable = "ambient.temperature"
[[device.read]]
quantity = "humidity"
unit = "%RH"
variable = "ambient.humidity"

[[device]]
id = "WWW-1"
room = "R1"
protocol = "tcp"
address = "127.0.0.1:1"
every = 5
"""
VALUES = {"ambient.temperature": "23.5", "ambient.humidity": "75"}


class Device(socketserver.StreamRequestHandler):
    """Answers one connection."""

    def handle(self) -> None:
        for line in self.rfile:
            words = line.decode().split()
            if words[:3] != ["GET", "VAR", "room"]:
                return
            self.wfile.write(f'VAR room {words[3]} "{VALUES[words[3]]}"\n'.encode())


def begin(folder: pathlib.Path) -> str:
    """Starts the device; the settings by which it is read."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Device)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = folder / "sensors.toml"
    settings.write_text(SETTINGS.format(port=server.server_address[1]), encoding="utf-8")
    return str(settings)
