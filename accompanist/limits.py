"""Every bound in one place; the unit stands last in the name.

A bound that is met is refused with an error of its own or pushes back; nothing grows without one. The comment of a
bound says what it bounds, and after `Beyond:` what happens then; docs/limits.md is made from these. A pause or a size
beyond which nothing happens has no such part.

This module imports nothing.
"""

# -- one value, one message ------------------------------------------------------------------------
# One encoded value. Beyond: the value is refused where it is made, and a message with it where it arrives.
payload_bytes_max = 1_048_576
message_bytes_max = 1_310_720  # One JSON-RPC request or answer, headers not counted. Beyond: it is refused.
json_depth_max = 64  # Values nested in one value. Beyond: the value is refused.
# Values nested in one request or answer: a value, and what a message wraps around it. Beyond: it is refused.
message_depth_max = json_depth_max + 8
# Parts of one value, at all depths: each costs its reader time, however few its bytes. Beyond: the value is refused.
json_parts_max = 20_000
message_parts_max = 50_000  # Parts of one request: a batch, or what a peer's sidecar brings. Beyond: it is refused.
# Parts of a worker's answer; what was executed comes in pages. Beyond: it is no answer, and the call is retried.
answer_parts_max = 150_000
json_long_bytes = 10_000  # JSON from so many bytes on is checked in a way that is quicker where texts are long.
# Digits of one number: Python's parsing of integers is quadratic. Beyond: the request is refused.
json_digits_max = 400
# Names of roles, operations and choreographies; the bound of a Postgres identifier, too. Beyond: `check` refuses it.
name_chars_max = 63
# A site, with the way to it through recursive calls, as workers, log and messages take it. Beyond: the program
# fails.
site_bytes_max = 800
# Site, sender, receiver and kind of one message together, where it is made. Beyond: the program fails.
message_key_bytes_max = 1_000
attributes_max = 16  # Attributes of one session, by which a client finds it. Beyond: the start is refused.
attribute_name_chars_max = 63  # The name of an attribute. Beyond: the start is refused.
attribute_text_chars_max = 128  # The value of an attribute. Beyond: the start is refused.
reason_chars_max = 500  # A reason, as it is told and kept. Beyond: it is cut.
baggage_bytes_max = 1_024  # The W3C baggage that is passed on. Beyond: further members are left out.
# The header `traceparent` as it came: 55 in its first version, and later ones may append. Beyond: it is left out.
traceparent_chars_max = 256
traceparents_kept_max = 1_024  # Headers `traceparent` whose meaning a process keeps. Beyond: they are read again.
tracestate_chars_max = 512  # The header `tracestate`. Beyond: it is left out.
# The header `baggage` as it came; what goes on has `baggage_bytes_max`. Beyond: it is left out.
baggage_chars_max = 8_192
fingerprint_chars_max = 64  # A version's fingerprint, in hexadecimal digits. Beyond: the message is refused.
# A time in seconds since 1970: the end of the year 9999. Beyond: the message is refused.
moment_s_max = 253_402_300_799.0
tracestate_members_max = 32  # Members of `tracestate`. Beyond: it is left out.
batch_requests_max = 64  # Requests of one JSON-RPC batch. Beyond: the batch is refused.
small_bytes = 16_384  # A message up to this size is read at once, without waiting for room that large ones share.
# Of an invalid request up to this size the id is looked for, to answer under it. Beyond: it is answered without an
# id.
read_twice_bytes_max = 65_536
id_chars_max = 128  # The id of a request, which is repeated in the answer. Beyond: the request is refused.
frame_header_bytes_max = 1_024  # The header of a frame on a stream. Beyond: the connection is closed.
frame_length_digits_max = 19  # Digits of a frame's Content-Length. Beyond: the connection is closed.
frame_edge_bytes = 128  # What is kept of each end of a body that is too large, to find its id.
# A body that is too large is skipped up to this size. Beyond: the connection is closed.
frame_skip_bytes_max = 64 * message_bytes_max

# -- one session -----------------------------------------------------------------------------------
# Messages of one role of a session in memory: those that wait, and again those that were taken. Beyond: the rest
# stays in the inbox and is read from there.
messages_per_session_max = 10_000
# The same in bytes. Beyond: the rest stays in the inbox and is read from there.
message_bytes_per_session_max = 16_777_216
replay_steps_max = 1_000_000  # Steps of one run of a program, before its commit point. Beyond: the saga is aborted.

