"""What a process tells about itself: spans, metrics and log lines.

What it promises. One session is one trace. Ids of spans are computed from the session, the role, the site and the
attempt, so a replay adds none. No span is open across a wait: each is told when it is over, with both its times. No
payload is in a span, a metric or a log line: keys of log lines are on a list, and exceptions leave their class and
place only. A collector that is slow, down or refusing has no effect on sessions.

What it does not promise. That a span arrives: what a collector did not take is sent again, up to a bound. A collector
that took a batch and answered too late may get it twice, with the same ids.

What it imports. OpenTelemetry, which no other package imports, and `runtime` for the messages whose context travels. It
knows neither `log` nor `rpc`. Where OpenTelemetry's environment variables name no collector, no span or metric is
recorded.

Where to begin.
    accompanist/telemetry/events.py   the table of all that is emitted: what a dashboard may build on
    accompanist/telemetry/names.py    every name, by the OpenTelemetry conventions
    accompanist/telemetry/context.py  trace and span ids as a function of the saga
    accompanist/telemetry/spans.py    the spans of a saga and how they hang together
    accompanist/telemetry/logs.py     log lines, and what is struck out of them
    accompanist/telemetry/otlp.py     the way out
"""
