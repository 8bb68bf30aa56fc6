"""The choreographies that a service hosts: several versions at once, and every choreography at every service with a
role in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from accompanist.errors import AuthorError, OperatorError
from accompanist.sidecar.compiling.here import Here
from accompanist.sidecar.hosting import Hosted
from tests.runtime import sagas

ROOT = Path(__file__).parents[2]
ORDERS = ROOT / "workers" / "orders" / "choreography.py"


def bind(choreography: str, classes: Mapping[str, str]) -> Mapping[str, str]:
    return {role: role for role in classes}


def hosted(service: str, *files: Path) -> Hosted:
    found = Hosted(service, bind, Here())
    found.add_files(files or [ORDERS], ROOT)
    return found


VERSION = """
from accompanist import At, Role, choreography, com, query

class Asker(Role): ...

class Teller(Role):
    @query
    def tell(self, number: int) -> int: ...

@choreography
def ask(asker: Asker, teller: Teller, number: At[int, "asker"]) -> At[int, "asker"]:
    return com(teller.tell(com(number + STEP, to=teller)), to=asker)
"""


def test_two_versions_stand_beside_one_another_and_new_sessions_take_the_last(tmp_path: Path) -> None:
    files = [tmp_path / "asking_first.py", tmp_path / "asking_second.py"]
    for number, file in enumerate(files):
        file.write_text(VERSION.replace("STEP", str(number)))
    both = Hosted("asker", bind, Here())
    both.add_files(files, tmp_path)
    versions = []
    for file in files:
        alone = Hosted("asker", bind, Here())
        alone.add_files([file], tmp_path)
        versions.append(alone.choreographies["ask"].fingerprint)
    assert both.choreographies["ask"].fingerprint == versions[1] != versions[0]
    for version in versions:
        header = msgspec.structs.replace(sagas.HEADER, choreography="ask", fingerprint=version)
        assert both.program(header, "asker") is not None
        assert both.program(header, "teller") is None


def test_a_choreography_that_one_of_its_services_does_not_host_is_refused() -> None:
    with pytest.raises(OperatorError, match="loyalty plays loyalty") as refused:
        hosted("payment").check_everywhere({"payment": [str(ORDERS)], "loyalty": []})
    assert refused.value.code == "ACC703"
    hosted("payment").check_everywhere({"payment": [str(ORDERS)], "loyalty": [str(ORDERS)]})


def test_only_the_initiators_service_starts_it_and_the_others_say_where() -> None:
    program, bindings = hosted("warehouse").startable("fulfil_order")
    assert (program.role, dict(bindings)["payment"]) == ("warehouse", "payment")
    with pytest.raises(AuthorError) as refused:
        hosted("payment").startable("fulfil_order")
    assert "begins at its role warehouse" in refused.value.text and "warehouse" in refused.value.hint
    for service, there in (("warehouse", "fulfil_order"), ("payment", "none")):
        with pytest.raises(AuthorError, match="cannot be started") as refused:
            hosted(service).startable("fulfill_order")
        assert refused.value.hint == f"it can be started here: {there}"