# -- what is said ----------------------------------------------------------------------------------
# Programs for which a cache holds who may tell them what. Beyond: the least recently used is worked out again.
programs_judged_max = 1_024
# Shortest time between two lines of log about disbelieved messages of one speaker and kind. Beyond: they are counted
# in the next line.
refusal_told_s = 60.0

# -- one sidecar -----------------------------------------------------------------------------------
shards_count = 64  # Shards of a service's sessions. A log that was made with another number is refused.
lease_ms = 5_000  # How long a shard is held without being renewed. Beyond: another sidecar may take it.
lease_renew_ms = 1_000  # Longest pause between renewals of leases.
# Ids drawn for a new session until one lies in a shard that is held here. Beyond: another sidecar may get the session.
id_draws_max = 64
# Sessions of one sidecar in memory. Beyond: idle ones leave memory and are rebuilt from the log.
sessions_in_memory_max = 20_000
inbox_take_rows_max = 500  # Messages taken from the inbox in one question. Beyond: the rest is taken with the next.
# Payload of one take, and of what is relayed or sent again in one question. Beyond: the rest follows with the next.
batch_bytes_max = 16_777_216
# Site, sender, receiver and kind of a message, as the log takes them; half of what an index takes. Beyond: the log
# refuses the message for ever.
key_bytes_max = 1_000
# A message's header and context together, as the log takes them. Beyond: the log refuses the message for ever.
about_bytes_max = 65_536
# A message's header; one that uses all its own bounds is smaller. Beyond: the message is not read.
header_bytes_max = 16_384
context_bytes_max = 8_192  # A message's trace context. Beyond: it is read as none.
flush_bursts_max = 256  # Bursts that share one commit. Beyond: the rest goes with the next.
flush_bytes_max = 16_777_216  # Payload that shares one commit. Beyond: the rest goes with the next.
part_bytes_max = 4_194_304  # Payload of one burst in one commit. Beyond: it is written in parts, between other bursts.
timer_rows_max = 200  # Timers that are taken up in one question. Beyond: the rest is taken up with the next.
# Shortest pause between looks for due timers, so one that cannot be delivered does not spin the loop.
timer_look_ms = 5
timer_again_ms = 5_000  # A timer that was told and whose wait has not ended is told again after this time.
timer_seconds_max = 315_360_000.0  # The time that a program waits for: ten years. Beyond: the program fails.
# Events that wait for a session that is not known here are counted up to this number. Beyond: the count stops.
early_events_max = 10_000
# Connections of peers over which messages are handed over directly. Beyond: a peer is not connected, and its messages
# are taken from the log.
links_max = 256
hello_bytes_max = 1_024  # What a peer says of itself on a link. Beyond: the link is closed.
hello_parts_max = 16  # The same in parts. Beyond: the link is closed.
told_bytes_max = 4_096  # What a sidecar says to its caller on a link. Beyond: the link is closed.
told_parts_max = 1_024  # The same in parts. Beyond: the link is closed.
link_ms = 2_000  # Until a link is established and its caller is believed. Beyond: the link is closed.
link_look_ms = 1_000  # Pause between two questions for a peer's links.
link_look_cap_ms = 30_000  # The same, where there was no way the last time.
link_address_bytes_max = 100  # The path of a link's socket. Beyond: it is made in a directory for temporary files.
# The payload of a message that is handed over. Beyond: its service is notified, and takes it from the log, which has it
# already and would have to read it all the same to confirm it.
handed_bytes_max = 65_536
# Messages that were handed over and are not acknowledged in the log yet. Beyond: the oldest are handled twice, which
# changes nothing.
handed_kept_max = 20_000
# Messages handed over that wait for an answer of the log. Beyond: further ones are taken from the log.
handed_waiting_max = 2_000
early_store_ms = 500  # A message that was heard early is stored by its receiver, if its sender has not done so by then.
early_distrust_ms = 10_000  # So long, nothing is heard early from a peer that said to have stored what is not there.
handed_take_ms = 300  # After a message was handed over, the log is asked so much later, to acknowledge it there.
poll_ms = 1_000  # Longest pause between looks at what waits in the log: the guarantee behind NOTIFY, which only wakes.
wakeup_late_ms = 1_000  # A wake-up that comes so long after the poll that found its news counts as lost.
slowness_told_s = 60.0  # For so long after a lost wake-up, or a refused connection, `doctor` reports it.
pending_rows_max = 1_000  # Rows of each queue that such a look reads. Beyond: it answers that there may be something.
heartbeat_ms = 10_000  # Pause between heartbeats of the listening connection.
notify_hold_ms = 3  # After a NOTIFY that left at once, the next one waits this long.
# Statement time-out of a sidecar's login, where a connection does not set its own. Beyond: the statement is
# cancelled.
log_role_statement_ms = 10_000
log_role_connections_min = 12  # Connections that a sidecar's login is given at least, for all sidecars of its service.
spared_connections_min = 10  # Connections of a server that no service's login is given.
# What earlier releases gave a login, whatever the server had: a login with it is given anew.
role_connections_former_max = 80
outbox_retry_ms = 500  # Pause between looks at an outbox with rows that are due, and the first back-off of a row.
# Messages that no receiver will ever take, looked for in one question. Beyond: the rest is found with the next.
undelivered_rows_max = 200
outbox_retry_cap_ms = 15_000  # Longest back-off of a row in the outbox.
relay_rows_max = 500  # Messages that one call brings to a peer in another database. Beyond: the call is refused.
# Sessions open here that one peer began. Beyond: its next one waits in its outbox until some have ended.
sessions_per_peer_max = 200_000
crowd_look_ms = 5_000  # How often peers are checked against these bounds; a peer may exceed one for this long.
# Messages that wait for versions that are not hosted; and again those for versions that are. Beyond: nobody's
# message may begin a session, and the sidecar is not ready.
inbox_early_rows_max = 100_000
# Messages of one peer that wait; all peers together have `inbox_early_rows_max`. Beyond: those that would begin a
# session wait in its outbox.
waiting_rows_per_peer_max = 10_000
# Aborts and cancels of one peer in `undoing_ms`. Beyond: further ones for unknown sessions wait in its outbox.
undoing_per_peer_max = 10_000
undoing_ms = 60_000  # The time over which those are counted.

