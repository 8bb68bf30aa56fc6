"""A new project for `accompanist init`: its names, the templates' texts with these names, and the files.

    accompanist/cli/scaffold/naming.py     which names a project and its services may have
    accompanist/cli/scaffold/rendering.py  a template's texts, with the names in the place of the placeholders
    accompanist/cli/scaffold/writing.py    where templates are, and where a project is written

Not promised: that a project is brought up to date when the templates change. It is its author's from then on.
"""
