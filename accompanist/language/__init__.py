"""From one Python source file to one checked program per role.

What it promises. The source is read with `ast`: nothing of it is executed or imported. A choreography that is accepted
can be projected, its roles do not wait for one another in a circle, it ends whole or undone on every path, and a replay
of its programs asks the same again. All causes that can be found are told in one run, each at its line, with what to
write instead. The package is pure: files are read by a function that the caller gives.

What it does not promise. That a third-party function called by a @pure function is pure is its author's word. Types of
data are for mypy or pyright; what is checked here are places, sagas and determinism.

What it imports. `errors` and `limits` of ours, and msgspec for the codec. It stands on the lowest floor, so that a
worker or an author's module that imports its words gets no event loop, database or network.

Where to begin.
    accompanist/language/words.py               the words that authors import
    accompanist/language/compile.py             all passes in their order: source -> Choreography, or Diagnostics
    accompanist/language/ir.py                  the normal form that the passes read
    accompanist/language/program/operations.py  what a projected program yields, and what it is sent
    accompanist/language/program/load.py        (Choreography, role) -> RoleProgram: where text becomes code
    accompanist/language/direct.py              the direct reading, with which tests compare projections

The rooms, from the bottom up: `text`, `values`, `reading`, `checks`, `normal`, `program`, `projection`, `versions`,
`shown`. A room imports none that imports it. `checks` lies below `normal`, because an expression is judged where it
takes its normal form.

The passes, with an example: docs/language/README.md. Why it reads and does not execute:
docs/decisions/010-read-with-ast.md.
"""
