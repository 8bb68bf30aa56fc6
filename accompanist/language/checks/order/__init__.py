"""Where the order of a set would show, in a value or in which error is raised first.

Begin with `language.checks.order.order`; `uses` is the list of what does not show it, and all else is refused.
"""
