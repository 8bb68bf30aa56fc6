"""Files as texts and trees, and what is said about them: diagnostics, their codes, and advice.

Begin with `language.text.diagnostic`. `codes` lists every code with why it happens; `advice` is advice that is a change
of the text, which a test writes in and checks again. Everything above speaks through this room.
"""
