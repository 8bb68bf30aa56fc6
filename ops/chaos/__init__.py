"""Chaos: faults on real processes and a real Postgres, under load, judged from outside (`python -m ops.chaos`).

load.py      orders at a constant rate; keeps what it was told
oracles.py   the workers' ledgers against what the driver was told: the invariants, each with its bound
ground.py    the deployment under attack: processes by name, a proxy on every edge
proxy.py     those proxies; wire.py is what they understand of Postgres' protocol
faults.py    what a fault is; kills, pauses, lines, network, storage, pooler, logins, renames, rolling, deploys, mail,
             collector, worlds, hostile: the families
runner.py    one fault after the other: hurt, heal, demand progress, judge; report.py says how it went
"""
