"""Fixtures for every test: a Postgres, and databases in it. Who needs one is marked `postgres`."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import distributed
from tests.bounded import bounded
from tests.hanging import pytest_runtest_protocol
from tests.postgres import Cluster, Database
from tests.postgres import cluster as running

__all__ = ["pytest_runtest_protocol"]

SERVERS = frozenset({"cluster", "own_cluster", "stage", "accompanist_postgres"})
"""Fixtures that start a Postgres."""

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # before the tests are read, whose own settings begin with these


def pytest_itemcollected(item: pytest.Item) -> None:
    """No wait of a test goes on for ever."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = bounded(item.obj)  # type: ignore[attr-defined]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> distributed.Scheduling:
    """With `-n`: who gets which tests."""
    return distributed.Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark those that a fixture starts a Postgres for; the others that do are marked where they stand."""
    for item in items:
        if isinstance(item, pytest.Function) and _asks_for_postgres(item):
            item.add_marker("postgres")
    if hasattr(config, "workerinput"):  # one of several processes
        items[:] = distributed.in_order(items)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: eleven thousand tests, which every full collection of garbage would look at
    again, for half a second."""
    gc.collect()
    gc.freeze()


def _asks_for_postgres(test: pytest.Function) -> bool:
    chosen = test.callspec.params.values() if hasattr(test, "callspec") else ()
    asked_for_late = any(isinstance(value, str) and value == "postgres" for value in chosen)
    return asked_for_late or not SERVERS.isdisjoint(test.fixturenames)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One Postgres for the whole run; DATABASE_URL's if that is set."""
    with running() as found:
        yield found


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Database]:
    """A database of the test's own with the migrated logs of `tests.postgres.SERVICES`."""
    with cluster.database(migrated=True) as found:
        yield found


@pytest.fixture(scope="module")
def module_database(cluster: Cluster) -> Iterator[Database]:
    """The same, shared by the tests of a module."""
    with cluster.database(migrated=True) as found:
        yield found


@pytest.fixture
def blank_database(cluster: Cluster) -> Iterator[Database]:
    """An empty database of the test's own."""
    with cluster.database(migrated=False) as found:
        yield found