# -- one sidecar's log -----------------------------------------------------------------------------
postgres_version_min = 15  # The oldest major version of Postgres that the log runs on. Beyond: an older one is refused.
# Connections of a sidecar's pool: a flush, a take, a lease and what clients ask. Beyond: who needs one waits.
log_connections_max = 8
log_lines_count = 2  # Connections of a sidecar beside its pool: one listens, one notifies.
lookers_count = 1  # Connections for a single look at the log at one time: a sidecar's start, `doctor`.
pool_connections_min = 2  # Connections of a pool, however few its login may have.
# Marks of durable commits that are set at the same time. Beyond: a commit waits for a lane.
marker_lanes_max = log_connections_max
# Marks whose sessions are remembered, to name what is lost. Beyond: older ones are missed without a name.
marks_remembered_max = 1_000
mark_file_bytes = 1_024  # Size of the file that keeps the last marks.
lost_sessions_shown_max = 20  # Lost sessions named in one message. Beyond: an ellipsis stands for the rest.
log_connect_s = 5.0  # Time to connect to the log. Beyond: it counts as unavailable, and is asked again.
# Time of one statement, and of a transaction that stands idle. Beyond: it is cancelled and asked again.
log_statement_ms = 10_000
# Time of one statement as the client sees it: longer than the server's, for a connection gone silent. Beyond: the
# connection is dropped.
log_command_s = 15.0
load_sessions_max = 200  # Sessions that are rebuilt from the log in one question. Beyond: the rest is asked for next.
load_bytes_max = 33_554_432  # Messages and answers of one such question. Beyond: a session beyond it is read in pages.
page_rows_max = 5_000  # Messages of one such page. Beyond: the next page has the rest.
page_bytes_max = 8_388_608  # Payload of one such page. Beyond: the next page has the rest.
# Headers that a cache keeps in parsed form while messages are read. Beyond: they are parsed again.
headers_cached_max = 64
row_around_bytes = 512  # What a message is taken to weigh in memory besides its payload.
lazy_write_ms = 200  # Session rows that are only caches are written this long after they change, together.
measure_s = 5.0  # Pause between updates of the gauges.
damaged_again_ms = 5_000  # First pause before a session that the log refuses is tried again.
damaged_again_cap_ms = 300_000  # Longest such pause.
# Time that a sidecar gives its sessions when it leaves; supervisors kill after 5 s or more. Beyond: what is under
# way is left to its successor.
sidecar_drain_s = 4.0
# Time that a leaving sidecar gives to answer clients that wait. Beyond: their connections are closed.
answers_ms = 1_200
relay_around_bytes = 4_096  # What a call to a peer is taken to weigh besides its messages: envelope, `_meta`, commas.
relay_around_parts_max = 64  # The same in parts.

