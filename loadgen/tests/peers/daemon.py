"""Runs a program by other authors for a test: in a folder that is removed afterwards, and no longer than whoever started it.

The first line on stdout is where it listens. A line `reload` on stdin lets it read its configuration again. At the end
of stdin it ends, and its log follows on stdout, a JSON object a line.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def guard(group):
    """Ends the processes of a group some time after this program, however that ends."""
    watched, held = os.pipe()
    script = f"cat >/dev/null; sleep 5; kill -9 -{group}"
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.Popen(["sh", "-c", script], stdin=watched, **silent, start_new_session=True)
    os.close(watched)
    # Nobody writes to it. It is closed when this program ends.
    return held


def listens(place):
    """Whether something takes connections at a port of the loopback, or at the path of a unix socket."""
    unix = isinstance(place, pathlib.Path)
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(place) if unix else ("127.0.0.1", place))
            return True
        except OSError:
            return False


def run(configure, place=None, reload=None, log="log", entry=json.loads):
    """Runs the command that `configure(folder, place)` returns.

    `place` is a function of the folder and returns where it listens; a free port by default. `reload` is the signal
    that makes it read its configuration again. It logs to the file `log` of its folder; what it prints is in `output`.
    `entry` makes an object of a line of the log, or nothing.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        # Some become another user before they write.
        folder.chmod(0o777)
        where = place(folder) if place else free_port()
        command = configure(folder, where)
        with open(folder / "output", "wb") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        guard(process.pid)
        try:
            while not listens(where):
                if process.poll() is not None:
                    sys.exit(f"{command[0]} ended: {(folder / 'output').read_text()}")
                time.sleep(0.02)
            print(where, flush=True)
            for line in sys.stdin:
                if line.strip() == "reload":
                    process.send_signal(reload)
        finally:
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
            process.kill()
            process.wait()
        logged = folder / log
        for line in logged.read_text(errors="replace").splitlines() if logged.exists() else []:
            if (found := entry(line)) is not None:
                print(json.dumps(found), flush=True)
