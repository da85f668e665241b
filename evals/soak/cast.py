"""Those who are killed: the receiver, the workers, and PostgreSQL."""

import asyncio
import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from evals.soak.senders import SECRET
from evals.speed.program import program

_LEAVES_IN: Final = 60.0


class Cast:
    """The processes of one home. They are started, killed, paused and started again from here."""

    def __init__(self, home: Path, workers: int) -> None:
        """Name the home; nothing starts.

        Args:
            home: a folder of its own.
            workers: how many workers there are.
        """
        self.home = home
        self.workers: list[subprocess.Popen[bytes]] = []
        self.receiver: subprocess.Popen[bytes] | None = None
        self._count = workers
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._log: IO[bytes] | None = None

    @property
    def log(self) -> Path:
        """What all of them said."""
        return self.home.parent / "said.log"

    @property
    def environment(self) -> dict[str, str]:
        """What every process of this home gets to see."""
        return {**os.environ, "ENGINTEL_HOME": str(self.home), "ENGINTEL_GITHUB_WEBHOOK_SECRET": SECRET}

    async def start(self) -> None:
        """Everybody at once, and wait until the receiver is ready."""
        self._log = self.log.open("ab")
        self.start_receiver()
        self.workers = [self._worker() for _ in range(self._count)]
        await self.until_ready()

    def start_receiver(self) -> None:
        """A new one, at the same port."""
        self.receiver = self._run("serve", "--transport", "http", "--port", str(self.port), "--workers", "0")

    def _worker(self) -> "subprocess.Popen[bytes]":
        return self._run("work")

    def _run(self, *words: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - this program
            program(*words), env=self.environment, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )

    async def until_ready(self) -> None:
        """Wait until the receiver answers that it is ready."""
        for _ in range(1_200):
            if (await self.get("/readyz"))[0] == 200:  # noqa: PLR2004 - HTTP's own
                return
            await asyncio.sleep(0.1)
        raise RuntimeError(f"the receiver did not become ready; see {self.log}")

    async def get(self, path: str) -> tuple[int, str]:
        """What the receiver answers; status 0 if nothing."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
            finally:
                writer.close()
            return int(head.split(" ", 2)[1]), body
        except (OSError, IndexError, ValueError):
            return 0, ""

    async def kill_receiver(self) -> None:
        """As a crash would."""
        assert self.receiver is not None
        self.receiver.kill()
        await asyncio.to_thread(self.receiver.wait)
        self.start_receiver()

    async def kill_worker(self, number: int) -> None:
        """As a crash would."""
        self.workers[number].kill()
        await asyncio.to_thread(self.workers[number].wait)
        self.workers[number] = self._worker()

    async def replace_worker(self, number: int) -> None:
        """As a roll-out does: the new one starts, the old one is told to leave."""
        leaves = self.workers[number]
        self.workers[number] = self._worker()
        await _left(leaves)

    async def pause_worker(self, number: int, seconds: float) -> None:
        """Stop it in the middle of whatever it does, for longer than its leases last; then let it go on."""
        self.workers[number].send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self.workers[number].send_signal(signal.SIGCONT)

    async def kill_postgres(self) -> None:
        """The postmaster; its backends notice by themselves, and the program starts it again."""
        with suppress(OSError, ValueError, IndexError):
            os.kill(int(self.postmaster()[0]), signal.SIGKILL)

    def postmaster(self) -> list[str]:
        """The lines of `postmaster.pid`: the process, the data folder, when, the port, the socket's folder, ..."""
        return (self.home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()

    @property
    def database(self) -> str:
        """Where PostgreSQL can be reached, past the program."""
        return f"postgresql://postgres@/postgres?host={self.postmaster()[4]}"

    async def stop(self) -> list[int]:
        """Tell everybody to leave; gives how each ended."""
        everybody = [process for process in (*self.workers, self.receiver) if process is not None]
        codes = [await _left(process) for process in everybody]
        if self._log is not None:
            self._log.close()
        return codes


async def _left(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        return await asyncio.to_thread(process.wait, _LEAVES_IN)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
