"""Types of values that follow from annotations, and which expressions may give one not yet in its wire form.

Begin with `language.checks.types.infer`.
"""
