"""Where a clone came from, as far as that is anybody's business: the public address of a known host, nothing else."""

import hashlib
import re
from typing import Final
from urllib.parse import urlsplit

from adapters.sources.git.snapshot import Findings, Part, Snapshot
from domain.events import ProjectDescribed

_HOSTS: Final = {
    "github.com": "github.com",
    "www.github.com": "github.com",
    "ssh.github.com": "github.com",  # SSH over the HTTPS port
    "gitlab.com": "gitlab.com",
    "altssh.gitlab.com": "gitlab.com",
    "bitbucket.org": "bitbucket.org",
    "altssh.bitbucket.org": "bitbucket.org",
}
_SCP_LIKE: Final = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[^@/:\s]+):(?P<path>[^\s]+)")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_SHORTEST: Final = 2


def public_address(remote: str) -> str | None:
    """`github.com/owner/name` for a remote on a known host; None for any other.

    Only names that are letters, digits and `_.-` get through. What stands before the host, after a `?` or a `#`, or
    in the port does not, so neither does a password or a token.

    Args:
        remote: the URL, in any form that git takes: `https://…`, `ssh://…`, `git://…`, `user@host:path`.
    """
    if "://" in remote:
        try:
            parts = urlsplit(remote)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return None
    else:
        match = _SCP_LIKE.fullmatch(remote)
        if match is None:
            return None
        host, path = match["host"].lower(), match["path"]
    names = path.strip("/").removesuffix(".git").split("/")
    known = _HOSTS.get(host)
    if known is None or len(names) < _SHORTEST or not all(_NAME.fullmatch(name) for name in names):
        return None
    return "/".join((known, *(names if known == "gitlab.com" else names[:_SHORTEST])))


def describe(snapshot: Snapshot) -> Part:
    """What the project is called elsewhere, if that is not what was told last; told once even if it is nothing."""
    address = public_address(snapshot.git.answer("config", "--get", "remote.origin.url") or "")
    host, _, name = (address or "").partition("/")
    body = ProjectDescribed(
        refs=(f"github:{name}",) if host == "github.com" else (),
        url=f"https://{address}" if address else None,
    )
    digest = hashlib.sha256(body.model_dump_json().encode()).hexdigest()[:16]
    if digest == snapshot.before.described:
        return Findings()
    # A remote may change back and forth with nothing committed between, so the id counts how often it did.
    count = snapshot.before.descriptions
    yield snapshot.event(f"project:{digest}:{count}", f"project:{snapshot.ref}", body)
    return Findings({"described": digest, "descriptions": count + 1})
