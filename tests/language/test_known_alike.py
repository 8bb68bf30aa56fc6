"""What several roles know is the same at each of them, and in each reading of the program.

A value is in its wire form before anyone uses it: whoever made it goes on with what the others decode. The long form of
the random programs runs as long as is asked: `python -m tests.language.known_everywhere --minutes 60`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.language.known import Author
from tests.language.known_everywhere import look


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the programs are written, and imported from."""
    made = tmp_path_factory.mktemp("known")
    sys.path.insert(0, str(made))
    yield made
    sys.path.remove(str(made))


@pytest.mark.slow
@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_every_owner_and_every_reading_sees_the_same(folder: Path, seed: int) -> None:
    look(Author(seed), folder, seed)
