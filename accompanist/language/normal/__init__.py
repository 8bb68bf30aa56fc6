"""The normal form: each role call and each value that moves becomes a point of its own, bound at most once.

Begin with `language.normal.normal`; `parse` reads the head of a choreography, `control` loops and match, `unroll`
called choreographies, `expressions` what may be computed at one place. They share one `frame.Frame`. The form itself is
`language.ir`.
"""
