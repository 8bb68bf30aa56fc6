from accompanist import At, Role, choreography, query, share


class Desk(Role):
    @query
    def weigh(self, boxes: list[int]) -> int: ...


@choreography
def weigh(desk: Desk, other: Desk, boxes: At[list[int], "desk"]) -> At[int, "other"]:
    known = share(boxes, to=[other])
    desk.weigh(known)
    return other.weigh(known)
