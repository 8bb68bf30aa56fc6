"""A choreography's file as texts: it compiles to the same fingerprint again, and its modules run apart from the
deployed ones."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from accompanist.language.compile import compile_file
from accompanist.language.program.load import load
from accompanist.language.values import codec
from accompanist.language.versions.private import PrivateModules
from accompanist.language.versions.texts import again, gather
from tests.language.programs import MUST_PASS, ROOT, must_pass, path_of, read


@pytest.mark.slow
@pytest.mark.parametrize("name", MUST_PASS)
def test_every_program_comes_back_from_its_texts(name: str) -> None:
    file = str(path_of("must_pass", name))
    texts = gather(file, str(ROOT), read)
    original, _ = must_pass(name)
    found = again(Path(file).relative_to(ROOT).as_posix(), texts, original.fingerprint)
    assert not isinstance(found, str), found
    assert (found.name, found.module) == (original.name, original.module)
    modules = PrivateModules(texts)
    try:
        for role in found.roles:
            program = load(found, role, modules)
            deployed = load(original, role)
            assert list(program.parameter_types) == list(deployed.parameter_types)
            for type in program.parameter_types.values():
                assert not getattr(type, "__module__", "").startswith("tests.")
    finally:
        modules.forget()


FILES = {
    "shop/__init__.py": "",
    "shop/saga.py": """
from __future__ import annotations
import shop.goods as goods
from typing import TYPE_CHECKING
from accompanist import At, Role, choreography, com, query
from . import prices
from .prices import doubled
if TYPE_CHECKING:
    from shop.later import Later

class Buyer(Role): ...

class Seller(Role):
    @query
    def price(self, item: goods.Item) -> int: ...

@choreography
def buy(buyer: Buyer, seller: Seller, item: At[goods.Item, "buyer"]) -> At[int, "buyer"]:
    return com(doubled(seller.price(com(item, to=seller))), to=buyer)
""",
    "shop/goods.py": """
from __future__ import annotations
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

@dataclass(frozen=True, slots=True)
class Item:
    name: str
    best_before: date | None = None
    weight: Decimal = Decimal(1)
""",
    "shop/prices.py": """
from accompanist import pure
from shop.inner import deep
import shop.goods
from shop.inner.deep import FACTOR

@pure
def doubled(price: int) -> int:
    return price * FACTOR
""",
    "shop/inner/deep.py": "FACTOR = 2\nfrom shop import prices\n",
    "shop/later.py": "class Later: ...\n",
    "shop/worker.py": "raise RuntimeError('nobody needs this')\n",
    "shop/_unused.py": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("_accompanist_"):
            del sys.modules[name]


def test_what_is_needed_is_taken_and_no_more(project: Path) -> None:
    texts = gather(str(project / "shop/saga.py"), str(project), read)
    assert set(texts) == set(FILES) - {"shop/worker.py", "shop/_unused.py"}
    assert gather(str(project / "none.py"), str(project), read) == {}
    assert gather("/elsewhere/saga.py", str(project), read) == {}


def test_private_modules_run_apart_and_import_one_another(project: Path) -> None:
    texts = gather(str(project / "shop/saga.py"), str(project), read)
    [deployed] = compile_file(str(project / "shop/saga.py"), root=str(project), read=read).choreographies
    found = again("shop/saga.py", texts, deployed.fingerprint)
    assert not isinstance(found, str), found
    modules = PrivateModules(texts)
    program = load(found, "buyer", modules)
    item = program.parameter_types["item"]
    value = codec.decode(b'{"name":"tea","best_before":"2030-01-01"}', item)
    assert dataclasses.asdict(value)["name"] == "tea"
    assert modules("shop.prices").doubled(4) == 8
    assert modules("shop.prices") is modules("shop").prices
    assert not any(name == "shop" or name.startswith("shop.") for name in sys.modules)
    assert modules("msgspec") is msgspec
    other = PrivateModules({**texts, "shop/inner/deep.py": "FACTOR = 3\n"})
    assert (other("shop.prices").doubled(4), modules("shop.prices").doubled(4)) == (12, 8)


def test_why_it_is_not_the_same_is_said(project: Path) -> None:
    texts = gather(str(project / "shop/saga.py"), str(project), read)
    [deployed] = compile_file(str(project / "shop/saga.py"), root=str(project), read=read).choreographies
    other = texts | {"shop/inner/deep.py": "FACTOR = 3\n"}
    assert again("shop/saga.py", other, deployed.fingerprint) == "its texts compile to another fingerprint"
    assert "there is no file" in str(again("shop/saga.py", {}, deployed.fingerprint))
    assert "no function here" in str(again("shop/goods.py", texts, deployed.fingerprint))


def test_what_the_texts_lack_is_missing_though_it_is_deployed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(project))
    texts = gather(str(project / "shop/saga.py"), str(project), read)
    modules = PrivateModules({**texts, "shop/inner/deep.py": "FACTOR = 2\nimport shop._unused\n"})
    with pytest.raises(ModuleNotFoundError, match=r"no module shop\._unused"):
        modules("shop.prices")
    with pytest.raises(ModuleNotFoundError, match=r"no module shop\._unused"):
        modules("shop.prices")  # what failed half way is not there the second time
    with pytest.raises(ModuleNotFoundError):
        modules("shop.nothing")
