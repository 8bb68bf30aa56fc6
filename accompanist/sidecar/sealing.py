"""The key with which a service's sidecars seal the versions that their log keeps (`log.versions`).

It lies in a file and not in the database: who has the database login alone cannot make a seal. By default that is
`versions.key` in `state_dir`, made when a sidecar first starts. Sidecars of a service that run on several machines, or
that keep no `state_dir`, are given one by `version_key_file`: without the same key one does not run what another kept.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from accompanist import limits
from accompanist.errors import OperatorError, catalogue

UNUSABLE = catalogue(
    "ACC728",
    "version key cannot be used",
    "The file of the key with which this service seals the versions in its log is missing, is not this user's alone, "
    "or holds no key. Without it no kept version could be told from one that somebody else wrote.",
    "Make one with `head -c 32 /dev/urandom | base64`, in a file that only the sidecar's user may read (chmod 600), "
    "and give the same to all sidecars of the service.",
)


def version_key(state: Path, named: str) -> bytes:
    """The key in the file `named`, or in `state`, where it is made if there is none. Raises OperatorError."""
    file = Path(named) if named else state / "versions.key"
    try:
        if not named and not file.exists():
            _make(file)
        return _read(file)
    except OSError as problem:
        raise OperatorError(UNUSABLE, f"{file}: {problem.strerror}") from None


def _make(file: Path) -> None:
    """Whole or not at all, and the first one stays: two sidecars may start at the same time."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
    written = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(written, "w", encoding="ascii") as opened:
            opened.write(secrets.token_hex(limits.version_key_bytes) + "\n")
            opened.flush()
            os.fsync(written)
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(draft)
    finally:
        draft.unlink()


def _read(file: Path) -> bytes:
    # a pipe that somebody put there would be waited for
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
        about = os.fstat(opened.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OperatorError(UNUSABLE, f"{file}: it is no plain file")
        if about.st_uid not in (0, os.geteuid()):
            raise OperatorError(UNUSABLE, f"{file}: it belongs to another user")
        if stat.S_IMODE(about.st_mode) & (0o037 if about.st_uid == 0 else 0o077):
            raise OperatorError(UNUSABLE, f"{file}: others than its owner may use it")
        text = opened.read(limits.version_key_file_bytes_max + 1).strip()
    if not limits.version_key_bytes <= len(text) <= limits.version_key_file_bytes_max:
        raise OperatorError(UNUSABLE, f"{file}: a key has at least {limits.version_key_bytes} characters")
    return text
