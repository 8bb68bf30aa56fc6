"""Every bound in one place; the unit stands last in the name.

A bound that is met is refused with an error of its own or pushes back; nothing grows without one.
This module imports nothing.
"""

# -- one value, one message ------------------------------------------------------------------------
payload_bytes_max = 1_048_576  # one encoded value
message_bytes_max = 1_310_720  # one JSON-RPC request or answer, headers not counted
json_depth_max = 64  # of one value
message_depth_max = json_depth_max + 8  # with what a message wraps around it
json_parts_max = 20_000  # of one value: what is in it, and in that; each costs its reader time, however few its bytes
message_parts_max = 50_000  # of one request: a batch, or what a peer's sidecar brings
answer_parts_max = 150_000  # of a worker's answer: what was executed comes in pages of 262,144 bytes
json_digits_max = 400  # digits of one number: CPython's integer parsing is quadratic
name_chars_max = 63  # roles, operations, choreographies: also a Postgres identifier
site_bytes_max = 800  # a place in a program: of recursion, with the way to it; workers, log and messages take no more
message_key_bytes_max = 1_000  # site, sender, receiver and kind of one message, as `deliver()` takes them
attributes_max = 16  # of one session: what a client finds it by
attribute_name_chars_max = 63
attribute_text_chars_max = 128
reason_chars_max = 500
baggage_bytes_max = 1_024
traceparent_chars_max = 256  # 55 in its first version; later ones may append
tracestate_chars_max = 512
baggage_chars_max = 8_192  # as it came; what goes on has `baggage_bytes_max`
fingerprint_chars_max = 64  # of a version: hexadecimal digits
moment_s_max = 253_402_300_799.0  # the last second that can be written with a year of four digits
tracestate_members_max = 32
batch_requests_max = 64
small_bytes = 16_384  # a message up to here is read at once, and takes no room that others may want
read_twice_bytes_max = 65_536  # of a request that is none, for the id to answer under
id_chars_max = 128  # of a request's id, which is repeated to whoever asked
frame_header_bytes_max = 1_024
frame_length_digits_max = 19
frame_edge_bytes = 128  # kept of each end of a body that is too large
frame_skip_bytes_max = 64 * message_bytes_max  # a body that is too large is counted past up to here

# -- one session -----------------------------------------------------------------------------------
messages_per_session_max = 10_000  # of one role in memory, that wait, and again that were taken; the inbox holds all
message_bytes_per_session_max = 16_777_216  # likewise
replay_steps_max = 1_000_000

# -- what is said ----------------------------------------------------------------------------------
programs_judged_max = 1_024  # of which it is kept who may tell them what
refusal_told_s = 60.0  # a message that is not believed is told of at most so often, of each speaker and kind

