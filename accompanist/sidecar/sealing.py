"""The key with which a service's sidecars seal the versions that their log keeps (`log.versions`).

It is in a file and not in the database, so that the database login alone cannot create a seal. By default the file is
`versions.key` in `state_dir`, created at the first start. If a service's sidecars run on several machines, or have no
`state_dir`, `version_key_file` gives them a common key: a sidecar does not run versions sealed with another key.
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
    "The key file with which this service seals the versions in its log is missing, can be read by other users, or has "
    "no key in it. Without the key, a forged version could not be recognised.",
    "Create one with `head -c 32 /dev/urandom | base64`, in a file that only the sidecar's user may read (chmod 600), "
    "and give the same key to all sidecars of the service.",
)


def version_key(state: Path, named: str) -> bytes:
    """Read the key from the file `named`, or from `state`, where it is created if it is missing. Raises
    OperatorError."""
    file = Path(named) if named else state / "versions.key"
    try:
        if not named and not file.exists():
            _make(file)
        return _read(file)
    except OSError as problem:
        raise OperatorError(UNUSABLE, f"{file}: {problem.strerror}") from None


def _make(file: Path) -> None:
    """Create a key file atomically. The first one stays, because two sidecars may start at the same time."""
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
    # non-blocking, because opening a pipe would wait
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
