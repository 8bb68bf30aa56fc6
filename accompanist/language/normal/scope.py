"""What names mean in the text that is being read.

In the choreography itself a role is its parameter and a variable is its name. In a choreography that it calls, and in a
loop over roles, a role's name stands for one of the caller's roles, and variables have names of their own, so that
whatever is called can stand in the caller's normal form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from accompanist.language.reading.modules import Reference
from accompanist.language.reading.names import Names


@dataclass(frozen=True, slots=True)
class Scope:
    """`roles` and `variables` map names as written to those of the normal form; `choreographies` are parameters that
    stand for a choreography."""

    names: Names
    roles: Mapping[str, str]
    variables: Mapping[str, str]
    choreographies: Mapping[str, Reference] = field(default_factory=dict)

    @property
    def spoken(self) -> Mapping[str, str]:
        """What each role is called here, where that is another name than its own: last of all by a loop over roles."""
        called = {role: name for name, role in self.roles.items()}
        return {role: name for role, name in called.items() if name != role}

    def with_role(self, name: str, role: str) -> Scope:
        return replace(self, roles={**self.roles, name: role})

    def with_variable(self, name: str) -> Scope:
        return replace(self, variables={**self.variables, name: name})
