"""Breadth-first search of every run of one saga within a bound, on real session cores: the command `verify`.

Begin with `simulation.search.explore`. A role and what stands around it is `role`, its durable half `state`, its
worker's door `fence`; what must hold is stated once, in `properties`; `reduce` says why many orders need not be
tried. `world` is the smaller sister: one saga under one seed.
"""
