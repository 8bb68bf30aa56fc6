"""Breadth-first search of every run of one saga within a bound, on real session cores: the command `verify`.

Begin with `explore`. `role` has what can happen at one role, `state` its state, `fence` and `plain` the ways in which
its worker may answer. `properties` states once what must hold. `reduce` says why many orders need not be tried. `world`
is smaller: it runs one saga under one seed.
"""
