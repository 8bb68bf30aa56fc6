"""What this sidecar's service may start, as its log has it for the SQL function `start`."""

from __future__ import annotations

from uuid import UUID

import msgspec

from accompanist.language.values.schemas import schemas_of
from accompanist.log.published import StartableChoreography
from accompanist.runtime.messages import Header
from accompanist.sidecar.hosting import Hosted

_OF_ONE_SESSION = ("session", "started_at")


def startable(hosted: Hosted) -> list[StartableChoreography]:
    """The choreographies that begin at this service, in the version with which new sessions begin."""
    return [_row(hosted, name) for name in hosted.startable_names()]


def _row(hosted: Hosted, name: str) -> StartableChoreography:
    program, bindings = hosted.startable(name)
    header = Header(
        session=UUID(int=0),
        choreography=name,
        fingerprint=program.choreography.fingerprint,
        initiator=program.role,
        bindings=dict(bindings),
        started_at=0.0,
    )
    shared = {key: value for key, value in msgspec.to_builtins(header).items() if key not in _OF_ONE_SESSION}
    types = schemas_of(list(program.parameter_types.values()))
    parameters = {
        "type": "object",
        "properties": dict(zip(program.parameter_types, types.asked, strict=True)),
        "required": list(program.parameter_types),
        "additionalProperties": False,
    }
    return StartableChoreography(
        choreography=name,
        role=program.role,
        heading=msgspec.json.encode(shared).decode()[1:-1],
        parameters=msgspec.json.encode(parameters).decode(),
        types=msgspec.json.encode(types.named).decode(),
    )
