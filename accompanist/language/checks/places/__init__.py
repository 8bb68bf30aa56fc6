"""Places: which roles own each value, and what to write where a value is not at the role that needs it.

Begin with `language.checks.places.locate`.
"""