# -- one sidecar -----------------------------------------------------------------------------------
shards_count = 64
lease_ms = 5_000
lease_renew_ms = 1_000  # at most; and at most `poll_ms`, because the same question asks what waits
sessions_in_memory_max = 20_000  # idle ones beyond it leave memory and are rebuilt from the log
inbox_take_rows_max = 500
batch_bytes_max = 16_777_216  # of payload in one take, and of what is relayed or sent again at once
key_bytes_max = 1_000  # of what names a message: site, sender, receiver and kind; half of what an index takes
about_bytes_max = 65_536  # of a message's header and context
header_bytes_max = 16_384  # of the header alone: all that one may hold, every bound of it used, is less
context_bytes_max = 8_192  # likewise
flush_bursts_max = 256  # bursts that share one commit
flush_bytes_max = 16_777_216  # payload that shares one commit
part_bytes_max = 4_194_304  # payload of one burst in one commit; a heavier one is written in parts, between the others
timer_rows_max = 200  # timers that are taken up at once
timer_look_ms = 5  # at the soonest: a timer that is due and cannot be told now is not asked for without a pause
timer_again_ms = 5_000  # a timer that was told and has not ended is told again
timer_seconds_max = 315_360_000.0  # ten years
early_events_max = 10_000  # events that wait for a session that is not known here
poll_ms = 1_000  # how often the log is asked what waits: the guarantee behind NOTIFY, which only wakes
pending_rows_max = 1_000  # of each queue that is looked through then; what may be beyond is said to be there
heartbeat_ms = 10_000  # of the listening connection
notify_hold_ms = 3  # after one NOTIFY left at once, the next waits this long
log_role_statement_ms = 10_000  # of a login that says nothing of itself
log_role_connections_min = 12  # of all sidecars of a service: a pool, LISTEN, NOTIFY and a look at the start
spared_connections_min = 10  # of a server, which no login of a service is given
role_connections_former_max = 80  # what a login was given whatever the server has
outbox_retry_ms = 500  # how often an outbox with rows that are due is looked at, and the first back-off of a row
undelivered_rows_max = 200  # messages that are never taken, looked for at once
outbox_retry_cap_ms = 15_000  # a row that is refused for long is tried this often
relay_rows_max = 500  # messages that one call carries to a peer in another database
sessions_per_peer_max = 200_000  # open here that one peer began; an open session waits on disk, not in memory
crowd_look_ms = 5_000  # how often it is looked for who has too many: so long may one go beyond
inbox_early_rows_max = 100_000  # rows that wait, of versions not kept here; as many again of those that are
waiting_rows_per_peer_max = 10_000  # of those that wait, at most; all peers together have inbox_early_rows_max
undoing_per_peer_max = 10_000  # aborts and cancels of one peer in undoing_ms; more are not taken for unknown sessions
undoing_ms = 60_000

# -- one sidecar's log -----------------------------------------------------------------------------
postgres_version_min = 15
log_connections_max = 8  # a flush, a take, a lease and what clients ask
log_lines_count = 2  # of a sidecar beside its pool: it listens, and it notifies
lookers_count = 1  # at a log at one time, with a connection of their own: a start, doctor
pool_connections_min = 2  # however few its login may have
marker_lanes_max = log_connections_max  # marks that are set at the same time
marks_remembered_max = 1_000  # of which sessions the last commits were, for whoever has to look for what is lost
mark_file_bytes = 1_024
lost_sessions_shown_max = 20
log_connect_s = 5.0
log_statement_ms = 10_000
log_command_s = 15.0  # beyond the server's own limit: a silent line, not a slow statement
load_sessions_max = 200  # rebuilt from the log in one question
load_bytes_max = (
    33_554_432  # of messages and answers in one question; of a session beyond it the messages come in pages
)
page_rows_max = 5_000  # messages of one such page
page_bytes_max = 8_388_608  # likewise
headers_cached_max = 64  # of sessions whose messages are read one after the other
row_around_bytes = 512  # what a message weighs in memory besides its payload
lazy_write_ms = 50  # what nobody waits for is written together
measure_s = 5.0  # how often the gauges are made true
damaged_again_ms = 5_000  # the first wait of such a session
damaged_again_cap_ms = 300_000  # and the longest
sidecar_drain_s = 4.0  # less than a supervisor waits before it kills (honcho: 5 s)
answers_ms = 1_200  # for clients that wait while a sidecar leaves; they are told how things stand
relay_around_bytes = 4_096  # what a call to a peer has besides its messages: envelope, `_meta`, commas
relay_around_parts_max = 64  # likewise

# -- what `doctor` complains of --------------------------------------------------------------------
doctor_rows_max = 5  # shown of each kind, the oldest; the count is of all
snapshot_warning_s = 300.0  # a snapshot that old keeps dead rows from being cleaned
snapshot_error_s = 3_600.0
snapshot_transactions_max = 1_000_000  # where no time can be seen
prepared_s = 60.0  # a prepared transaction that nobody ends
dead_rows_max = 10_000  # of one table, and
dead_share = 0.5  # of its live ones
queue_warning_share = 0.1  # of what NOTIFY's queue holds
queue_error_share = 0.5
skew_warning_s = 1.0  # between this clock and the server's
skew_error_s = 30.0
forget_warning_s = 3_600.0  # a fence that was not told what to forget

