"""What crosses between roles: the codec, and which values have a form on the wire.

Begin with `language.values.codec`. `exactly` refuses what decoding alone would let pass; `tagged` reads unions by their
tag; `wire` puts a value at its owner into the form that others get (docs/language/values.md).
"""
