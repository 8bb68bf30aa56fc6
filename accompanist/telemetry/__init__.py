"""Telemetry of a process: spans, metrics and log lines.

What it promises. One session is one trace. Span ids are computed from the session, the role, the site and the attempt,
so a replay adds none. No span is open across a wait: each is recorded when it is over, with start and end. No payload
is in a span, a metric or a log line: the keys of log lines are on a list, and of an exception only class and place are
logged. A collector that is slow, down or refusing has no effect on sessions.

What it does not promise. That a span arrives: spans that a collector did not take are sent again, within a bound. A
collector that took a batch but answered too late may get it twice, with the same ids.

What it imports. OpenTelemetry, which no other package imports: its API, and its SDK only where something is exported.
Of `runtime` the messages whose context travels. It knows neither `log` nor `rpc`. Where OpenTelemetry's environment
variables name no collector, no span or metric is recorded.

Where to begin.
    accompanist/telemetry/events.py   the table of everything that is emitted, for dashboards to rely on
    accompanist/telemetry/names.py    every name, by the OpenTelemetry conventions
    accompanist/telemetry/context.py  trace and span ids as a function of the saga
    accompanist/telemetry/spans.py    the spans of a saga and their parents
    accompanist/telemetry/logs.py     log lines, and what is redacted in them
    accompanist/telemetry/otlp.py     the exporter
"""
