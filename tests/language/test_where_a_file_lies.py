"""A fingerprint is of what is written: where the file lies, and what it is called, is no part of it."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from accompanist.cli.source import compiled as checked
from accompanist.language.compile import Compiled, compile_file
from accompanist.language.program.load import load
from accompanist.language.program.program import Choreography
from accompanist.language.versions.texts import again, gather
from accompanist.sidecar.compiling.here import Here
from accompanist.sidecar.hosting import Hosted
from tests.language.fingerprints import FILE, fingerprints

ROLES = """\
from dataclasses import dataclass
from decimal import Decimal
from accompanist import Role, query
@dataclass(frozen=True)
class Bid:
    amount: Decimal
    lines: "list[Line]"
@dataclass(frozen=True)
class Line:
    number: int
class Seller(Role):
    @query
    def ask(self, bid: Bid) -> Bid: ...
class Buyer(Role):
    @query
    def pay(self, bid: Bid) -> int: ...
"""
MAIN = """\
from accompanist import At, choreography, com, pure
from decimal import Decimal
from {messages} import Bid, Buyer, Seller

LOW = 3

@pure
def raised(bid: Bid) -> Bid:
    return Bid(bid.amount + LOW, bid.lines)

@choreography
def auction(seller: Seller, buyer: Buyer, bid: At[Bid, "seller"]) -> At[int, "buyer"]:
    best = seller.ask(raised(bid))
    return buyer.pay(com(best, to=buyer))
"""
OTHER = "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Bid:\n    other: int\n"


def one(result: Compiled) -> Choreography:
    assert result.ok, [found.text for found in result.diagnostics]
    [choreography] = result.choreographies
    return choreography


def at(directory: str, name: str = "auction", root: str = "/p", messages: str = ".parts", **files: str) -> Compiled:
    """The auction in a directory below the root, with its roles beside it."""
    texts = {f"{directory}/{name}.py": MAIN.format(messages=messages), f"{directory}/parts.py": ROLES}
    texts |= {f"{directory}/{file}.py": text for file, text in files.items()}
    return compile_file(f"{directory}/{name}.py", root=root, read=texts.get)


HERE = one(at("/p")).fingerprint


@pytest.mark.parametrize(
    ("directory", "name", "root", "messages"),
    [
        ("/p", "auction", "/p", "parts"),
        ("/p", "auction_v1", "/p", ".parts"),
        ("/p/orders", "auction", "/p", ".parts"),
        ("/p/orders", "auction", "/p", "orders.parts"),
        ("/p/orders", "auction", "/p/orders", "parts"),
        ("/q/shared/choreos", "auction", "/q", "shared.choreos.parts"),
        ("/p/order-service", "auction-v1", "/p", ".parts"),
        ("/p/class", "if", "/p", ".parts"),
        ("/p/2026 orders", "auktion", "/p", ".parts"),
        ("/p/Bestellungen äöü", "auction", "/p", ".parts"),
        ("C:/p/orders", "auction", "C:/p", ".parts"),
        ("orders", "auction", ".", ".parts"),
        ("/venv/site-packages/choreos", "auction", "/venv/site-packages", "choreos.parts"),
    ],
)
def test_one_text_has_one_fingerprint(directory: str, name: str, root: str, messages: str) -> None:
    assert one(at(directory, name, root, messages)).fingerprint == HERE


def test_an_empty_init_beside_it_changes_nothing() -> None:
    assert one(at("/p/orders", __init__="")).fingerprint == HERE


@pytest.mark.parametrize("changed", [str.encode, lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text])
def test_neither_do_the_ends_of_lines_nor_a_byte_order_mark(changed: object, tmp_path: Path) -> None:
    assert callable(changed)
    for name, text in (("auction", MAIN.format(messages="parts")), ("parts", ROLES)):
        made = changed(text)
        (tmp_path / f"{name}.py").write_bytes(made if isinstance(made, bytes) else made.encode())
    assert one(checked(tmp_path / "auction.py")).fingerprint == HERE
    texts = {f"/p/{path.name}": path.read_bytes().decode() for path in tmp_path.iterdir()}
    assert one(compile_file("/p/auction.py", root="/p", read=texts.get)).fingerprint == HERE


def test_what_the_log_keeps_has_it_too() -> None:
    texts = {"/p/orders/auction.py": MAIN.format(messages=".parts"), "/p/orders/parts.py": ROLES}
    kept = gather("/p/orders/auction.py", "/p", texts.get)
    found = again("orders/auction.py", kept, HERE)
    assert isinstance(found, Choreography)


def test_classes_of_one_name_are_told_apart_by_number() -> None:
    """Else the name under which the second is known to generated code would be its module's."""
    main = MAIN.replace("from decimal", "from {other} import Bid as Old\nfrom decimal").replace(
        "best = seller", "old = Old(len(bid.lines))\n    best = seller"
    )
    main = main.replace("return buyer.pay(", "buyer.keep(com(old, to=buyer))\n    return buyer.pay(")
    roles = ROLES + "    @query\n    def keep(self, old: Old) -> int: ...\n"

    def made(other: str) -> str:
        texts = {
            "/p/main.py": main.format(messages="parts", other=other),
            "/p/parts.py": f"from {other} import Bid as Old\n{roles}",
            f"/p/{other}.py": OTHER,
        }
        return one(compile_file("/p/main.py", root="/p", read=texts.get)).fingerprint

    assert made("aside") == made("zoo") != HERE


