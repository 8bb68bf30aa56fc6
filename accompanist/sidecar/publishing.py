"""What this sidecar's service may start and waits for, as its log has it for the functions `start` and `signal`."""

from __future__ import annotations

from uuid import UUID

import msgspec

from accompanist.language import waits
from accompanist.language.program.program import RoleProgram
from accompanist.language.values.schemas import schemas_of
from accompanist.log.published import AwaitedEvents, StartableChoreography
from accompanist.runtime.messages import Header
from accompanist.sidecar.hosting import Hosted

_OF_ONE_SESSION = ("session", "started_at")


def startable(hosted: Hosted) -> list[StartableChoreography]:
    """The choreographies that begin at this service, in the version with which new sessions begin."""
    return [_row(hosted, name) for name in hosted.startable_names()]


def awaited(hosted: Hosted) -> list[AwaitedEvents]:
    """The events that the roles of this service wait for, in each version that is hosted."""
    return [_events(program) for program in hosted.programs()]


def _events(program: RoleProgram) -> AwaitedEvents:
    found = waits.events_in(program.operation_types)
    types = schemas_of([returns for _, returns in found])
    each: dict[str, list[object]] = {}
    for (name, _), schema in zip(found, types.asked, strict=True):
        each.setdefault(name, []).append(schema)
    events = {name: {"anyOf": schemas} for name, schemas in each.items()}
    return AwaitedEvents(
        fingerprint=program.choreography.fingerprint,
        role=program.role,
        events=msgspec.json.encode(events).decode(),
        types=msgspec.json.encode(types.named).decode(),
    )


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
