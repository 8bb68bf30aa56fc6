"""What a choreography must keep to: places, types, sagas, secrets, determinism, and nothing that raises unseen.

    places         which roles own a value
    types          what type a value has, and where it takes its wire form
    raising        which expressions may raise
    functions      which @pure functions may raise
    sets, order    what holds a set, and where its order would show
    determinism    what would differ between roles or between runs
    saga           that a saga ends whole or undone, on every path

Two kinds of facts are kept apart: what may have happened, joined by union, and what has happened on every path, joined
by intersection (docs/decisions/011-may-facts-and-must-facts.md). What is not known to be harmless is refused.
"""