def test_names_that_change_places_count() -> None:
    """The same definitions stand under it, and it does another thing."""
    main = MAIN.replace("from decimal", "from parts import less as first, more as second\nfrom decimal").replace(
        "bid.amount + LOW", "first(second(bid.amount))"
    )
    roles = ROLES.replace("import Role", "import Role, pure") + (
        "@pure\ndef less(one: Decimal) -> Decimal:\n    return one - 1\n"
        "@pure\ndef more(one: Decimal) -> Decimal:\n    return one * 2\n"
    )

    def made(text: str) -> str:
        texts = {"/p/main.py": text.format(messages="parts"), "/p/parts.py": roles}
        return one(compile_file("/p/main.py", root="/p", read=texts.get)).fingerprint

    swapped = main.replace("less as first, more as second", "more as first, less as second")
    assert made(main) != made(swapped)


def test_what_an_annotation_in_quotes_names_counts() -> None:
    changed = compile_file(
        "/p/auction.py",
        root="/p",
        read={
            "/p/auction.py": MAIN.format(messages="parts"),
            "/p/parts.py": ROLES.replace("    number: int", "    number: int\n    more: int = 0"),
        }.get,
    )
    assert one(changed).fingerprint != HERE


def test_a_field_that_is_called_as_its_type_still_rests_on_it() -> None:
    roles = ROLES.replace('lines: "list[Line]"', "Line: Line")

    def made(text: str) -> str:
        main = MAIN.format(messages="parts").replace("bid.lines", "bid.Line")
        return one(
            compile_file("/p/main.py", root="/p", read={"/p/main.py": main, "/p/parts.py": text}.get)
        ).fingerprint

    assert made(roles) != made(roles.replace("    number: int", "    number: int\n    more: int = 0"))


def test_the_type_of_an_argument_counts_where_it_is_given() -> None:
    def made(text: str) -> str:
        texts = {"/p/main.py": text, "/p/parts.py": ROLES}
        return one(compile_file("/p/main.py", root="/p", read=texts.get)).fingerprint

    main = MAIN.format(messages="parts").replace(
        'bid: At[Bid, "seller"]', 'bid: At[Bid, "seller"], n: At[int, "seller"]'
    )
    main = main.replace("best = seller", "if n > 1:\n        seller.ask(bid)\n    best = seller")
    assert made(main) != made(main.replace("n: At[int", "n: At[float"))


@pytest.mark.parametrize("directory", ["order-service", "my-app", "class", "2026 orders"])
def test_a_directory_may_be_called_what_no_import_can_name(
    directory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is checked, its projections are Python, it is loaded by a sidecar, and it is brought back from the log."""
    place = tmp_path / directory
    place.mkdir()
    (tmp_path / "accompanist.toml").touch()
    (place / "auction.py").write_text(MAIN.format(messages=".parts"))
    (place / "parts.py").write_text(ROLES)
    found = one(checked(place / "auction.py"))
    assert found.fingerprint == HERE
    for projection in found.projections.values():
        ast.parse(projection.source)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load(found, "seller").parameter_types["bid"].__name__ == "Bid"
    hosted = Hosted("shop", lambda name, classes: dict.fromkeys(classes, "shop"), Here())
    hosted.add_files([place / "auction.py"], tmp_path)
    [kept] = hosted.deployed
    assert isinstance(again(kept.file, kept.texts, HERE), Choreography)


@pytest.mark.parametrize("directory", ["v1.2", ".hidden"])
def test_a_directory_with_a_dot_is_refused_with_a_name_that_works(directory: str) -> None:
    [found] = at(f"/p/{directory}").diagnostics
    assert found.code == "ACC100"
    assert directory in found.text
    assert directory.strip(".").replace(".", "_") in found.hint


def test_a_wheel_does_not_see_what_is_installed_beside_it() -> None:
    """Else it would depend on what else is installed, and libraries would be read as if they were the project."""
    texts = {
        "/v/site-packages/choreos/auction.py": MAIN.format(messages="choreos.parts"),
        "/v/site-packages/choreos/parts.py": ROLES,
        "/v/site-packages/decimal.py": "class Decimal: ...\n",
        "/v/site-packages/accompanist/__init__.py": "def choreography(): ...\n",
    }
    found = compile_file("/v/site-packages/choreos/auction.py", root="/v/site-packages", read=texts.get)
    assert one(found).fingerprint == HERE
    assert set(gather("/v/site-packages/choreos/auction.py", "/v/site-packages", texts.get)) == {
        "choreos/auction.py",
        "choreos/parts.py",
    }


def test_a_wheel_is_hosted_and_checked_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / ".venv" / "lib" / "site-packages"
    (place / "wheeled_auction").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (place / "wheeled_auction" / "saga.py").write_text(MAIN.format(messages="wheeled_auction.parts"))
    (place / "wheeled_auction" / "parts.py").write_text(ROLES)
    file = place / "wheeled_auction" / "saga.py"
    assert one(checked(file)).fingerprint == HERE
    monkeypatch.syspath_prepend(str(place))
    hosted = Hosted("shop", lambda name, classes: dict.fromkeys(classes, "shop"), Here())
    hosted.add_files([file], tmp_path)
    assert hosted.choreographies["auction"].fingerprint == HERE
    assert hosted.deployed[0].file == "wheeled_auction/saga.py"


def test_every_fingerprint_is_what_it_was() -> None:
    """On every version of Python. One that changes strands the sessions in flight: where it is meant, the changelog
    says so to users, and `python -m tests.language.fingerprints` writes the file anew."""
    assert fingerprints() == json.loads(FILE.read_text())
