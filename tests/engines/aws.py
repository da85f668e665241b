"""SQS and Kinesis as moto plays them: a server on loopback that the real client talks to."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError

from tests.acceptance.program import ROOT, free_port

_START_SECONDS = 60
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""What makes the client sign with a key that opens nothing, and ask nobody else."""


@contextmanager
def running() -> Iterator[str]:
    """The server's address; it is stopped at the end."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.engines.moto_server", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **ENVIRONMENT},
    )
    try:
        yield _until_up(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(10)


def _until_up(url: str, process: "subprocess.Popen[bytes]") -> str:
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/moto-api/"):
                return url
        except URLError:
            time.sleep(0.05)
    raise RuntimeError("moto's server did not start")
