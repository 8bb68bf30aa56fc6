"""Data-flow analysis over the normal form: one engine for all checks that follow a choreography path by path.

Begin with `language.flow.forward`, which says the theory. `calls` follows calls of procedures, `backward` goes the
other way, `facts` has the two kinds of facts and how each is joined, and `reports` keeps back what is found until it is
known to stay.
"""
