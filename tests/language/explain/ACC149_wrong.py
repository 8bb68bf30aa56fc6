from enum import Enum

from accompanist import At, Role, choreography, query


class Size(Enum):
    SMALL = "small"
    MIDDLE = "middle"
    LARGE = "large"


class Post(Role):
    @query
    def price(self, grams: int) -> int: ...


@choreography
def weigh(post: Post, size: At[Size, "post"]) -> At[int, "post"]:
    match size:
        case Size.SMALL:
            grams = 100
        case Size.LARGE:
            grams = 5000
    return post.price(grams)
