"""What a compiled choreography is for the rest of Accompanist, and how its text becomes a program that runs.

Begin with `language.program.program` and `language.program.operations`, the words between a generator and whoever
drives it. `load` is the only place where text becomes code.
"""
