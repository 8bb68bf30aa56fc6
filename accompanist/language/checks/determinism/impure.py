"""What of Python and of libraries gives something else in another process, or does more than to compute."""

from __future__ import annotations

from accompanist.language.reading.modules import Reference

_IMPURE_MODULES = {
    "time": "reads a clock",
    "random": "is chance",
    "secrets": "is chance",
    "os": "reads the environment",
    "sys": "reads the environment",
    "io": "reads or writes files",
    "pathlib": "reads or writes files",
    "socket": "uses the network",
    "subprocess": "runs programs",
    "threading": "depends on scheduling",
    "asyncio": "depends on scheduling",
    "logging": "writes",
    "locale": "reads the environment",
    "platform": "reads the environment",
    "requests": "uses the network",
    "httpx": "uses the network",
    "aiohttp": "uses the network",
}
_VERSIONS = "differs between versions of Python"
"""It gives something else from 3.12 or 3.13 on, or is there from then on only: `tests.language.versions` compares."""
_IMPURE_NAMES = {
    **{("calendar", name): "is in the machine's language" for name in ("day_name", "day_abbr")},
    **{("calendar", name): "is in the machine's language" for name in ("month_name", "month_abbr")},
    ("datetime", "datetime.now"): "reads a clock",
    ("datetime", "datetime.utcnow"): "reads a clock",
    ("datetime", "datetime.today"): "reads a clock",
    ("datetime", "date.today"): "reads a clock",
    ("decimal", "getcontext"): "reads the state of a thread",
    ("decimal", "setcontext"): "changes the state of a thread",
    ("uuid", "uuid1"): "is chance",
    ("uuid", "uuid4"): "is chance",
    ("uuid", "getnode"): "reads the environment",
    **{("statistics", name): _VERSIONS for name in ("correlation", "covariance", "fmean", "geometric_mean", "kde")},
    **{("statistics", name): _VERSIONS for name in ("kde_random", "linear_regression", "quantiles")},
    **{("math", name): _VERSIONS for name in ("fma", "sumprod")},
    ("copy", "replace"): _VERSIONS,
    ("itertools", "batched"): _VERSIONS,
    ("builtins", "open"): "reads or writes files",
    ("builtins", "print"): "writes",
    ("builtins", "input"): "reads the terminal",
    ("builtins", "id"): "differs between processes",
    ("builtins", "hash"): "differs between processes",
    ("builtins", "eval"): "runs text",
    ("builtins", "exec"): "runs text",
    ("builtins", "globals"): "reads the state of a module",
    ("builtins", "vars"): "reads the state of an object",
    ("builtins", "__import__"): "imports",
}
_SETS = {("builtins", "set"): "has no order", ("builtins", "frozenset"): "has no order"}


def forbidden(found: Reference) -> str:
    """Why a name of a library cannot be used; empty if it is not known to be impure."""
    top = found.module.partition(".")[0]
    if found.node is not None:
        return ""
    pair = (found.module, found.name)
    return _IMPURE_NAMES.get(pair) or _SETS.get(pair) or _IMPURE_MODULES.get(top, "")
