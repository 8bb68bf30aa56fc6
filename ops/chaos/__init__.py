"""Chaos: faults on real processes and a real Postgres, under load, judged from outside (`python -m ops.chaos`).

load.py      orders at a constant rate; records every answer
oracles.py   the invariants, each with its bound: compares the workers' ledgers with the recorded answers
ground.py    the deployment under attack: processes by name, a proxy on every connection
proxy.py     those proxies; wire.py has the part of Postgres' protocol that they read
faults.py    the interface of a fault; kills, pauses, lines, network, storage, pooler, logins, renames, rolling,
             deploys, mail, collector, worlds and hostile have the faults
runner.py    one fault after the other: inject, heal, require progress, judge; report.py prints the results
"""
