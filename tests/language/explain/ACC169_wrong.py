from accompanist import At, Role, choreography, com, query


class Party(Role):
    @query
    def draw(self) -> int: ...


@choreography
def drawn(alice: Party, bob: Party) -> tuple[At[int, "alice"], At[int, "bob"]]:
    return alice.draw(), bob.draw()


@choreography
def lottery(alice: Party, bob: Party, stake: At[int, "alice"]) -> At[int, "alice"]:
    com(stake, to=bob)
    both = drawn(alice, bob)
    return stake + both[0] + com(both[1], to=alice)
