"""The 39 defects of the reference implementation (chords-project/choral-accompanist), and what holds each here.

Each number stands in the table: with the tests that would fail if the defect were ours, or with the reason why it
cannot be. A test that is named has to be there: it is collected. Those in this folder were written for the defect;
the others held it already and are not written twice.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import NamedTuple

import pytest

from tests.language.programs import ROOT


class Held(NamedTuple):
    """`defect` in words, and the tests (below tests/) that hold it."""

    defect: str
    tests: tuple[str, ...]


class Elsewhere(NamedTuple):
    """`defect` in words, and why it does not apply."""

    defect: str
    reason: str


def held(defect: str, *tests: str) -> Held:
    return Held(defect, tests)


TABLE: dict[int, Held | Elsewhere] = {
    1: held(
        "the first compensation marks all of them",
        "defects/test_undoing.py::test_a_compensation_that_fails_leaves_the_others_to_be_done",
        "model/test_switched_off.py::test_a_rule_switched_off_fails[one mark at a time]",
    ),
    2: held(
        "compensations run in no order",
        "worker/test_fence.py::test_close_lists_what_was_executed_in_commit_order",
        "worker/test_fence.py::test_commit_order_is_not_the_order_of_entering",
        "model/test_switched_off.py::test_a_rule_switched_off_fails[in reverse]",
    ),
    3: held(
        "a fault for a session that is not known yet is forgotten",
        "sidecar/test_driver.py::test_an_abort_for_an_unknown_session_leaves_a_tombstone",
        "model/test_switched_off.py::test_a_rule_switched_off_fails[a tombstone]",
    ),
    4: held(
        "a role commits after its own compensations",
        "worker/test_fence.py::test_a_late_call_finds_the_door_shut",
        "runtime/test_sagas.py::test_a_branch_that_runs_beside_is_undone_too",
        "model/test_switched_off.py::test_a_rule_switched_off_fails[a shut door]",
    ),
    5: held(
        "a crash before the compensations forgets them, and none is tried again",
        "defects/test_undoing.py::test_a_crash_between_the_vote_and_a_compensation_forgets_none",
        "worker/test_crashpoints.py::test_killed_around_a_compensation",
        "system/test_operator.py::test_a_compensation_that_fails_waits_for_a_person",
    ),
    6: held(
        "a transient fault counts as a refusal",
        "sidecar/test_driver.py::test_faults_are_masked",
        "worker/test_sdk.py::test_what_postgres_sacrifices_is_tried_again",
        "worker/test_sdk.py::test_a_connection_killed_within_a_transaction_is_no_decision",
    ),
    7: held(
        "two runs at once have the effect twice",
        "worker/test_fence.py::test_many_concurrent_repeats_have_one_effect",
        "worker/test_fence_crowd.py::test_no_crowd_gets_through_the_fence",
    ),
    8: held(
        "the same transaction twice in a session is skipped",
        "defects/test_naming.py::test_the_same_operation_twice_in_a_session_is_done_twice_and_undone_twice",
        "worker/test_fence.py::test_sessions_roles_and_sites_are_apart",
    ),
    9: held(
        "what was told as done is undone later",
        "model/test_switched_off.py::test_a_rule_switched_off_fails[settled after all votes]",
        "model/test_switched_off.py::test_a_rule_switched_off_fails[no cancel after a vote]",
        "sidecar/test_commit_record.py::test_a_cancel_after_the_record_comes_too_late",
        "log/test_flush.py::test_vote_outcome_and_result_are_write_once",
    ),
    10: held(
        "a transaction that is not deployed takes the consumer down",
        "defects/test_undoing.py::test_an_operation_that_is_not_deployed_is_a_fault_of_that_call_alone",
        "worker/test_sdk.py::test_every_operation_needs_a_handler",
    ),
    11: held(
        "a session that failed is not replayed before the process ends",
        "defects/test_recovering.py::test_a_session_that_failed_goes_on_in_the_same_process",
        "runtime/test_operate.py::test_park_stops_a_program_and_resume_asks_again",
        "sidecar/test_lost_answers.py::test_the_answer_of_a_load_in_a_sweep_failed_unexpectedly",
    ),
    12: held(
        "a recovered session runs twice",
        "defects/test_recovering.py::test_a_session_that_is_recovered_runs_once_however_often_its_message_comes",
    ),
    13: held(
        "arguments and results are not kept",
        "defects/test_recovering.py"
        "::test_an_initiator_is_replayed_with_its_request_and_its_result_can_be_read_afterwards",
        "log/test_flush.py::test_what_was_written_is_read_again",
    ),
    14: held(
        "replies, clocks and chance are taken anew in a replay, and a divergence is not seen",
        "runtime/test_replay.py::test_a_run_over_its_log_asks_nothing_again",
        "runtime/test_replay.py::test_another_call_at_a_logged_site_is_a_divergence",
        "runtime/test_replay.py::test_another_content_under_a_site_parks",
        "model/test_switched_off.py::test_a_rule_switched_off_fails[a query's reply]",
    ),
    15: held(
        "a receive gives up after ten minutes",
        "defects/test_recovering.py::test_a_peer_that_is_away_for_long_is_waited_for",
        "system/test_apart.py::test_a_peer_that_stands_still_is_waited_for",
    ),
    16: held(
        "a role that dies of an exception tells nobody",
        "defects/test_undoing.py::test_a_role_that_fails_for_any_reason_tells_the_others",
        "runtime/test_replay.py::test_a_local_exception_aborts_with_its_place_and_not_its_text",
    ),
    17: held(
        "a recovered session speaks before there is a channel",
        "sidecar/test_driver.py::test_another_sidecar_takes_over_and_the_old_one_writes_nothing",
        "system/test_crash_points.py::test_a_kill_changes_nothing",
    ),
    18: held(
        "sessions run on after a deployment as what they did not begin as",
        "sidecar/test_versions.py::test_a_file_is_edited_and_sessions_of_both_versions_run_and_back_again",
        "sidecar/test_hosting.py::test_two_versions_stand_beside_one_another_and_new_sessions_take_the_last",
    ),
    19: held(
        "messages and aborts are lost with the broker",
        "log/test_kill.py::test_no_acknowledged_commit_is_lost",
        "log/test_identity.py::test_what_is_committed_is_flushed_whatever_the_server_is_set_to",
    ),
    20: held(
        "a message that was not sent counts as sent",
        "log/test_outbox.py::test_full_is_tried_until_there_is_room",
        "sidecar/test_relay.py::test_what_is_lost_on_the_way_is_sent_again",
    ),
    21: held(
        "a connection for each peer and session",
        "rpc/test_stream_client.py::test_many_calls_share_a_connection",
        "log/test_pooler.py::test_many_at_once_on_few_connections_of_the_server",
    ),
    22: held(
        "messages for sessions that are over stay for ever",
        "log/test_outbox.py::test_closed_is_dropped",
        "log/test_collection.py::test_a_session_goes_once_its_last_message_was_taken",
        "log/test_take.py::test_a_session_whose_row_is_written_before_the_acknowledgement_leaves_nothing_behind",
    ),
    23: held(
        "unacknowledged messages without a bound",
        "log/test_deliver.py::test_a_full_inbox_refuses_what_would_begin_a_session_and_takes_the_rest",
        "log/test_take.py::test_what_was_acknowledged_is_not_returned_again",
        "rpc/test_stream_client.py::test_calls_in_flight_are_bounded",
    ),
    24: held(
        "a database that is away ends the consumer",
        "sidecar/test_driver.py::test_a_log_that_does_not_answer_only_delays",
        "log/test_waking.py::test_it_connects_anew_and_wakes",
    ),
    25: held(
        "a channel used by several threads",
        "defects/test_source.py::test_one_thread_touches_sessions_and_connections",
    ),
    26: held(
        "two channels to one peer overwrite one another",
        "defects/test_naming.py::test_two_messages_to_the_same_peer_are_told_apart_in_any_order",
    ),
    27: held(
        "no second replica",
        "system/test_replicas.py::test_either_replica_takes_starts_and_gives_answers",
        "system/test_replicas.py::test_who_is_killed_is_replaced_within_the_lease",
        "log/test_leases.py::test_a_paused_owner_cannot_write_after_its_replacement",
    ),
    28: held(
        "a fault goes to every service there is",
        "defects/test_undoing.py::test_an_abort_goes_to_those_that_may_have_been_reached_and_to_nobody_else",
    ),
    29: held(
        "sessions that meet under one number",
        "defects/test_naming.py::test_a_sessions_name_is_a_whole_uuid_and_a_taken_one_is_not_shared",
        "log/test_deliver.py::test_other_content_under_one_identity_is_a_clash_and_the_first_stays",
    ),
    30: held(
        "transports whose two ends do not fit, and trust a length",
        "rpc/test_server.py::test_client_and_server_agree",
        "rpc/test_framing.py::test_what_ends_the_stream",
        "rpc/test_framing.py::test_a_body_that_is_too_large_is_not_kept",
        "rpc/test_stream_client.py::test_a_broken_stream_ends_its_calls_and_the_next_connects_anew",
    ),
    31: held(
        "sessions that are over stay in memory",
        "defects/test_recovering.py::test_sessions_that_are_over_leave_nothing_behind_in_memory",
    ),
    32: held(
        "objects deserialised from the network, without authentication",
        "defects/test_source.py::test_nothing_that_came_over_the_network_is_an_object_before_it_was_read",
        "rpc/test_strict.py::test_what_is_refused",
        "security/test_tokens.py::test_without_a_known_token_nothing_is_answered",
        "security/test_tokens.py::test_off_this_machine_nothing_is_served_without_tokens",
    ),
    33: held(
        "messages in spans and logs",
        "telemetry/test_saga_trace.py::test_no_span_carries_a_value",
        "telemetry/test_logs.py::test_a_key_nobody_allowed_is_dropped_and_named",
        "telemetry/test_spans.py::test_every_span_names_its_session_and_none_carries_a_payload",
    ),
    34: held(
        "ids in the attributes of metrics",
        "telemetry/test_spans.py::test_the_table_holds_each_metric_with_its_unit_and_attributes",
    ),
    35: held(
        "maps shared between threads",
        "defects/test_source.py::test_one_thread_touches_sessions_and_connections",
    ),
    36: held(
        "a statement for each message, and printing for a log",
        "defects/test_source.py::test_nothing_is_printed_by_what_runs_beside_a_service",
        "log/test_group.py::test_those_who_wait_at_the_same_time_share_a_flush",
        "telemetry/test_logs.py::test_every_log_line_of_the_code_is_in_the_table_with_its_keys",
    ),
    37: held(
        "a worker reached by RPC has no key and no transaction",
        "worker/test_sdk.py::test_effect_and_reply_are_one",
        "worker/test_fence.py::test_a_call_runs_once_and_its_repeat_reads_the_reply",
        "conformance/test_languages.py::test_a_worker_without_an_sdk_passes_every_case",
    ),
    38: Elsewhere(
        "Postgres only",
        "The log is Postgres by design, and so is the fence that comes with it: their guarantees rest on its flush, "
        "its locks and its timelines. A worker without the fence may use any database.",
    ),
    39: held(
        "no tools for operators, tables that grow, no drain",
        "runtime/test_operate.py::test_retry_asks_for_the_compensation_again",
        "log/test_queries.py::test_every_field_narrows_and_all_together",
        "log/test_collection.py::test_a_session_that_is_over_long_enough_leaves_a_stub_and_nothing_else",
        "system/test_replicas.py::test_who_leaves_is_replaced_at_once",
    ),
}


def test_every_number_has_its_row() -> None:
    assert sorted(TABLE) == list(range(1, 40))
    assert all(row.tests if isinstance(row, Held) else row.reason for row in TABLE.values())


@pytest.mark.slow
def test_every_test_that_is_named_is_there() -> None:
    named = sorted({f"tests/{name}" for row in TABLE.values() if isinstance(row, Held) for name in row.tests})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *named]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    missing = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    assert done.returncode == 0, "\n".join(missing) or done.stdout[-2000:]


@pytest.mark.parametrize("number", [number for number, row in TABLE.items() if isinstance(row, Held)])
def test_a_test_written_for_a_defect_says_which(number: int) -> None:
    """Those of this folder name their number in the docstring, so that a table that has slipped is seen."""
    row = TABLE[number]
    assert isinstance(row, Held)
    for name in row.tests:
        if name.startswith("defects/"):
            file, _, test = name.partition("::")
            text = (ROOT / "tests" / file).read_text().partition(f"def {test}(")[2].partition('"""')[2]
            said = text.partition('"""')[0]
            assert re.search(rf"\b{number}\b", said) and "Planted:" in said, name
