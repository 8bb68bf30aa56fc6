"""The names that the text of every program may use, beside those of its own choreography."""

from __future__ import annotations

# fmt: off
BUILTINS = frozenset({
    "abs", "all", "any", "bool", "bytes", "chr", "dict", "divmod", "enumerate", "float", "frozenset", "int",
    "isinstance", "len", "list", "max", "min", "ord", "pow", "range", "repr", "reversed", "round", "set", "sorted",
    "str", "sum", "tuple", "zip",
})
# fmt: on
OPERATIONS = frozenset({"Abort", "Branch", "Call", "Choose", "Receive", "Send", "as_sent"})