# -- what `doctor` complains of --------------------------------------------------------------------
doctor_rows_max = 5  # Rows that `doctor` shows of each kind, the oldest first; it counts all.
# Age of a snapshot from which on it keeps too many dead rows from being cleaned. Beyond: a warning.
snapshot_warning_s = 300.0
snapshot_error_s = 3_600.0  # The same, more urgently. Beyond: an error.
# Transactions since a snapshot, where its age is not to be seen. Beyond: a warning.
snapshot_transactions_max = 1_000_000
prepared_s = 60.0  # Age of a prepared transaction that nobody ends. Beyond: a finding.
# Dead rows of one table, where they are also more than `dead_share` of its live ones. Beyond: a finding.
dead_rows_max = 10_000
# Dead rows of one table as a share of its live ones. Beyond: a finding, where they are also more than
# `dead_rows_max`.
dead_share = 0.5
queue_warning_share = 0.1  # How full the server's NOTIFY queue is. Beyond: a warning.
queue_error_share = 0.5  # The same, more urgently. Beyond: an error.
skew_warning_s = 1.0  # Difference between the clocks of this machine and of the server. Beyond: a warning.
skew_error_s = 30.0  # The same, more urgently. Beyond: an error.
forget_warning_s = 3_600.0  # How long a fence has not been told which sessions to forget. Beyond: a warning.

# New objects, less those that were freed, after which the cyclic garbage collector runs in a sidecar or a worker.
garbage_objects_count = 20_000

# -- any server ------------------------------------------------------------------------------------
# Connections of one server on which something was asked for, with a token where one is needed. Beyond: the one that
# rests longest makes room; if none rests, the new one is refused.
connections_max = 256
strangers_connections_max = 64  # Connections on which nothing was asked for yet. Beyond: the oldest makes room.
probes_connections_max = 32  # Connections that asked for health and metrics only. Beyond: the oldest one makes room.
first_request_ms = 5_000  # Time that a new connection has for its first request. Beyond: it is closed.
probe_idle_ms = 75_000  # How long a connection that only asks for health may rest. Beyond: it is closed.
# Memory of a server for large messages that are being read, over all its connections. Beyond: who sends one waits
# for room.
room_bytes = 33_554_432
room_wait_ms = 2_000  # Time that an HTTP request waits for that room. Beyond: it is answered that it should come again.
# Connections that the kernel holds until they are accepted. Beyond: the kernel refuses them.
backlog_connections_max = 512
# The path of a Unix socket: `sun_path` of Linux without its terminating zero. Beyond: the address is refused.
unix_path_bytes_max = 107
# Time for a message to arrive, once, and again for every `body_step_bytes` of it. Beyond: its connection is closed.
body_ms = 5_000
body_step_bytes = 327_680  # The part of a message that earns it another `body_ms`.
stall_ms = 5_000  # Time without a byte in the middle of a message. Beyond: its connection is closed.
unread_ms = 30_000  # Time for which a client may leave answers unread. Beyond: its connection is closed.
idle_ms = 600_000  # How long a connection may rest. Beyond: it is closed.
watch_ms = 1_000  # Pause between looks at the connections of a server.
end_s = 1  # Time that a connection or task has to close. Beyond: it is cut off.
drain_ms = 10_000  # Time that a server that stops gives its calls under way. Beyond: they are cut off.

