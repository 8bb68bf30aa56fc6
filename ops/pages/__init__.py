"""Makes the parts of docs/ that can be generated from the code: `python -m ops.pages`.

Each module of this package has one subject. Its `parts()` returns the text of each part, by the name of the part's
markers. Its `files()`, if there is one, returns whole files (pictures), by their path from the root. Modules that begin
with an underscore are shared.

Not promised: that the rest of a page is true. `tests/house/test_pages.py` checks what it cites.
"""
