"""Which names a new project and its services may have, and what to write instead of those that they may not.

A service's name becomes a Python package, a parameter of the choreography, a class, a schema of Postgres, and the
beginning of two logins. So it has to be fit for all of them.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Callable, Sequence

from accompanist import limits
from accompanist.errors import AuthorError, catalogue
from accompanist.language import words

BAD_NAME = catalogue(
    "ACC870",
    "name is not fit for a project",
    "The name of a project becomes a Python package. The name of a service becomes a package, a parameter, a class, a "
    "schema of Postgres and the beginning of two logins.",
    "Use lower-case letters, digits and single underscores, beginning with a letter: order_desk.",
)
BAD_SERVICES = catalogue(
    "ACC871",
    "services do not make a saga",
    "A choreography is one program for several services, and each is named once.",
    "Name at least two different services: --services orders,payment,shipping.",
)

_FORM = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
_ENDINGS = ("_worker", "_sidecar", "_owner")
_OF_TEMPLATES = frozenset({"request", "messages", "choreography", "reserve_all", "booking", "confirmation", "tests"})
_OF_POSTGRES = frozenset({"public", "information_schema", "postgres", "user"})


def check_project(name: str, installed: Callable[[str], bool]) -> None:
    """Check a project's name. `installed` says whether Python finds a package of that name already. Raises
    AuthorError."""
    _check_form(name, "a project")
    if name in ("tests", "accompanist") or name in sys.stdlib_module_names:
        raise AuthorError(BAD_NAME, f"{name!r} is the name of another package", f"write {name}_saga")
    if installed(name):
        text = f"a package {name!r} is installed here, and the project's own would hide it"
        raise AuthorError(BAD_NAME, text, f"write {name}_saga")


def services(listed: str) -> tuple[str, ...]:
    """The services of a list like "orders,payment". Raises AuthorError."""
    names = tuple(name.strip() for name in listed.split(","))
    for name in names:
        check_service(name)
    _check_different(names)
    if not 2 <= len(names) <= limits.init_services_max:
        text = f"{len(names)} given; a new project has from 2 to {limits.init_services_max} services"
        raise AuthorError(BAD_SERVICES, text)
    return names


def check_service(name: str) -> None:
    """Check a service's name. Raises AuthorError."""
    _check_form(name, "a service")
    if name in words.__all__ or name in _OF_TEMPLATES:
        raise AuthorError(BAD_NAME, f"{name!r} is a word that a choreography uses itself", f"write {name}_service")
    if name in dir(builtins) or class_of(name) in (*dir(builtins), *words.__all__):
        raise AuthorError(BAD_NAME, f"{name!r} is a name of Python's or of the language's", f"write {name}_service")
    if name in _OF_POSTGRES or name.startswith("pg_"):
        raise AuthorError(
            BAD_NAME, f"{name!r} is a name of Postgres's own", f"write {name.removeprefix('pg_')}_service"
        )
    if ending := next((one for one in _ENDINGS if name.endswith(one)), ""):
        text = f"{name!r} ends in {ending!r}, as the logins of a service do"
        raise AuthorError(BAD_NAME, text, f"write {name.removesuffix(ending)}")


def class_of(service: str) -> str:
    """The class of a service's role: `OrderDesk` for `order_desk`."""
    return "".join(part.capitalize() for part in service.split("_"))


def _check_form(name: str, what: str) -> None:
    if not name:
        raise AuthorError(BAD_NAME, f"the name of {what} is empty", "write shop, for example")
    if not _FORM.fullmatch(name):
        text = f"{name!r} cannot be the name of {what}: it has lower-case letters, digits and single _, a letter first"
        raise AuthorError(BAD_NAME, text, _instead(name))
    if len(name) > limits.init_name_chars_max:
        text = f"{name!r} has {len(name)} characters; the name of {what} has at most {limits.init_name_chars_max}"
        raise AuthorError(BAD_NAME, text, f"write {name[: limits.init_name_chars_max].rstrip('_')}")
    if keyword.iskeyword(name):
        raise AuthorError(BAD_NAME, f"{name!r} is a word of Python's", f"write {name}_service")


def _instead(name: str) -> str:
    """A name of the right form that looks like this one; an example where nothing is left of it."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    near = re.sub(r"[^a-z0-9]+", "_", split.lower(), flags=re.ASCII).strip("_0123456789")
    near = near[: limits.init_name_chars_max].rstrip("_")
    return f"write {near}" if _FORM.fullmatch(near) else "write order_desk, for example"


def _check_different(names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(class_of(name).upper(), name)
        if names.count(name) > 1:
            raise AuthorError(BAD_SERVICES, f"the service {name!r} is named twice", "name each service once")
        if other != name:
            text = f"{other!r} and {name!r} would have one class, {class_of(name)}"
            raise AuthorError(BAD_SERVICES, text, "give one of them another name")
