"""A project's whole deployment on one machine: for `accompanist dev`, demos and tests.

    accompanist/cli/local/cluster.py   brings everything up, and down
    accompanist/cli/local/apart.py     services with a database each, and how they know one another
    accompanist/cli/local/foreground.py  runs a cluster until a signal comes
    accompanist/cli/local/reload.py    what was saved, and what has to start anew

Not promised: fitness for production.
"""
