from accompanist import At, Role, choreography, transaction


class Post(Role):
    @transaction(retriable=True, timeout_s=3, cap_s=60)
    def announce(self, order: str) -> None: ...


@choreography
def sell(post: Post, order: At[str, "post"]) -> None:
    post.announce(order)
