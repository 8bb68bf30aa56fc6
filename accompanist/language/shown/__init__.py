"""What is shown to people and to machines: reports, diffs, diagrams, and who learns what.

Begin with `language.shown.report`. Nothing here decides anything.
"""
