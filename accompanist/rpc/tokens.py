"""Token files, of servers and of clients.

One line per token, with fields separated by white space; `#` begins a comment:

    # name      rights          token
    shop        start,cancel    6b7e...
    root        all             c41d...

A token file is a secret: only its owner may read it (if root owns it, as with mounted files, its group, too); otherwise
it is refused. Error messages name a line by its number, never by its content.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from accompanist import limits
from accompanist.errors import OperatorError, catalogue
from accompanist.rpc.access import Token

UNUSABLE = catalogue(
    "ACC610",
    "token file cannot be used",
    "A token file is missing, can be read by others, or has an invalid line.",
    "Make it readable by its owner only (chmod 600). Each line has a name, rights separated by commas, and a token: "
    "`console read,operate SECRET`. `openssl rand -hex 32` makes a token.",
)
NOT_MADE = catalogue(
    "ACC611",
    "token file cannot be made",
    "A service whose API listens on the loopback interface creates a token at its first start, because every user of "
    "this machine can reach the port. It keeps the token in `state_dir`, readable by its owner only.",
    "Let the sidecar's user write `state_dir`; or set `token_file`, or a unix socket as `api`.",
)
_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def read(file: Path, known: frozenset[str], *, alone: str = "") -> tuple[Token, ...]:
    """Read a server's token file; each token has some of the `known` rights. With `alone`, a file with a single word is
    one token of that name with every right. Raises OperatorError."""
    lines = [(number, line.split()) for number, line in _lines(file)]
    if len(lines) == 1 and len(lines[0][1]) == 1 and alone:
        [(number, [secret])] = lines
        return (Token.of(alone, known, _secret(file, number, secret)),)
    found = [_token(file, number, words, known) for number, words in lines]
    if not found:
        raise _unusable(file, "it holds no token")
    if len(found) > limits.tokens_max:
        raise _unusable(file, f"it holds more than {limits.tokens_max} tokens")
    for what, kinds in (("name", {t.name for t in found}), ("token", {t.digest for t in found})):
        if len(kinds) != len(found):
            raise _unusable(file, f"a {what} stands in it twice")
    return tuple(found)


def bearer(file: Path) -> str:
    """Read a client's file, which holds one token, alone or as a line of the form above. Raises OperatorError."""
    lines = [(number, line.split()) for number, line in _lines(file)]
    if len(lines) != 1 or len(lines[0][1]) not in (1, 3):
        raise _unusable(file, "a client's file holds one token")
    number, words = lines[0]
    return _secret(file, number, words[-1])


def make(file: Path, name: str) -> None:
    """Create a file, readable by its owner only, with a random token that has every right, unless the file exists.
    Processes that start at once agree on one token. Raises OperatorError."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = f"{file}.{secrets.token_hex(8)}"
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "w") as opened:
                opened.write(f"{name} all {secrets.token_hex(32)}\n")
            os.link(beside, file, follow_symlinks=False)  # atomic, and never overwrites an existing file
        except FileExistsError:
            pass
        finally:
            Path(beside).unlink()
    except OSError as problem:
        raise OperatorError(NOT_MADE, f"{file}: {problem.strerror}") from None


def _lines(file: Path) -> list[tuple[int, str]]:
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), encoding="ascii") as opened:
            _check_private(file, os.fstat(opened.fileno()))
            text = opened.read(limits.token_file_bytes_max + 1)
    except (OSError, UnicodeDecodeError) as problem:
        raise _unusable(file, getattr(problem, "strerror", None) or "it is not ASCII") from None
    if len(text) > limits.token_file_bytes_max:
        raise _unusable(file, f"it has more than {limits.token_file_bytes_max} bytes")
    numbered = ((number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in numbered if line]


def _check_private(file: Path, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise _unusable(file, "it is no plain file")
    if about.st_uid not in (0, os.geteuid()):
        raise _unusable(file, "it belongs to another user")
    allowed = 0o740 if about.st_uid == 0 else 0o700
    if stat.S_IMODE(about.st_mode) & ~allowed:
        raise _unusable(file, f"its mode is {stat.S_IMODE(about.st_mode):04o}, so others than its owner may use it")


def _token(file: Path, number: int, words: list[str], known: frozenset[str]) -> Token:
    if len(words) != 3:
        raise _unusable(file, f"line {number} is not a name, rights and a token")
    name, listed, secret = words
    if not _NAME.fullmatch(name) or len(name) > limits.name_chars_max:
        raise _unusable(file, f"line {number}: a name is small letters, digits, - and _")
    rights = known if listed == "all" else frozenset(listed.split(","))
    if not rights <= known:
        raise _unusable(file, f"line {number}: rights are all, or of {', '.join(sorted(known))}, by comma")
    return Token.of(name, rights, _secret(file, number, secret))


def _secret(file: Path, number: int, secret: str) -> str:
    if not limits.token_chars_min <= len(secret) <= limits.token_chars_max or not secret.isprintable():
        text = f"a token has {limits.token_chars_min} to {limits.token_chars_max} characters"
        raise _unusable(file, f"line {number}: {text}")
    return secret


def _unusable(file: Path, text: str) -> OperatorError:
    return OperatorError(UNUSABLE, f"{file}: {text}")
