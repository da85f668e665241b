"""A real Kafka broker: one node, KRaft, on free ports of loopback.

`python -m tests.engines.kafka` assembles it (Java 17 and Maven; the first time takes a minute, with 45 MB to fetch) and
runs one until Ctrl-C, to try things by hand. Tests get theirs from the fixture `kafka` in `tests/contract/conftest.py`.
"""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.engines.maven import Unavailable, assembled

__all__ = ["Broker", "Unavailable", "assembled", "running", "started"]

POM = Path(__file__).with_name("kafka.xml")
USER, PASSWORD = "engintel", "pa/ss@wo%rd"
"""Who may sign in; the password has what a URL must escape."""
_START_SECONDS = 60
_SMALL = ("-Xmx320m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_QUIET = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=error",)


@dataclass(frozen=True)
class Broker:
    """A running broker: where it is, one address for each way of speaking to it."""

    plain: str
    sasl: str
    tls: str
    certificate: Path
    process: "subprocess.Popen[bytes]"


@contextmanager
def running() -> Iterator[Broker]:
    """A fresh broker, stopped and forgotten at the end.

    Raises:
        Unavailable: see `tests.engines.maven`.
    """
    jars = assembled("Kafka", POM, programs=("keytool",))
    folder = Path(tempfile.mkdtemp(prefix="engintel-kafka-"))
    try:
        with started(jars, folder) as broker:
            yield broker
    finally:
        shutil.rmtree(folder)


@contextmanager
def started(jars: Path, folder: Path) -> Iterator[Broker]:
    """A broker whose data is in `folder`, which may hold those of one that ran before."""
    again = folder / "server.properties"
    if not again.exists():
        certificate = _make_certificate(folder)
        again.write_text(_properties(folder), encoding="utf-8")
        _java(jars, "kafka.tools.StorageTool", "format", "--cluster-id", "MkU3OEVBNTcwNTJENDM2Qg", "--config",
              str(again), "--add-scram", f"SCRAM-SHA-256=[name={USER},password={PASSWORD}]",
              "--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]")  # fmt: skip
    certificate = folder / "ca.pem"
    settings = dict(line.split("=", 1) for line in again.read_text(encoding="utf-8").splitlines())
    listeners = dict(entry.split("://") for entry in settings["listeners"].split(","))
    log = (folder / "broker.log").open("ab")
    process = subprocess.Popen(
        ["java", *_SMALL, *_QUIET, "-cp", f"{jars}/*", "kafka.Kafka", str(again)], stdout=log, stderr=log
    )
    try:
        _until_listening(listeners["PLAIN"], process, folder)
        yield Broker(listeners["PLAIN"], listeners["SASL"], listeners["TLS"], certificate, process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _properties(folder: Path) -> str:
    plain, sasl, tls, controller = _free_ports(4)
    ours = f"PLAIN://127.0.0.1:{plain},SASL://127.0.0.1:{sasl},TLS://127.0.0.1:{tls}"
    jaas = "org.apache.kafka.common.security"
    known = f'{jaas}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
    scram = f"{jaas}.scram.ScramLoginModule required;"
    return "\n".join(
        (
            "process.roles=broker,controller",
            "node.id=1",
            f"controller.quorum.voters=1@127.0.0.1:{controller}",
            f"listeners={ours},CONTROLLER://127.0.0.1:{controller}",
            f"advertised.listeners={ours}",
            "listener.security.protocol.map=PLAIN:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SASL_SSL,CONTROLLER:PLAINTEXT",
            "controller.listener.names=CONTROLLER",
            "inter.broker.listener.name=PLAIN",
            "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            *(
                line
                for name in ("sasl", "tls")
                for line in (
                    f"listener.name.{name}.plain.sasl.jaas.config={known}",
                    f"listener.name.{name}.scram-sha-256.sasl.jaas.config={scram}",
                    f"listener.name.{name}.scram-sha-512.sasl.jaas.config={scram}",
                )
            ),
            f"ssl.keystore.location={folder / 'broker.p12'}",
            "ssl.keystore.type=PKCS12",
            "ssl.keystore.password=loopback",
            f"log.dirs={folder / 'log'}",
            "num.partitions=2",
            "offsets.topic.num.partitions=1",
            "offsets.topic.replication.factor=1",
            "group.initial.rebalance.delay.ms=0",
            "auto.create.topics.enable=false",
            "log.segment.delete.delay.ms=100",
            "num.io.threads=2",
            "num.network.threads=2",
        )
    )


def _make_certificate(folder: Path) -> Path:
    store = ["-keystore", str(folder / "broker.p12"), "-storetype", "PKCS12", "-storepass", "loopback"]
    _run("keytool", "-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=127.0.0.1", "-validity", "30",
         "-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true", *store)  # fmt: skip
    certificate = folder / "ca.pem"
    _run("keytool", "-exportcert", "-rfc", "-alias", "broker", "-file", str(certificate), *store)
    return certificate


def _java(jars: Path, *words: str) -> None:
    _run("java", *_SMALL, *_QUIET, "-cp", f"{jars}/*", *words)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _until_listening(address: str, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    host, _, port = address.rpartition(":")
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"Kafka did not start: {(folder / 'broker.log').read_text(encoding='utf-8')[-2_000:]}")


def main() -> None:
    """Run a broker until Ctrl-C, or until it is told to end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running() as broker, suppress(KeyboardInterrupt):
            print(f"export ENGINTEL_LOG_URL=kafka://{broker.plain}", flush=True)
            broker.process.wait()
    except Unavailable as error:
        sys.exit(f"no Kafka here: {error}")


if __name__ == "__main__":
    main()