# -- calls to workers ------------------------------------------------------------------------------
# Time of one attempt at a call, where neither its role nor the configuration says otherwise. Beyond: the attempt
# counts as failed.
call_timeout_ms = 10_000
# Attempts at an operation that may fail, about a minute in all; a retriable one has no bound. Beyond: its outcome is
# unknown, and the saga is aborted.
call_attempts_max = 20
compensation_attempts_max = 30  # Attempts at a compensation. Beyond: the session is parked (ACC204).
backoff_first_ms = 50  # First pause between attempts.
backoff_cap_ms = 5_000  # Longest pause between attempts.
calls_in_flight_max = 256  # Calls under way at one worker, or on one connection of a server. Beyond: further ones wait.
# Calls of one operation that wait at one sidecar for a place under its limit, where `waiting_max` says nothing else.
# Beyond: no saga is started that makes such calls.
calls_waiting_max = 1_000
# For how long a rate of calls that is not used is saved up. Beyond: what was not used is lost.
calls_saved_ms = 50
# How long the answer to a call is listened for that nobody waits for any more. Beyond: the connection is closed.
late_answer_ms = 600_000
# Such answers at one time over HTTP, where each holds a connection. Beyond: the oldest is listened for no more.
late_answers_max = 256
fence_look_ms = 60_000  # How often a worker without a fence is asked whether it has one now.
# How long a compensation waits for calls to end at a worker without a fence. Beyond: the session is parked (ACC208).
unended_wait_ms = 60_000

# -- one worker ------------------------------------------------------------------------------------
# Statement time-out of a worker's login, where a connection does not set its own. Beyond: the statement is
# cancelled.
worker_role_statement_ms = 30_000
worker_connections_max = 16  # Connections of one worker process. Beyond: a call waits for one.
worker_connect_ms = 5_000  # Time to connect to the worker's database. Beyond: the call is retried.
worker_acquire_ms = 5_000  # Time to wait for one of the worker's connections. Beyond: the call is retried.
worker_lock_wait_ms = 5_000  # Time that a worker's statement waits for a lock. Beyond: the call is retried.
# Time of a worker's statement: shorter than its caller's, who would ask again beside it. Beyond: it is cancelled,
# and the call retried.
worker_statement_ms = 8_000
# The same as the client sees it, for a connection gone silent. Beyond: the connection is dropped.
worker_command_s = 10.0
# How long a worker's transaction may stand idle, so a stopped process does not hold its locks. Beyond: the server
# ends it.
worker_idle_in_transaction_ms = 30_000
# By how much a caller may lengthen a worker's limits beyond `call_timeout_ms`. Beyond: it is lengthened by this
# much.
patience_ms_max = 86_400_000
# Attempts at a worker's transaction that Postgres could not serialise. Beyond: the caller is told to retry.
conflict_attempts_max = 4
fence_close_wait_ms = 2_000  # How long a close waits for calls under way. Beyond: it fails and is asked again.
# Entries of what was executed in one answer to a close, at least one. Beyond: the next page has the rest.
fence_page_rows_max = 1_000
fence_page_bytes_max = 262_144  # The same in bytes. Beyond: the next page has the rest.
forget_sessions_max = 10_000  # Sessions in one request to a worker to forget them. Beyond: the request is refused.

# -- volatile sessions (docs/volatile.md) ---------------------------------------------------------
volatile_sessions_max = 4_096  # Volatile sessions at one sidecar. Beyond: further ones are refused (ACC761).
# Those of them that one peer's service spoke of first. Beyond: further ones of it are refused, and lost there (ACC760).
volatile_per_peer_max = 2_048
# The messages of all volatile sessions in a sidecar's memory, in bytes. Beyond: further ones are refused (ACC761).
volatile_bytes_max = 268_435_456
volatile_message_around_bytes = 1_024  # What a message in memory is taken to weigh besides its payload.
# How long a volatile session lives at its initiator. Beyond: it is lost (ACC760).
volatile_session_s = 60.0
# The same at other roles, and how long the undoing of a lost session may take. Beyond: it is dropped.
volatile_follower_s = 120.0
volatile_reach_ms = 3_000  # Until there is a way to every peer of a volatile session. Beyond: the session is lost.
# How long a worker, or the sidecar of a peer in another database, may be away. Beyond: the session is lost (ACC760).
volatile_away_ms = 2_000
volatile_again_ms = 50  # Pause between attempts to reach such a sidecar.
volatile_ping_ms = 1_000  # Pause between questions whether a peer in another database still knows our sessions.
# What a peer has not read of volatile sessions, in bytes. Beyond: the sessions that it takes part in are lost.
volatile_unread_bytes_max = 67_108_864
# For how long it is known how a volatile session ended, and late messages and calls of it are refused. Beyond: there is
# no trace of it.
volatile_kept_s = 60.0
volatile_kept_max = 20_000  # How many of these a sidecar keeps. Beyond: the oldest are dropped sooner.
volatile_forget_ms = 1_000  # After a volatile session, its worker is told to forget it so much later, many at a time.
# Volatile sessions that one worker process remembers. Beyond: it asks to try again later.
volatile_worker_sessions_max = 20_000
volatile_worker_bytes_max = 134_217_728  # The same in bytes of their arguments and replies. Beyond: likewise.
# For how long a worker remembers a session that nobody says to be over, and how long after a session a fence is told to
# forget it. Beyond: it forgets.
volatile_worker_s = 300.0
volatile_fenced_max = 200_000  # Sessions that fences are still to be told of. Beyond: the rows of the oldest ones stay.

