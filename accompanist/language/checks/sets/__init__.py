"""What holds a set: types, classes, names and calls of a choreography and of its @pure functions.

Begin with `language.checks.sets.shapes`. Where tracking gives up, a value is taken to hold one.
"""
