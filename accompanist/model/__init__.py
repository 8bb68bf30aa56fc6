"""What a choreography means, and that its projections mean the same: the calculus of docs/theory.md, made to run.

What it promises. The rules of both calculi stand here as code, one rule a statement: choreographies step by step, and
the networks of their projections under every schedule. The theorems about projection (no deadlock, the same views, no
call twice, no more messages than telling everybody every choice) are functions that answer, in words, with what is
wrong.

What it does not promise. Nothing here is a proof; those are in docs/proofs, for a core of the language. A theorem is
checked on a given choreography, with given arguments and answers. Crashes, the session protocol and the fence are not
modelled here: accompanist/simulation/search/explore.py searches those with the cores that the sidecar runs.

What it imports. `language`, for the normal form and the generated programs: the rules are about the very trees that are
projected, and the networks run the very generators that a sidecar runs. It imports nothing of the runtime, whose
behaviour it judges.

Where to begin.
    docs/theory.md                         definitions, lemmas, theorems, and what could refute each
    accompanist/model/choreographies.py  small steps of a choreography
    accompanist/model/networks.py        the projections together, under every schedule
    accompanist/model/correspondence.py  the theorems as checks
    tests/model/test_calculus.py           the theorems on the corpus and on random choreographies
"""
