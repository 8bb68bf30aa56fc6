"""What the compiler's saga check accepts, the rules accept that are proved sound in `docs/proofs/Check.v`.

Random sagas with a commit point. Of what the compiler refuses nothing is asked: it follows no path by itself.
"""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from accompanist.language.checks.saga.saga import SagaCheck
from accompanist.language.compile import compile_file
from accompanist.language.program.program import Choreography
from accompanist.language.text.diagnostic import Findings
from tests.model import extracted, random_sagas
from tests.model.projection.translate import NotInCore, TooLong
from tests.model.saga_rules.translate import Skeleton
from tests.model.test_calculus import BUDGET
from tests.model.test_random_sagas import HEAD, UNSOUND, _says_nothing

HERE = Path(__file__).parent
PROGRAMS = 4 * BUDGET


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if reason := extracted.missing():
        pytest.skip(f"the proved rules cannot be built: {reason}")
    return extracted.built(HERE / "saga_rules", ("Check",), tmp_path_factory.mktemp("rules"))


def accepted(source: str) -> Choreography | None:
    """The choreography, if `check` accepts it."""
    result = compile_file("/p/random_program.py", root="/p", read={"/p/random_program.py": source}.get)
    return next((one for one in result.choreographies if one.name == "random_program"), None) if result.ok else None


def line(choreography: Choreography) -> str:
    """Raises NotInCore, TooLong."""
    assert choreography.header is not None
    return Skeleton(choreography.header).line(choreography.amended)


@pytest.mark.search
@pytest.mark.slow
def test_what_check_accepts_the_rules_accept(rules: Path) -> None:
    sources, lines = [], []
    for seed in range(PROGRAMS):
        source = random_sagas.text(seed)
        choreography = accepted(source)
        try:
            if choreography is not None:
                lines.append(line(choreography))
                sources.append(source)
        except (NotInCore, TooLong):
            continue
    said = extracted.answers(rules, lines)
    assert [source for source, answer in zip(sources, said, strict=True) if answer != "1"] == []
    assert sum(" commits " in line for line in lines) > PROGRAMS // 10


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted({"ACC150", "ACC151", "ACC152", "ACC153", "ACC158"}))
def test_what_a_rule_of_check_refuses_the_rules_refuse(rules: Path, code: str) -> None:
    source = random_sagas.HEAD + HEAD + "".join(f"    {text}\n" for text in UNSOUND[code])
    with patch.object(SagaCheck, "_add", _says_nothing), patch.object(Findings, "add", _says_nothing):
        choreography = accepted(source)
    assert choreography is not None
    assert extracted.answers(rules, [line(choreography)]) == ["0"]
