"""Compiles every proof of docs/proofs, and asks Coq what each theorem assumes: `python -m ops.prove` (`make prove`).

What Coq makes goes to var/proofs. A proof that is not finished does not pass, nor does a theorem that rests on another
axiom than `ALLOWED`.

    0   every proof compiles, and nothing else is assumed
    1   a proof does not compile, or a theorem assumes more
    2   coqc is not installed

`--recheck` also runs coqchk, which checks the compiled proofs, and those of the standard library that they use, by a
program of its own. That takes a minute or more.

Not promised: that what is stated is what is meant. For that the files have to be read.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from ops.local import ROOT

PROOFS, PLACE = ROOT / "docs" / "proofs", ROOT / "var" / "proofs"
ALLOWED = frozenset({"functional_extensionality_dep"})
"""The axioms that a theorem may rest on: two functions with equal values are equal."""
MISSING = "coqc is not installed; on Debian: apt-get install --no-install-recommends coq"
_STATED = re.compile(r"^(?:Local )?(?:Theorem|Lemma|Corollary|Example|Fact|Remark) ([A-Za-z_0-9']+)", re.MULTILINE)
_AXIOM = re.compile(r"^([A-Za-z_0-9'.]+)\s*:", re.MULTILINE)
_COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)


def stated(text: str) -> list[str]:
    """The theorems and lemmas that a file states, by name."""
    return _STATED.findall(_COMMENT.sub("", text))


def assumed(answers: str) -> frozenset[str]:
    """The axioms that `Print Assumptions` has named, each by its last name."""
    return frozenset(name.rpartition(".")[2] for name in _AXIOM.findall(answers) if name != "Axioms")


class Failed(Exception):
    """A proof does not pass; what Coq said."""


def compile_all(proofs: Path, place: Path) -> list[str]:
    """Compile every file, each after those that it requires; returns their names in that order. Raises Failed."""
    place.mkdir(parents=True, exist_ok=True)
    files = [file.name for file in sorted(proofs.glob("*.v"))]
    ordered = _run(["coqdep", "-R", ".", "Accompanist", "-sort", *files], proofs).split()
    names = [Path(file).stem for file in ordered]
    for name in names:
        _run(
            ["coqc", "-q", "-noglob", *_from(place), "-o", str(place / f"{name}.vo"), str(proofs / f"{name}.v")], place
        )
    return names


def axioms(proofs: Path, place: Path, names: Iterable[str]) -> frozenset[str]:
    """What the theorems of compiled files assume. Raises Failed."""
    lines: list[str] = []
    for name in names:
        lines.append(f"Require Accompanist.{name}.")
        known = stated((proofs / f"{name}.v").read_text())
        lines.extend(f"Print Assumptions Accompanist.{name}.{one}." for one in known)
    asked = place / "Assumptions.v"
    asked.write_text("\n".join(lines) + "\n")
    return assumed(_run(["coqc", "-q", "-noglob", *_from(place), str(asked)], place))


def recheck(place: Path, names: Iterable[str]) -> None:
    """Have coqchk check what was compiled. Raises Failed."""
    _run(["coqchk", "-silent", *_from(place), *(f"Accompanist.{name}" for name in names)], place)


def _from(place: Path) -> list[str]:
    return ["-R", str(place), "Accompanist"]


def _run(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.prove", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--recheck", action="store_true", help="run coqchk, too")
    given = parser.parse_args(arguments)
    if shutil.which("coqc") is None:
        print(MISSING, file=sys.stderr)
        return 2
    began = time.monotonic()
    try:
        names = compile_all(PROOFS, PLACE)
        found = axioms(PROOFS, PLACE, names)
        if given.recheck:
            recheck(PLACE, names)
    except Failed as failed:
        print(failed, file=sys.stderr)
        return 1
    if more := found - ALLOWED:
        print(f"a theorem assumes {', '.join(sorted(more))}", file=sys.stderr)
        return 1
    lemmas = sum(len(stated((PROOFS / f"{name}.v").read_text())) for name in names)
    on = ", ".join(sorted(found)) or "nothing"
    print(f"proved: {lemmas} lemmas in {', '.join(names)}; assumed: {on}; {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
