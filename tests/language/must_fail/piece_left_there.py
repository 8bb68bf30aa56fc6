"""A file that is fetched piece by piece: the piece is looked at where it was not sent."""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.gallery.download import Client, Server


@choreography
def piece_left_there(client: Client, server: Server, name: At[str, "client"]) -> At[int, "client"]:
    piece = server.read(com(name, to=server), 0, 1)
    return client.store(0, piece.text)  #! ACC113 client.store takes text at client, but piece.text is at server
