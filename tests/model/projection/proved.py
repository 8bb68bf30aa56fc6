"""The projector of the proof, extracted to OCaml and run: `docs/proofs/Merge.v`, by `Extract.v` and `driver.ml`.

Needs coqc, ocamlfind and ocamlopt (Debian: coq). Not promised: that extraction is right; Coq's is trusted.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
PROOFS = HERE.parents[2] / "docs" / "proofs"
NEEDS = ("coqc", "ocamlfind", "ocamlopt")
THEORIES = ("Acc", "Merge", "Steps")


def missing() -> str:
    """Why the projector cannot be built here, empty if it can."""
    absent = [name for name in NEEDS if shutil.which(name) is None]
    hint = "Debian: apt-get install --no-install-recommends coq ocaml-nox ocaml-findlib"
    return f"{' and '.join(absent)} not found ({hint})" if absent else ""


def built(folder: Path) -> Path:
    """The program, made in a folder of its own. Raises subprocess.CalledProcessError."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in (*(PROOFS / f"{name}.v" for name in THEORIES), HERE / "Extract.v", HERE / "driver.ml"):
        shutil.copy(source, folder)
    for name in (*THEORIES, "Extract"):
        subprocess.run(["coqc", "-q", f"{name}.v"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    files = ("proved.mli", "proved.ml", "driver.ml")
    subprocess.run(["ocamlfind", "ocamlopt", "-w", "-a", "-o", "proved", *files], cwd=folder, check=True)
    return folder / "proved"


def projected(program: Path, lines: Iterable[str]) -> list[str]:
    """What the projector says of each choreography, a line each. Raises subprocess.CalledProcessError."""
    text = "".join(f"{line}\n" for line in lines)
    ran = subprocess.run([program], input=text, stdout=subprocess.PIPE, check=True, text=True)
    return ran.stdout.splitlines()
