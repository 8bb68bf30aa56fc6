"""A function that is applied somewhere else: the number stays at home."""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.gallery.remote_function import Client, Server, squared


@choreography
def number_not_brought(client: Client, server: Server, numbers: At[list[int], "client"]) -> At[int, "client"]:
    total = 0
    for number in numbers:
        total = total + com(squared(server, number), to=client)  #! ACC113 squared takes number at server
    return total
