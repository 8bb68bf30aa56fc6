"""The version key is in a file that only its owner can read, and is created once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accompanist.errors import OperatorError
from accompanist.limits import version_key_bytes
from accompanist.sidecar.sealing import version_key


def test_the_first_start_makes_a_key_that_nobody_else_reads(tmp_path: Path) -> None:
    state = tmp_path / "state" / "payment"
    key = version_key(state, "")
    assert len(key) >= version_key_bytes
    assert version_key(state, "") == key
    assert version_key(tmp_path / "other", "") != key
    [file] = state.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_those_that_start_at_once_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: version_key(tmp_path, ""), range(32)))
    assert len(keys) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["versions.key"]


def test_a_named_file_is_read_and_never_made(tmp_path: Path) -> None:
    named = tmp_path / "payment.key"
    with pytest.raises(OperatorError, match="No such file") as refused:
        version_key(tmp_path / "state", str(named))
    assert refused.value.code == "ACC728"
    named.write_text("k" * 44 + "\n")
    named.chmod(0o600)
    assert version_key(tmp_path / "state", str(named)) == b"k" * 44


@pytest.mark.parametrize(
    ("mode", "text", "why"),
    [
        (0o644, "k" * 44, "others than its owner"),
        (0o660, "k" * 44, "others than its owner"),
        (0o600, "short", "at least 32 characters"),
        (0o600, "", "at least 32 characters"),
        (0o600, "k" * 5_000, "at least 32 characters"),
    ],
)
def test_what_is_no_key_of_ours_alone_is_refused(tmp_path: Path, mode: int, text: str, why: str) -> None:
    file = tmp_path / "payment.key"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(OperatorError, match=why) as refused:
        version_key(tmp_path, str(file))
    assert refused.value.code == "ACC728"
    assert "kkkk" not in str(refused.value)


def test_a_directory_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="ACC728"):
        version_key(tmp_path, str(tmp_path))
