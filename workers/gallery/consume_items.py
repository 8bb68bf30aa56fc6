"""A stream of items from a producer to a consumer, as long as the producer has some.

The smallest program in which one role decides, again and again, whether there is more to do, and the other one has to
hear of it. It is the example by which Choral explains knowledge of choice: written without selections the consumer
does not know whether to wait for another item or to stop, and its projection is refused. Here no selection is written.
The loop is over the producer's list, so the compiler finds that the consumer has to be told of each turn and of the
end; "there is one more" rides on the item itself, and only the end is a message of its own. Each item is kept by a
transaction that can be undone, so if the third one is refused, the first two are given back.

Source: Choral's documentation, "Knowledge of Choice", and the example ConsumeItems of choral-lang/choral.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Producer(Role):
    @query
    def items(self, order: str) -> list[int]: ...


class Consumer(Role):
    @transaction
    def accept(self, item: int) -> int: ...

    @accept.compensation
    def give_back(self, item: int) -> None: ...


@choreography
def consume_items(producer: Producer, consumer: Consumer, order: At[str, "producer"]) -> At[int, "producer"]:
    accepted = 0
    for item in producer.items(order):
        weight = consumer.accept(com(item, to=consumer))
        accepted = accepted + com(weight, to=producer)
    return accepted


WORKERS: dict[str, Callable[..., Any]] = {
    "producer.items": lambda order: list(range(len(order))),
    "consumer.accept": lambda item: item * 10,
}
ARGUMENTS: list[dict[str, Any]] = [{"order": "abcd"}, {"order": ""}]
RESULTS: list[Any] = [60, 0]
