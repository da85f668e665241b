"""A real PgBouncer, if this machine has one (Debian's package `pgbouncer`)."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.postgres.connecting import SESSION
from tests.acceptance.program import free_port
from tests.engines.postgres import PASSWORD

_START_SECONDS = 20


class Unavailable(Exception):
    """It cannot run here."""


@contextmanager
def running(folder: str, guest: str, connections: int, *, ignoring: bool = False) -> Iterator[int]:
    """The port of a pooler of transactions before the socket in `folder`.

    Args:
        folder: where the server's socket is.
        guest: who may enter.
        connections: how many the pooler makes to the server.
        ignoring: whether it drops session settings instead of refusing them.
    """
    program = shutil.which("pgbouncer")
    if program is None:
        raise Unavailable("pgbouncer is not on the PATH")
    place, port = Path(tempfile.mkdtemp(prefix="engintel-pooler-")), free_port()
    place.chmod(0o755)
    ignored = f"ignore_startup_parameters = {', '.join(SESSION)}" if ignoring else ""
    users = place / "users.txt"
    users.write_text(f'"{guest}" "{PASSWORD}"\n')
    settings = place / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={folder}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {users}\npool_mode = transaction\n"
        f"default_pool_size = {connections}\n{ignored}\n"
    )
    other = ("-u", pwd.getpwnam("nobody").pw_name) if os.geteuid() == 0 else ()
    process = subprocess.Popen(
        [program, *other, str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        _until_up(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=10)
        shutil.rmtree(place)


def _until_up(port: int, process: "subprocess.Popen[str]") -> None:
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise Unavailable("pgbouncer did not start")
