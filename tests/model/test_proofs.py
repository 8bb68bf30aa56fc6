"""The proofs of docs/proofs: they compile, assume nothing but the named axiom, and are what docs/theory.md cites."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from accompanist.model.choreographies import Calculus
from accompanist.model.networks import Network
from accompanist.simulation.search.properties import Property
from ops import prove

PROOFS = sorted(prove.PROOFS.glob("*.v"))
THEORY = prove.ROOT / "docs" / "theory.md"
UNPROVED = re.compile(r"\b(?:Admitted|admit|give_up|Axioms?|Parameters?|Conjectures?|Abort All|bypass_check)\b")
ASSUMED = re.compile(r"^\s*(?:Variables?|Hypothes[ie]s|Context)\b")
SWITCHED = re.compile(r"\b(?:Unset|Set) (?:Guard Checking|Positivity Checking|Universe Checking)\b")

needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason=prove.MISSING)


def code(text: str) -> str:
    """A file without its comments, which may be nested."""
    kept, depth = [], 0
    for part in re.split(r"(\(\*|\*\))", text):
        depth += {"(*": 1, "*)": -1}.get(part, 0)
        if depth == 0 and part != "*)":
            kept.append(part)
    return "".join(kept)


def unfounded(text: str) -> list[str]:
    """The lines of a proof that assume something, or leave something out."""
    found, sections = [], 0
    for line in code(text).splitlines():
        sections += bool(re.match(r"\s*Section\b", line)) - (sections > 0 and bool(re.match(r"\s*End\b", line)))
        if UNPROVED.search(line) or SWITCHED.search(line) or (not sections and ASSUMED.match(line)):
            found.append(line.strip())
    return found


@pytest.mark.parametrize("file", PROOFS, ids=lambda file: file.stem)
def test_a_proof_is_whole(file: Path) -> None:
    assert unfounded(file.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "Lemma x : True. Admitted.",
        "Axiom x : False.",
        "Parameter x : nat.",
        "Hypothesis x : False.",
        "Section A.\nVariable x : nat.\nEnd A.\nVariable y : nat.",
        "Lemma x : True. Proof. admit. Qed.",
        "Unset Guard Checking.",
    ],
)
def test_what_is_not_whole_is_seen(text: str) -> None:
    assert unfounded(text)


def test_a_comment_assumes_nothing_and_a_section_may() -> None:
    assert unfounded("(* Axiom (* Admitted *) *)\nSection A.\nVariable x : nat.\nEnd A.") == []


def missing(text: str) -> list[str]:
    """What a page cites as `Owner.name` and is not there: a lemma of a proof, a property, a method of the calculus."""
    known = {f"{file.stem}.{name}" for file in PROOFS for name in prove.stated(file.read_text())}
    known |= {f"Property.{one.name}" for one in Property}
    known |= {f"{owner.__name__}.{name}" for owner in (Calculus, Network) for name in vars(owner)}
    return sorted(set(re.findall(r"`([A-Z]\w*\.(?!v`)\w+)`", text)) - known)


def test_every_lemma_and_property_that_the_theory_cites_is_there() -> None:
    assert missing(THEORY.read_text()) == []
    assert missing("`SagaProofs.invariant`, `Property.ALL`, `Network.search`, `Saga.v`") == []
    assert missing("`SagaProof.invariant`, `Ends.none`, `Property.NONE`") == [
        "Ends.none",
        "Property.NONE",
        "SagaProof.invariant",
    ]


def test_the_axioms_are_read_out_of_what_coq_prints() -> None:
    said = (
        "Closed under the global context\nAxioms:\nAccompanist.Saga.x : False\nfunctional_extensionality_dep : forall\n"
    )
    assert prove.assumed(said) == {"x", "functional_extensionality_dep"}


@needs_coq
def test_a_theorem_that_assumes_more_is_seen(tmp_path: Path) -> None:
    proofs, place = tmp_path / "proofs", tmp_path / "made"
    proofs.mkdir()
    (proofs / "Taken.v").write_text("Axiom no : False.\nLemma all : 1 = 2.\nProof. destruct no. Qed.\n")
    assert prove.axioms(proofs, place, prove.compile_all(proofs, place)) == {"no"}


@needs_coq
def test_a_proof_that_fails_is_seen(tmp_path: Path) -> None:
    (tmp_path / "Wrong.v").write_text("Lemma all : 1 = 2.\nProof. reflexivity. Qed.\n")
    with pytest.raises(prove.Failed, match=r"Wrong\.v"):
        prove.compile_all(tmp_path, tmp_path / "made")


@pytest.mark.search
@needs_coq
@pytest.mark.slow
def test_all_proofs_compile_and_assume_only_what_is_named(tmp_path: Path) -> None:
    names = prove.compile_all(prove.PROOFS, tmp_path)
    assert sorted(names) == [file.stem for file in PROOFS]
    assert prove.axioms(prove.PROOFS, tmp_path, names) <= prove.ALLOWED


def test_where_coq_is_missing_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert prove.main([]) == 2
    assert "apt-get install --no-install-recommends coq" in capsys.readouterr().err
