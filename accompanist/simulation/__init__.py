"""Deterministic simulation and model checking of the real code, without a network, a disk or a clock.

There are three, from small to large.
    accompanist/simulation/search/explore.py    every run of one saga within a bound: the real session cores, searched
                                                breadth first, with crashes, lost answers, declines and cancels
                                                (`verify`)
    accompanist/simulation/search/world.py      one saga under one seed: real cores over a log and a net in memory
    accompanist/simulation/clusters/cluster.py  services with real sidecars on databases in memory; whatever can go
                                                wrong does by the seed (`simulate`)

What it promises. The same seed gives the same run. A run of a cluster is hurt, then healed, and then progress is
demanded, and that nothing is left behind. Judges look from outside: at the workers' ledgers and at what clients were
told. What a run has to reach to show anything is marked; a run that settled nothing is said to be none.

What it does not promise. A search is exhaustive within its bound and no proof beyond it. What Postgres and the kernel
do under load is not modelled: tests/system and ops/chaos have the real ones.

What it imports. `sidecar` and all below, because it runs them; so it stands above them.

Where to begin.
    accompanist/simulation/search/properties.py  the guarantees, stated once
    accompanist/simulation/clusters/run.py       the phases of a cluster's run
    accompanist/simulation/clusters/judge.py     what must hold in every run
    accompanist/simulation/clusters/faults.py    what can go wrong
    accompanist/simulation/clusters/hostile.py   a service that says anything its login allows
"""
