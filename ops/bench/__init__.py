"""Measures what a saga takes of the whole system: time, processor time, statements, disk.

`python -m ops.bench` compares; `ops.bench.profile` shows where one saga's time goes; `ops.bench.scale` draws how costs
grow. `counting` and `processes` count without a clock, for the guard `tests/system/test_cost.py`.
"""
