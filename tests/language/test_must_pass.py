"""Every must_pass program compiles, and its projections do what the direct reading does, in any order of delivery."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter

import pytest

from accompanist.language import direct
from accompanist.language.checks.saga.commit import inserted
from accompanist.language.ir import Block, If, Invoke, Loop, walk
from accompanist.language.projection.amend import Amender, erase
from tests.language.programs import HERE, MUST_PASS, ROOT, World, must_pass, path_of


def test_there_are_enough() -> None:
    assert len(MUST_PASS) >= 25


@pytest.mark.slow
@pytest.mark.parametrize("name", MUST_PASS)
@pytest.mark.parametrize("seed", range(8))
def test_projections_do_what_the_text_says(name: str, seed: int) -> None:
    choreography, module = must_pass(name)
    ask = direct.workers(module.WORKERS)
    for arguments in module.ARGUMENTS:
        told = direct.run(choreography, arguments, ask)
        world = World(choreography, arguments, ask, seed).run()
        wanted = {(call.role, call.site, call.operation): call.arguments for call in told.calls}
        if told.aborted:
            assert world.aborted == told.reason
            # roles run beside one another: one may have done more by then than the text has, or less
            for role, site, operation, given in world.calls:
                assert wanted.get((role, site, operation), given) == given
            continue
        assert world.aborted is None
        assert world.stuck == []
        assert {(role, site, operation): given for role, site, operation, given in world.calls} == wanted
        assert len(world.calls) == len(told.calls)
        for role in choreography.roles:
            if role in world.reached:
                expected = told.result if role in choreography.result_owners else None
                assert world.results[role] == expected
            else:
                assert role not in choreography.result_owners or told.result is None


@pytest.mark.parametrize("name", MUST_PASS)
def test_every_argument_set_takes_another_path(name: str) -> None:
    choreography, module = must_pass(name)
    ask = direct.workers(module.WORKERS)
    runs = [direct.run(choreography, arguments, ask) for arguments in module.ARGUMENTS]
    assert len(runs) == len({repr((run.result, run.aborted, run.reason, run.calls)) for run in runs})


@pytest.mark.parametrize("name", MUST_PASS)
def test_each_role_call_appears_once_on_each_path(name: str) -> None:
    choreography, _ = must_pass(name)
    source = path_of("must_pass", name).read_text()
    for path in _paths(choreography.normal)[:1000]:
        sites = Counter(point.site for point in path if isinstance(point, Invoke))
        # what is called or unrolled stands there once for each frame; a record that was put in, beside another point
        written = (point for point in path if isinstance(point, Invoke) and not inserted(point))
        spans = Counter((_frame(point.site), point.span) for point in written)
        assert set(sites.values()) <= {1}
        assert set(spans.values()) <= {1}
    for _, projection in choreography.projections.items():
        for line in projection.lines:
            assert 0 < line <= len(source.splitlines())


@pytest.mark.parametrize("name", MUST_PASS)
def test_erasing_the_selections_gives_the_choreography_back(name: str) -> None:
    choreography, _ = must_pass(name)
    assert choreography.header is not None
    amended = Amender(choreography.header).amend(choreography.normal)
    assert erase(amended) == choreography.normal
    sites = {point.site for point in walk(choreography.normal) if isinstance(point, If)}
    assert (amended != choreography.normal) == bool(sites & {notice.site for notice in choreography.notices})
    amender = Amender(choreography.header)
    for one in choreography.procedures:
        assert erase(amender.proceed(one).body) == one.body


@pytest.mark.slow
def test_mypy_strict_accepts_them_all() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--disable-error-code=empty-body", "--no-error-summary"]
    done = subprocess.run(
        [*command, str(HERE / "must_pass"), "workers/gallery", "workers/orders/choreography.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="pyright runs on node, and would download one")
def test_pyright_accepts_them_all() -> None:
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, str(HERE / "must_pass"), "workers/gallery", "workers/orders/choreography.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _frame(site: str) -> str:
    return site.rpartition(".")[0]


def _paths(block: Block) -> list[tuple[object, ...]]:
    paths: list[tuple[object, ...]] = [()]
    for point in block:
        if isinstance(point, If):
            inner = [*_paths(point.then), *_paths(point.orelse)]
            paths = [(*path, *rest) for path in paths for rest in inner]
        elif isinstance(point, Loop):
            paths = [(*path, *rest) for path in paths for rest in _paths(point.body)]  # one turn
        else:
            paths = [(*path, point) for path in paths]
    return paths