# -- the public API -------------------------------------------------------------------------------
# Clients of a sidecar that wait for a session's end. Beyond: further ones are answered at once how it stands.
waiting_clients_max = 192
answer_around_bytes = 4_096  # What an answer of the API is taken to weigh besides what it lists.
# How long one request may wait for a session's end. Beyond: it is answered how the session stands.
wait_ms_max = 300_000
deadline_ms_max = 3_155_760_000_000  # A session's deadline: a hundred years. Beyond: the start is refused.
list_rows_max = 1_000  # Rows of one page of a list. Beyond: the next page has the rest.
tokens_max = 256  # Tokens of one token file. Beyond: the file is refused.
token_chars_min = 16  # Length of a token at least: it is drawn, not thought of. Beyond: a shorter one is refused.
token_chars_max = 512  # Length of a token at most. Beyond: the file is refused.
token_file_bytes_max = 262_144  # Size of a token file. Beyond: the file is refused.

# -- collection ------------------------------------------------------------------------------------
# How long the stub of a collected session stays. Beyond: a late message begins the session anew, and its key is free
# again.
tombstone_days = 7
# What that may be configured to at least: longer than messages wait and processes should sleep. Beyond: the
# configuration is refused.
tombstone_floor_s = 3_600
audit_days = 365  # How long the audit of operators' deeds is kept. Beyond: it is deleted.
collect_after_ms = 86_400_000  # How long a session that is over can be read whole. Beyond: it becomes a stub.
lighten_anew_ms = 3_600_000  # How often payloads to be let go are looked for from the oldest session on.
collect_rows_max = 200  # Sessions that are collected in one commit. Beyond: the rest follows with the next.
collect_pause_ms = 5_000  # Shortest pause between collections when nothing was left.
collect_pause_cap_ms = 60_000  # Longest such pause, where sessions are kept for long.
collect_again_ms = 20  # Pause between collections when there may be more.
# Sessions that a worker's fence is told to forget in one call. Beyond: the rest follows with the next.
forget_rows_max = 1_000
# Versions of choreographies that are looked up, or let go, in one question. Beyond: the rest follows with the next.
versions_rows_max = 20
version_touch_ms = 3_600_000  # How often a sidecar notes which versions are deployed, and lets old ones go.
# Size of a drawn key that versions are sealed with, and the length of a given one at least. Beyond: a shorter one is
# refused (ACC728).
version_key_bytes = 32
version_key_file_bytes_max = 1_024  # Size of the file of such a key. Beyond: it is refused.
stuck_after_ms = 3_600_000  # An open session to which nothing was written for this long is shown by `doctor` as stuck.

# -- telemetry -------------------------------------------------------------------------------------
spans_queued_max = 8_192  # Spans that wait to be exported. Beyond: spans are dropped.
attributes_kept_max = 4_096  # Attributes of spans whose encoded form is kept. Beyond: they are encoded again.
spans_batch_max = 512  # Spans of one export. Beyond: the rest goes with the next.
export_delay_ms = 1_000  # Pause between exports.
export_timeout_s = 3.0  # Time of one export. Beyond: it counts as failed.
export_refusals_max = 3  # How often a batch may fail while newer ones succeed. Beyond: it is dropped.
telemetry_close_s = 2.0  # Time for what is queued to be exported when a process ends. Beyond: it is dropped.
metrics_every_ms = 15_000  # Pause between exports of metrics.
frames_logged_max = 6  # Places of an exception that the log of the process names, the innermost.

