"""Deterministic simulation and model checking of the real code, without a network, a disk or a clock.

There are three simulations, from small to large.
    accompanist/simulation/search/explore.py    searches every run of one saga within a bound, breadth first, on real
                                                session cores, with crashes, lost answers, declines and cancels
                                                (`verify`)
    accompanist/simulation/search/world.py      runs one saga under one seed, on real cores over a log and a network in
                                                memory
    accompanist/simulation/clusters/cluster.py  runs services with real sidecars on databases in memory; the seed
                                                chooses what goes wrong (`simulate`)

What it promises. The same seed gives the same run. A run of a cluster first injects faults and then heals. After that
every saga has to end, and nothing may be left behind. The judges look from outside: at the workers' ledgers, and at
what clients were told. Marks count which situations were reached. If no run settled, the command says so.

What it does not promise. A search is exhaustive within its bound; beyond the bound it proves nothing. The behaviour of
Postgres and the kernel under load is not modelled; tests/system and ops/chaos use the real ones.

What it imports. `sidecar` and all below, because it runs them; so it stands above them.

Where to begin.
    accompanist/simulation/search/properties.py  the guarantees, stated once
    accompanist/simulation/fence.py              what a worker's fence decides
    accompanist/simulation/clusters/run.py       the phases of a cluster's run
    accompanist/simulation/clusters/judge.py     what must hold in every run
    accompanist/simulation/clusters/faults.py    what can go wrong
    accompanist/simulation/clusters/hostile.py   a service that sends any message that its login allows
"""
