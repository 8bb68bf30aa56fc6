"""The commands of `accompanist`: one module each, with what is asked on the command line and nothing else.

A module here imports typer and no more, because `accompanist --help` reads all of them. What a command does stands in
`cli/NAME.py`, or deeper, and is imported when the command runs. `sidecar` is the command that runs most often, and
longest: what it imports is in its process for good.

    a command          a function `NAME`; `cli.app` puts it into the program
    several verbs      a typer group `group`, with a function for each verb

To add one: write `cli/NAME.py` with what it does, `cli/commands/NAME.py` with its options, and a line in `cli.app`.
Not promised: that the functions can be called from Python. Their defaults are typer's.
"""
