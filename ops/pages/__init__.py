"""What the pages of docs/ say about the code and can be read off it is made here: `python -m ops.pages`.

A subject is a module of this package. `parts()` gives the text of each of its parts by the name of the marker that it
stands between, `files()`, where there is one, what is a file of its own (a picture), by its path from the root. Names
that begin with an underscore are what makers share.

Not promised: that a page says what is true beside its made parts. `tests/house/test_pages.py` holds what it cites.
"""
