"""The projector of the proof, run beside the compiler's on random choreographies."""
