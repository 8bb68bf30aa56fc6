"""The pytest plugin. It is installed with the package and needs no configuration.

    accompanist             a `Kit`: sagas with the run's seed; databases and real workers that are removed after the
                            test
    accompanist_seed        the number given with --accompanist-seed, or 0: it chooses the order of events
    accompanist_postgres    a throw-away Postgres server, one for the whole run

A test that fails shows what happened in each saga that it made.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from accompanist.testing.real import Served
    from accompanist.testing.saga import Saga
    from accompanist.testing.source import Source
    from accompanist.testing.throwaway import Postgres
    from accompanist.worker import Worker

_lines_max = 200


class Kit:
    """Makes sagas, databases and real workers for one test, and releases them after it."""

    def __init__(self, seed: int, server: Callable[[], Postgres]) -> None:
        self.seed = seed
        self._server = server
        self._over = ExitStack()

    def saga(
        self,
        source: Source,
        choreography: str = "",
        *,
        workers: Mapping[str, Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> Saga:
        """A `Saga` whose order of events --accompanist-seed chooses.

        def test_a_saga_settles(accompanist):
            assert accompanist.saga(fulfil_order).run().outcome == "settled"
        """
        from accompanist.testing.saga import Saga

        return Saga(source, choreography, workers=workers, arguments=arguments, seed=self.seed)

    def database(self) -> str:
        """The address of a fresh database on the throw-away Postgres. It is dropped after the test."""
        return self._over.enter_context(self._server().database())

    def serve(self, worker: Worker, install: Callable[[str], Awaitable[None]] | None = None, dsn: str = "") -> Served:
        """Serve a real worker of the Python SDK, on a fresh database if no `dsn` is given. It stops after the test.

        def test_the_real_payment(accompanist):
            real = accompanist.serve(payment.worker, payment.install)
            saga = accompanist.saga(fulfil_order, workers={"payment": real}).decline("loyalty.award").run()
            assert saga.ledger[-1] in ("payment.refund", "warehouse.release")
        """
        from accompanist.testing.real import serve

        return self._over.enter_context(serve(worker, dsn or self.database(), install))

    def close(self) -> None:
        self._over.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("accompanist", "sagas of Accompanist")
    group.addoption(
        "--accompanist-seed",
        type=int,
        default=0,
        metavar="N",
        help="The order in which things happen in the sagas of the `accompanist` fixture; 0: what comes first.",
    )


@pytest.fixture
def accompanist_seed(request: pytest.FixtureRequest) -> int:
    """The seed of the order of events: the same seed gives the same order."""
    seed: int = request.config.getoption("--accompanist-seed")
    return seed


@pytest.fixture(scope="session")
def accompanist_postgres() -> Iterator[Postgres]:
    """A throw-away Postgres server, or the one that DATABASE_URL names."""
    from accompanist.testing.throwaway import postgres

    with postgres() as server:
        yield server


@pytest.fixture
def accompanist(request: pytest.FixtureRequest, accompanist_seed: int) -> Iterator[Kit]:
    """Sagas, databases and real workers for one test."""
    kit = Kit(accompanist_seed, lambda: request.getfixturevalue("accompanist_postgres"))
    try:
        yield kit
    finally:
        kit.close()


def pytest_runtest_setup() -> None:
    if made := _made():
        made.forget()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a diagram of each saga to the report of a failed test."""
    report = yield
    made = _made()
    if made and report.when == "call" and report.failed:
        for saga in made.all():
            report.sections.append((f"{saga!r}, seed {saga.seed}", saga.picture(_lines_max)))
    return report


def _made() -> Any:
    """The registered sagas. Their module is imported only by tests that make one."""
    return sys.modules.get("accompanist.testing.made")
