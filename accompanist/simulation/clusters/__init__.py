"""Simulated clusters of real sidecars on databases in memory, with seeded faults: the command `simulate`.

Begin with `simulation.clusters.run`, the phases of one run, and `simulation.clusters.judge`, what must hold in each.
What can go wrong is listed in `faults`; `hostile` is a service that says anything its login allows.
"""
