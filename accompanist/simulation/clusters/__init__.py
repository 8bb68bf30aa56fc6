"""Simulated clusters of real sidecars on databases in memory, with seeded faults: the command `simulate`.

Begin with `run`, which has the phases of one run, and `judge`, which has what must hold in every run. `faults` lists
what can go wrong. `hostile` is a service that sends any message that its login allows.
"""