# -- any server ------------------------------------------------------------------------------------
connections_max = 256  # of those who have asked for something, with a token where one is needed
strangers_connections_max = 64  # who have not; the one that is there longest makes room
probes_connections_max = 32  # who asked for health and the like, and for nothing else
first_request_ms = 5_000  # of a new connection
probe_idle_ms = 75_000
room_bytes = 33_554_432  # of large messages that come, or wait to be read, on all connections of a server together
room_wait_ms = 2_000  # for room; then who asks is told to come again
backlog_connections_max = 512
unix_path_bytes_max = 107  # sun_path of Linux, without its terminating zero
body_ms = 5_000  # for a message to come, and as much again for every
body_step_bytes = 327_680  # of it that has come
stall_ms = 5_000  # and no longer than this without a byte
unread_ms = 30_000  # nor one whose answers nobody reads
idle_ms = 600_000  # a connection on which nobody says anything
watch_ms = 1_000  # how often connections are looked at
end_s = 1  # for what was told to end at once
drain_ms = 10_000

# -- calls to workers ------------------------------------------------------------------------------
call_timeout_ms = 10_000
call_attempts_max = 20  # the budget of a transaction that may fail, about a minute; a retriable one has none
compensation_attempts_max = 30
backoff_first_ms = 50
backoff_cap_ms = 5_000
calls_in_flight_max = 256  # per worker
late_answer_ms = 600_000  # an answer that nobody waits for any more is listened for so long, then hung up on
late_answers_max = 256  # over HTTP, where each holds a connection
fence_look_ms = 60_000  # how often a worker that has no fence is asked whether it has one now
unended_wait_ms = 60_000  # of a compensation, for a call to a worker without a fence; then a person is asked

# -- one worker ------------------------------------------------------------------------------------
worker_role_statement_ms = 30_000  # of a worker that says nothing of itself
worker_connections_max = 16  # of one process
worker_connect_ms = 5_000
worker_acquire_ms = 5_000  # of a connection out of those
worker_lock_wait_ms = 5_000
worker_statement_ms = 8_000  # below the caller's patience: what it gave up on must not go on for long
worker_command_s = 10.0  # beyond the server's own limit: a silent line
worker_idle_in_transaction_ms = 30_000  # a stopped process must not hold the door for ever
patience_ms_max = 86_400_000  # of a caller, beyond `call_timeout_ms`: so much longer a worker's limits may be
conflict_attempts_max = 4  # of a transaction that Postgres could not serialise, before the caller is told
fence_close_wait_ms = 2_000  # for a call under way to be decided, before the door shuts on it
fence_page_rows_max = 1_000  # of what was executed, in one answer to a close; there is one entry at least
fence_page_bytes_max = 262_144  # likewise
forget_sessions_max = 10_000  # of one request to a worker

# -- the public API -------------------------------------------------------------------------------
waiting_clients_max = 192  # of the calls in flight; further ones are told how things stand at once
answer_around_bytes = 4_096  # what an answer of the API has besides what it lists
wait_ms_max = 300_000  # how long one request may wait for a saga
deadline_ms_max = 3_155_760_000_000  # a hundred years
list_rows_max = 1_000
tokens_max = 256
token_chars_min = 16  # whoever may guess freely must not succeed: a token is drawn, not thought of
token_chars_max = 512
token_file_bytes_max = 262_144

