from accompanist import At, Role, choreography, com, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def forward(giver: Desk, taker: Desk, number: At[int, "giver"]) -> At[int, "taker"]:
    return taker.ask(com(number, to=taker))


@choreography
def there_and_back(one: Desk, two: Desk, number: At[int, "one"]) -> At[int, "one"]:
    return forward(one, one, forward(one, two, number))
