"""Authentication by a provider: the client and the service both get a token, or neither does.

The client's password is never sent. The provider sends a salt, the client hashes both, and the provider judges the
proof. Whether it is valid is shared with the other two, so each of the three branches by itself and nobody is told
anything. The token is made of a reading of chance at the provider: it is recorded, so a provider that crashes and
recovers hands out the same token again. In Choral the result is an object with a part at the client and a part at the
service, AuthResult; here it is one shared value, and the client looks whether it bears its name.

Source: the example DistAuth of choral-lang/choral, and section 2 of Choral: Object-Oriented Choreographic Programming
(TOPLAS 2024).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accompanist import At, Role, choreography, com, query, share


@dataclass(frozen=True)
class Login:
    user: str
    password: str


class Client(Role):
    @query
    def hashed(self, password: str, salt: str) -> str: ...


class Provider(Role):
    @query
    def salt(self, user: str) -> str: ...

    @query
    def known(self, user: str, proof: str) -> bool: ...


class Service(Role):
    @query
    def page(self, token: str) -> str: ...


@choreography
def distributed_authentication(
    client: Client, provider: Provider, service: Service, login: At[Login, "client"]
) -> At[str, "client"]:
    user = com(login.user, to=provider)
    salt = com(provider.salt(user), to=client)
    proof = client.hashed(login.password, salt)
    valid = share(provider.known(user, com(proof, to=provider)), to=[client, service])
    if not valid:
        return "refused"
    token = share(f"{user}-{provider.uuid()}", to=[client, service])
    page = com(service.page(token[:3]), to=client)
    return page if token.startswith(login.user) else "a token of somebody else"


WORKERS: dict[str, Callable[..., Any]] = {
    "client.hashed": lambda password, salt: f"{password}{salt}",
    "provider.salt": lambda user: user[0],
    "provider.known": lambda user, proof: proof == "secreta",
    "service.page": lambda token: f"welcome {token}",
}
ARGUMENTS: list[dict[str, Any]] = [{"login": Login("ann", word)} for word in ("secret", "guess")]
RESULTS: list[Any] = ["welcome ann", "refused"]
