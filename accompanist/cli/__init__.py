"""The command line: `accompanist COMMAND`.

What it promises. Results go to standard output, errors to standard error, and the exit code says whose fault it was.
With `--json` both are one JSON object per line. Every error has a code that `accompanist explain` knows. `check`,
`project`, `diagram` and `diff` read source and run nothing of it. `accompanist --help` imports neither the language nor
the sidecar: each command is a module of its own, imported when it runs.

What it does not promise. Anything about a saga itself: commands call the sidecars' API, with the rights of their token,
and say which services did not answer.

What it imports. Each command imports what it needs, from any floor below: it is the top floor, and no other package
imports it.

Where to begin.
    accompanist/cli/main.py         the entry point
    accompanist/cli/app.py          the commands and their options
    accompanist/cli/errors_told.py  exit codes, and how a command fails
    accompanist/cli/explain.py      the catalogue of codes, with programs and runbooks
    accompanist/cli/check.py        a command that reads source
    accompanist/cli/sessions.py     a command that calls sidecars
    accompanist/cli/doctor.py       the diagnosis of the logs and their server
"""
