"""Old versions of a choreography: kept as texts, compiled again, with classes of their own.

Begin with `language.versions.texts`.
"""
