"""Authentication by a provider: the client proves who it is, and both it and the service get a token, or neither."""

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
    page = service.page(token[:3])
    return com(page, to=client)


WORKERS: dict[str, Callable[..., Any]] = {
    "client.hashed": lambda password, salt: f"{password}{salt}",
    "provider.salt": lambda user: user[0],
    "provider.known": lambda user, proof: proof == "secreta",
    "service.page": lambda token: f"welcome {token}",
}
ARGUMENTS: list[dict[str, Any]] = [{"login": Login("ann", word)} for word in ("secret", "guess")]
RESULTS: list[Any] = ["welcome ann", "refused"]