# -- collection ------------------------------------------------------------------------------------
tombstone_days = 7
tombstone_floor_s = 3_600  # at least: longer than any message waits between two trials, and than a process should sleep
audit_days = 365
collect_after_ms = 86_400_000  # a session that is over can be read with all its messages for a day
lighten_anew_ms = 3_600_000  # how often payloads are looked for from the oldest session on
collect_rows_max = 200  # sessions in one commit
collect_pause_ms = 5_000  # when there was nothing left to collect, at least
collect_pause_cap_ms = 60_000  # and at most, where sessions are kept for long
collect_again_ms = 20  # when there was
forget_rows_max = 1_000  # one call of a worker's fence
versions_rows_max = 20  # versions of choreographies that are looked up, or let go, at once
version_touch_ms = 3_600_000  # how often a sidecar says which versions are deployed, and lets old ones go
version_key_bytes = 32  # what versions are sealed with, drawn
version_key_file_bytes_max = 1_024
stuck_after_ms = 3_600_000  # an open session that nothing was written to for so long is shown by `doctor`


# -- telemetry -------------------------------------------------------------------------------------
spans_queued_max = 8_192
spans_batch_max = 512
export_delay_ms = 1_000
export_timeout_s = 3.0
export_refusals_max = 3  # how often newer spans go through and a batch does not, until it is dropped
telemetry_close_s = 2.0
metrics_every_ms = 15_000
frames_logged_max = 6  # places of an exception

# -- the command line ------------------------------------------------------------------------------
health_answer_s = 2.0  # of a sidecar's page, which costs it nothing
client_answer_s = 10.0  # of a sidecar, beyond what was asked to be waited for
show_rows_max = 2_000  # messages and answers of one service that `sessions show` prints; --json has no bound
table_value_chars_max = 72  # of one value in a table; --json shows all of it
table_cell_chars_max = 160  # of anything in a table but its last column, likewise
keep_name_chars_max = 100  # of a kept command, in what is said of it
keep_forgive_s = 5.0  # a run at least that long is forgiven what went before
keep_stop_s = 10.0  # how long a kept command may take to end when it is told to
keep_look_s = 1.0  # how often its parent is looked for, where the kernel does not tell

# -- one choreography ------------------------------------------------------------------------------
source_bytes_max = 262_144  # one file
version_bytes_max = 4_194_304  # a choreography's file with all that it imports of its project
source_depth_max = 100  # nested nodes of one statement's syntax tree: every pass recurses over it
declared_attempts_max = 1_000  # of an operation, in its role's declaration
declared_wait_ms_max = 3_600_000  # between attempts, or of one attempt, likewise
declared_away_ms_max = 2_592_000_000  # a month, of its worker's absence, likewise
commit_places_max = 100  # tried for the record of a saga that has no pivot
branch_depth_max = 40  # nested branches, with what follows an early return counted as nested
local_turns_max = 100_000  # turns of a loop in which a role asks nothing of the world
recursion_depth_max = 200  # calls of choreographies by themselves, one in another, at run time
loop_depth_max = 6  # loops in one another: what is known at their heads is a fixpoint within a fixpoint
points_max = 4_000  # points of one normal form, with what follows an early return copied
roles_max = 32
import_hops_max = 16
set_depth_max = 5  # of values in one another, in which a @pure function's sets are told apart
partials_told_max = 4  # of one expression: the parts that may raise
set_parts_max = 8  # of one such value; with more they are taken for alike
set_turns_max = 24  # over a @pure function, until it is known what its names may be
match_steps_max = 20_000  # of the search for values that no case of a match takes; beyond them it tells none
cases_told_max = 4  # of those that a match leaves out
names_alike_max = 16  # names of one value that share what a condition says of it; further names do not
generic_depth_max = 20  # of arguments in arguments: a generic class may hold itself with more of them each time
type_depth_max = 5  # of nested types of a @pure function's names; a deeper type counts as unknown
facts_max = 100  # conditions that are remembered in a @pure function; at more, all are forgotten
typing_turns_max = 4  # over a loop, before what still grows there is given no type
files_advised_max = 8  # whose text is kept in parsed form while advice for their mistakes is looked for
types_described_max = 1_024  # of messages; what is beyond them is described anew
label_chars_max = 72  # of a diagram; what is longer ends in an ellipsis
