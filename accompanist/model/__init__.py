"""What a choreography means, and that its projections mean the same: the calculus of docs/theory.md, made to run."""
