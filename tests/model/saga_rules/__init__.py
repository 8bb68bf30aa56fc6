"""The rules of the saga check that are proved sound (`docs/proofs/Check.v`), put to what the compiler accepts."""
