"""What is forwarded arrives whole, in order, no sooner than the delay, and only where a way was opened."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.forwarding import Network, network

DELAY_S = 0.03
TEXT = b"x" * 300_000 + b"y"


@pytest.fixture
def ways() -> Iterator[Network]:
    with network() as opened:
        yield opened


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Path]:
    """A socket that answers what it is told, until the other side has ended."""
    path = tmp_path / "there"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def echo() -> None:
            taken, _ = listening.accept()
            with taken:
                while told := taken.recv(1 << 16):
                    taken.sendall(told)

        thread = threading.Thread(target=echo, daemon=True)
        thread.start()
        yield path
        thread.join(10)


def connected(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(10)
    made.connect(str(path))
    return made


def asked(connection: socket.socket, text: bytes) -> bytes:
    """What comes back, as long as what was sent."""
    sender = threading.Thread(target=connection.sendall, args=(text,), daemon=True)
    sender.start()
    answer = b""
    while len(answer) < len(text) and (part := connection.recv(1 << 16)):
        answer += part
    sender.join()
    return answer


def test_it_comes_back_whole_and_in_order(ways: Network, there: Path, tmp_path: Path) -> None:
    ways.open(tmp_path / "here", there)
    with connected(tmp_path / "here") as connection:
        assert asked(connection, TEXT) == TEXT


def test_each_way_takes_the_delay_that_is_set_now(ways: Network, there: Path, tmp_path: Path) -> None:
    """A lower bound only: how long it takes beyond that is the machine's affair."""
    ways.open(tmp_path / "here", there)
    with connected(tmp_path / "here") as connection:
        assert asked(connection, b"soon") == b"soon"
        ways.delay_s = DELAY_S
        began = time.perf_counter()
        assert asked(connection, b"later") == b"later"
        assert time.perf_counter() - began >= 2 * DELAY_S


def test_without_a_way_there_is_no_address(ways: Network, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        connected(tmp_path / "here")


def test_where_nobody_listens_at_the_other_end_the_connection_ends(ways: Network, tmp_path: Path) -> None:
    ways.open(tmp_path / "here", tmp_path / "nobody")
    with connected(tmp_path / "here") as connection:
        assert connection.recv(1) == b""