# -- the command line ------------------------------------------------------------------------------
health_answer_s = 2.0  # Time that the command line gives a sidecar's health page. Beyond: it counts as away.
# Time that a client gives a sidecar beyond what it was asked to wait. Beyond: it counts as away.
client_answer_s = 10.0
client_patience_s = 30.0  # For how long a client sends a request again that failed. Beyond: it is an error.
client_watch_s = 1.0  # Pause between two looks of a client that watches a session.
client_pause_ms = 50  # Pause between two questions for a result, where the sidecar answers before it is there.
# Messages and answers of one service that `sessions show` prints; `--json` has no bound. Beyond: the rest is left
# out, and it says so.
show_rows_max = 2_000
# A value in a table that the command line prints; `--json` has all of it. Beyond: it is cut.
table_value_chars_max = 72
table_cell_chars_max = 160  # Any other cell but those of the last column. Beyond: it is cut.
keep_name_chars_max = 100  # What is said of a kept command, for its name. Beyond: it is cut.
keep_forgive_s = 5.0  # A kept command that ran at least this long is restarted without back-off.
keep_stop_s = 10.0  # Time that a kept command has to end when it is told to. Beyond: it is killed.
keep_look_s = 1.0  # How often a kept command looks for its parent, where the kernel does not tell.
init_name_chars_max = 24  # The name of a new project or of its service. Beyond: it is refused.
init_services_max = 12  # Services of a new project. Beyond: they are refused.
local_look_s = 0.5  # How often `accompanist dev` looks for its parent, and for files that were saved.
# The path of a directory with sockets of a local deployment. Beyond: they are in a temporary directory.
local_sockets_bytes_max = 80
# The path of a local Postgres's socket. Beyond: it is at a short path under /tmp.
local_postgres_socket_bytes_max = 100

# -- one choreography ------------------------------------------------------------------------------
source_bytes_max = 262_144  # One source file. Beyond: `check` refuses it.
# A choreography's file with all that it imports of its project. Beyond: its text is not kept, and the process log
# says so.
version_bytes_max = 4_194_304
source_depth_max = 100  # Nested nodes of one statement: every pass recurses over them. Beyond: `check` refuses it.
declared_attempts_max = 1_000  # Attempts that a role may declare for an operation. Beyond: `check` refuses it.
# Time between attempts, or of one, that a role may declare. Beyond: `check` refuses it.
declared_wait_ms_max = 3_600_000
# Time that a role may declare for its worker's absence: a month. Beyond: `check` refuses it.
declared_away_ms_max = 2_592_000_000
# Places that are tried for the record of a saga that has no pivot. Beyond: `check` refuses the saga.
commit_places_max = 100
# Nested branches, with what follows an early return counted as nested. Beyond: `check` refuses it.
branch_depth_max = 40
local_turns_max = 100_000  # Turns of a loop in which a role asks nothing of the world. Beyond: the program fails.
recursion_depth_max = 200  # Calls of a choreography by itself, one in another, at run time. Beyond: the program fails.
# Nested loops: what is known at their heads is a fixpoint within a fixpoint. Beyond: `check` refuses it.
loop_depth_max = 6
points_max = 4_000  # Points of one normal form, with what follows an early return copied. Beyond: `check` refuses it.
roles_max = 32  # Roles of one choreography. Beyond: `check` refuses it.
import_hops_max = 16  # Imports that a name is followed through. Beyond: it is taken as unknown.
# Values in one another in which the sets of a @pure function are told apart. Beyond: they are taken for alike.
set_depth_max = 5
partials_told_max = 4  # Parts of one expression that are named because they may raise. Beyond: the rest is not named.
set_parts_max = 8  # Parts of one such value that are told apart. Beyond: they are taken for alike.
set_turns_max = 24  # Turns over a @pure function until it is known what its names may be.
match_steps_max = 20_000  # Steps of the search for values that no case of a match takes. Beyond: it names none.
cases_told_max = 4  # Values that are named because a match leaves them out. Beyond: the rest is not named.
names_alike_max = 16  # Names of one value that share what a condition says of it. Beyond: further ones do not share it.
# Type arguments in type arguments: a generic class may hold itself with ever more of them. Beyond: its type is not
# described.
generic_depth_max = 20
type_depth_max = 5  # Nested types of a @pure function's names. Beyond: a deeper one counts as unknown.
facts_max = 100  # Conditions that are remembered in a @pure function. Beyond: all are forgotten.
typing_turns_max = 4  # Turns over a loop until what still grows there is given no type.
# Files whose text is kept in parsed form while advice is looked for. Beyond: the least recently used is parsed
# again.
files_advised_max = 8
# Types of messages whose description is cached. Beyond: the least recently used is described anew.
types_described_max = 1_024
label_chars_max = 72  # A label of a diagram. Beyond: it is cut, with an ellipsis.
