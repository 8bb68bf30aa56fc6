"""Programs of the proofs, extracted to OCaml: a folder here has `Extract.v`, which names them, and a `driver.ml`, which
reads a line for each question and prints a line for each answer.

Needs coqc, ocamlfind and ocamlopt. Not promised: that extraction is right; Coq's is trusted, and that its numbers
become OCaml's integers.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

PROOFS = Path(__file__).parents[2] / "docs" / "proofs"
NEEDS = ("coqc", "ocamlfind", "ocamlopt")


def missing() -> str:
    """Why nothing can be extracted here, empty if it can."""
    absent = [name for name in NEEDS if shutil.which(name) is None]
    hint = "Debian: apt-get install --no-install-recommends coq ocaml-nox ocaml-findlib"
    return f"{' and '.join(absent)} not found ({hint})" if absent else ""


def built(source: Path, theories: Sequence[str], folder: Path) -> Path:
    """The program of a folder here, made in another one. `theories`: the proofs it needs, in their order. Raises
    subprocess.CalledProcessError."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in (*(PROOFS / f"{name}.v" for name in theories), source / "Extract.v", source / "driver.ml"):
        shutil.copy(file, folder)
    for name in (*theories, "Extract"):
        subprocess.run(["coqc", "-q", f"{name}.v"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    files = ("proved.mli", "proved.ml", "driver.ml")
    subprocess.run(["ocamlfind", "ocamlopt", "-w", "-a", "-o", "proved", *files], cwd=folder, check=True)
    return folder / "proved"


def answers(program: Path, questions: Iterable[str]) -> list[str]:
    """A line for each line. Raises subprocess.CalledProcessError."""
    text = "".join(f"{line}\n" for line in questions)
    ran = subprocess.run([program], input=text, stdout=subprocess.PIPE, check=True, text=True)
    return ran.stdout.splitlines()
