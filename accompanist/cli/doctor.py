"""`accompanist doctor`: diagnoses the services' logs and their server, and says what to do.

The exit code is that of the worst finding: 0 none, 1 warnings, 3 errors. It changes nothing, except with
`--accept-server`: then the present server of each service's log is first recorded as the right one (see ACC409).
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from accompanist import terminal
from accompanist.cli import api
from accompanist.cli.output import show
from accompanist.errors import CATALOGUE, OperatorError
from accompanist.log import diagnosis, finding_codes, health_facts, server
from accompanist.log.diagnosis import Finding, Severity
from accompanist.log.health_facts import HealthFacts
from accompanist.sidecar import config as configuration
from accompanist.sidecar.config import Service

EXIT = {"warning": 1, "error": 3}


def doctor(config: Path | None, service: str, database: str, *, accept: bool, as_json: bool) -> int:
    """Diagnose, and return the exit code. Raises OperatorError for a wrong configuration."""
    deployment = configuration.load(config, os.environ)
    chosen = [deployment.service(service)] if service else list(deployment.services.values())
    seen, findings = asyncio.run(_examine(chosen, database, accept))
    code = max((EXIT[finding.severity] for finding in findings), default=0)
    lines = [f"{_summary(found)}" for found in seen]
    lines += [f"\n{f.severity} {f.code} {f.service}: {terminal.line(f.text)}\n  {f.remedy}" for f in findings]
    show({"findings": findings, "vitals": seen}, as_json, "\n".join(lines + ([] if findings else ["nothing found"])))
    return code


async def _examine(services: list[Service], database: str, accept: bool) -> tuple[list[HealthFacts], list[Finding]]:
    """Examine the services. If a log cannot be read, that is a finding, and the others are still examined."""
    seen: list[HealthFacts] = []
    findings: list[Finding] = []
    for service in services:
        try:
            dsn = database or service.needs_database()
            if accept:
                await server.accept(dsn, service.schema)
            found = await health_facts.read(dsn, service.name, service.schema)
        except OperatorError as problem:
            findings.append(_unreachable(service, problem))
            continue
        seen.append(found)
        findings += diagnosis.judge(found, poll_only=service.poll_only, pooled=bool(service.pooler))
        findings += _of_process(service, api.health(service), found)
    return seen, sorted(findings, key=lambda finding: (finding.severity, finding.code, finding.service))


def _of_process(service: Service, health: dict[str, Any], found: HealthFacts) -> list[Finding]:
    """Findings that only the sidecar's process knows, if it answers."""
    told: list[tuple[str, str, Severity]] = []
    if health.get("notifying") is False:
        told.append((finding_codes.WAKEUPS_LOST, "the sidecar cannot notify", "warning"))
    if health.get("wakeups_missed") is True:
        told.append((finding_codes.WAKEUPS_LOST, "a poll found what nobody told of, in the last minute", "warning"))
    if health.get("connections_refused") is True:
        told.append((finding_codes.REFUSED_CONNECTIONS, "its sidecar was refused some in the last minute", "warning"))
    failing = health.get("failing")
    if isinstance(failing, dict) and failing:
        names = ", ".join(f"{task} ({problem})" for task, problem in sorted(failing.items()))
        told.append((finding_codes.TASK_FAILS, names, "error"))
    damaged = health.get("damaged")
    if isinstance(damaged, int) and damaged > found.damaged.count:
        told.append((finding_codes.DAMAGED, f"{damaged}, named in the sidecar's log", "error"))
    return [
        Finding(service=service.name, code=code, severity=severity, text=text, remedy=CATALOGUE[code].remedy)
        for code, text, severity in told
    ]


def _unreachable(service: Service, problem: OperatorError) -> Finding:
    remedy = CATALOGUE[problem.code].remedy
    return Finding(service=service.name, code=problem.code, severity="error", text=problem.text, remedy=remedy)


def _summary(found: HealthFacts) -> str:
    megabytes = sum(table.total_bytes for table in found.tables) / 1_000_000
    live = sum(seconds > 0 for _, seconds in found.replicas)
    return (
        f"{found.service}: {live} sidecars hold {found.shards_held} shards, {found.sessions_open} sessions open, "
        f"{found.sessions_retrying} retrying, {found.parked.count} parked, {megabytes:.1f} MB, "
        f"Postgres {found.server.version}, clock {found.server.skew_s * 1000:+.1f} ms"
    )
