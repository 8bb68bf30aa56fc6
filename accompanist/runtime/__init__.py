"""The session core: one session at one role, as a pure state machine.

    session core + event -> (new state, burst)

What it promises. Every decision about a session is made here: its program's next step, its vote, when it closes, what
it compensates, whose messages it believes, how it ends, and what an operator may do to it. A burst is everything that
the core decided until it has to wait. The records of a burst are stable before anything that depends on them leaves.
The same events give the same bursts, so the sidecar, the simulation, the search and the tests drive the same code.

What it does not promise. That anything happens: the core only asks, and its driver carries out. Sessions are not
isolated from each other, neither here nor elsewhere.

What it imports. `language`, for programs, operations and the codec; `errors` and `limits`. No clock, random numbers,
event loop, network or database: times and random values come in with events. tests/house/test_floors.py holds this.

Where to begin.
    accompanist/runtime/saga.py       the protocol: the phases, and the table of what moves a session between them
    accompanist/runtime/session.py    how an event is handled, and which method carries out which action
    accompanist/runtime/state.py      what a session remembers; its parts share it and remember nothing themselves
    accompanist/runtime/running.py    the program, forward: messages, calls, timers, and the vote at its end
    accompanist/runtime/closing.py    what happens while the worker is being closed
    accompanist/runtime/undo.py       back: the cause, the close, the vote, the compensations
    accompanist/runtime/votes.py      what is told and counted, and how the initiator ends the saga
    accompanist/runtime/burst.py      what a core decided, and which part of it must be stable first
    accompanist/runtime/replay.py     one run of a role's program over what the log knows
    accompanist/runtime/ports.py      the interfaces to the log; floor 3 implements them
    accompanist/runtime/authority.py  which role may send which message: one closed table
    accompanist/runtime/operate.py    an operator's verbs, and where they apply
"""
