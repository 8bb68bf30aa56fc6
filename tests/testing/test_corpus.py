"""The programs of the corpus under `Saga`: with their fakes, in several orders and with crashes, each gives the value
that it states.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from accompanist.testing import Saga

CORPUS = Path(__file__).parents[1] / "language" / "corpus"
NAMES = sorted(file.stem for file in CORPUS.glob("*.py") if file.stem != "__init__")


def told(saga: Saga) -> Any:
    """What a saga came to, as a program of the corpus says it."""
    return saga.result if saga.outcome == "settled" else f"undone: {saga.reason}"


def saga(name: str, given: dict[str, Any], **more: Any) -> Saga:
    module = importlib.import_module(f"tests.language.corpus.{name}")
    file = CORPUS / f"{name}.py"
    last = re.findall(r"^@choreography\ndef (\w+)", file.read_text(), re.MULTILINE)[
        -1
    ]  # those before it are called by it
    return Saga(file, last, workers=module.WORKERS, arguments=given, **more)


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_to_what_it_says(name: str) -> None:
    module = importlib.import_module(f"tests.language.corpus.{name}")
    for given, wanted in zip(module.ARGUMENTS, module.RESULTS, strict=True):
        for seed in (0, 1):
            assert told(saga(name, given, seed=seed).run()) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_a_crash_of_each_role_changes_nothing(name: str) -> None:
    module = importlib.import_module(f"tests.language.corpus.{name}")
    given, wanted = module.ARGUMENTS[0], module.RESULTS[0]
    for role in saga(name, given).run().phases:
        assert told(saga(name, given).crash(role).run()) == wanted
