"""The command-line options of each command, one module per command.

A module here only imports typer, because `accompanist --help` imports all of them. The implementation of a command is
in `cli/NAME.py`, or deeper, and is imported when the command runs. `sidecar` runs most often, and longest: what it
imports stays in its process.

    a command          a function `NAME`; `cli.app` adds it to the program
    several verbs      a typer group `group`, with a function for each verb

To add one: write `cli/NAME.py` with the implementation, `cli/commands/NAME.py` with its options, and a line in
`cli.app`.
Not promised: that the functions can be called from Python. Their defaults are typer's.
"""
