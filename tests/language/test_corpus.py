"""The gallery, choreographies of the literature in our own words: they come to what is written beside them.

That their projections and the runtime come to the same is what every must_pass program is held to, these too.
"""

from __future__ import annotations

import pytest

from accompanist.language import direct
from tests.language.programs import CORPUS, MUST_FAIL, must_pass

WRONG = {
    "tic_tac_toe": "board_of_one",
    "consume_items": "items_gone_for_good",
    "buyer_seller_shipper": "sent_before_it_is_held",
    "remote_function": "number_not_brought",
    "majority": "answers_left_apart",
    "dining_cryptographers": "payer_told",
    "haggling": "agreed_apart",
    "download": "piece_left_there",
    "lottery": "winner_by_chance",
    "gmw": "bit_not_masked",
    "auction": "house_bids",
    "bookseller": "bookseller_price",
    "chain1": "link_before_its_turn",
    "chain3": "link_before_its_turn",
    "chain5": "link_before_its_turn",
    "chat": "match_without_a_rest",
    "diffie_hellman": "secrets_compared",
    "distributed_authentication": "password_elsewhere",
    "escrow": "refused_after_release",
    "greeter": "idle_greeter",
    "hotel_search": "rooms_in_a_list",
    "karatsuba": "products_left_apart",
    "mergesort": "sort_without_end",
    "quicksort": "half_not_moved",
    "replicated_store": "copy_not_awaited",
    "ring_election": "ring_of_one",
    "sign_on_with_retry": "retry_that_ships",
    "travel": "attempted_journey",
    "two_buyers": "buyers_swapped",
    "two_phase_commit": "commit_before_decision",
    "vitals": "readings_in_a_census",
    "webshop": "delivered_twice",
}
"""A wrong variant of each; some have several."""


def test_there_are_enough() -> None:
    assert len(CORPUS) >= 30


@pytest.mark.parametrize("name", CORPUS)
def test_its_results(name: str) -> None:
    choreography, module = must_pass(name)
    found = []
    for arguments in module.ARGUMENTS:
        told = direct.run(choreography, arguments, direct.workers(module.WORKERS))
        found.append(f"undone: {told.reason}" if told.aborted else told.result)
    assert found == module.RESULTS


def test_each_has_a_wrong_variant() -> None:
    assert WRONG.keys() == set(CORPUS)
    assert set(WRONG.values()) <= set(MUST_FAIL)
