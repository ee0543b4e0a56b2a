"""What the benches stand on: the program built for release, the bed brought up, a registry whose traffic is counted."""

import os
import re
import socket
import statistics
import subprocess
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def program():
    """The program to measure: that which PYDEPLOY_BENCH_PROGRAM names, else this checkout's, built for release."""
    if named := os.environ.get("PYDEPLOY_BENCH_PROGRAM"):
        return named
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    return str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/pydeploy")


def up(*parts):
    """Brings up parts of the bed, and returns the environment that reaches them, without settings of pydeploy's."""
    lines = subprocess.run([ROOT / "tests/bed/up", *parts], check=True, stdout=subprocess.PIPE, text=True).stdout
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYDEPLOY_")}
    return env | dict(re.findall(r"^export (\w+)=(.*)$", lines, re.M))


def base(env):
    """The base image in the bed's registry."""
    return env["PYDEPLOY_TEST_REGISTRY"] + "/library/python:3.13-slim"


def spread(values, form):
    """Median, least and most, as a column of a table."""
    return f"{form(statistics.median(values)):>9} ({form(min(values))} to {form(max(values))})"


class Proxy:
    """Hands connections on to a registry, and counts them and the bytes that go there and come from there."""

    def __init__(self, to):
        host, port = to.rsplit(":", 1)
        self.to, self.sent, self.received, self.connections = (host, int(port)), 0, 0, 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.socket.accept()
            self.connections += 1
            upstream = socket.create_connection(self.to)
            threading.Thread(target=self.copy, args=(client, upstream, "sent"), daemon=True).start()
            threading.Thread(target=self.copy, args=(upstream, client, "received"), daemon=True).start()

    def copy(self, source, target, count):
        try:
            while data := source.recv(65536):
                setattr(self, count, getattr(self, count) + len(data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
