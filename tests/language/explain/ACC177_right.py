from accompanist import At, Role, choreography, share


class Desk(Role): ...


class Till(Role): ...


@choreography
def look_up(desk: Desk, till: Till, name: At[str, "desk"], other: At[str, "desk"]) -> At[bool, "desk", "till"]:
    both = share((name, other), to=[till])
    return both[0] == both[1]
