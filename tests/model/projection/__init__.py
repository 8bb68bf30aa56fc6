"""The projector of the proof, run beside the compiler's on random choreographies."""

from pathlib import Path

HERE = Path(__file__).parent
THEORIES = ("Acc", "Merge", "Steps")
"""The proofs that the projector needs, in their order."""
