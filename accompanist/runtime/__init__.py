"""What decides: one session at one role, as a state machine without a world.

    session core + event -> (new state, burst)

What it promises. Everything about a session that matters is decided here: its program's next step, its vote, when it
closes, what it compensates, whom it believes, how it ends, and what a person may do to it. A burst is all that the core
decided until it has to wait; its records are stable before anything that depends on them leaves. The same events give
the same bursts, so the sidecar, the simulation, the search and the tests drive the same code.

What it does not promise. That anything happens: the core asks, others carry out. Isolation between sessions is promised
nowhere.

What it imports. `language`, for programs, operations and the codec; `errors` and `limits`. No clock, chance, event
loop, network or database: times and drawn values come in with events. tests/house/test_floors.py holds this.

Where to begin.
    accompanist/runtime/saga.py       the protocol: the phases, and the table of what moves a session between them
    accompanist/runtime/session.py    the actions that the table names
    accompanist/runtime/burst.py      what a core decided, and what of it must be stable first
    accompanist/runtime/replay.py     one run of a role's program over what the log knows
    accompanist/runtime/ports.py      what is asked of the world; floor 3 implements it
    accompanist/runtime/authority.py  who may say what: one closed table
    accompanist/runtime/operate.py    an operator's verbs, and where they apply
"""
