"""What a choreography means, and that its projections mean the same: the calculus of THEORY.md, made to run."""
