"""The REST till as a worker: python -m workers.rest.adapter unix:/run/till.sock http://127.0.0.1:7010 (README.md)"""

import asyncio
import sys
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from accompanist.language.values import codec
from accompanist.rpc import envelope, meta
from accompanist.rpc.dispatch import Handler, Params
from accompanist.rpc.server import serve
from workers.till.messages import Entry


async def adapt(url: str, base: str) -> None:
    http = aiohttp.ClientSession()

    def method(verb: str, path: str, answer: Any = lambda told: None, **types: Any) -> Handler:
        async def call(params: Params, context: bytes | None) -> bytes:
            if params.keys() != types.keys():
                raise envelope.invalid_params(f"takes {', '.join(types)}")
            values = {name: codec.decode(bytes(params[name]), wanted) for name, wanted in types.items()}
            key = meta.read(context or b"{}")  # names the entry: a repeated PUT, or a DELETE, means the same one
            id = quote(f"{key.session}/{key.role}/{key.site}", safe="")
            place = base + path.format(drawer=quote(values.pop("drawer"), safe=""), id=id)
            async with http.request(verb, place, json=msgspec.to_builtins(values.get("entry", values))) as response:
                told = await response.json()
            if response.status in (409, 422):
                raise envelope.RpcError(envelope.DECLINED, "declined", told["detail"])
            if response.status != 200 and (verb, response.status) != ("DELETE", 404):  # gone is gone
                raise envelope.RpcError(envelope.INTERNAL_ERROR, "internal error", f"HTTP status {response.status}")
            return codec.encode(answer(told))

        return call

    put = method("PUT", "/drawers/{drawer}/entries/{id}", lambda told: told, drawer=str, entry=Entry)
    take_back = method("DELETE", "/drawers/{drawer}/entries/{id}", drawer=str, entry=Entry)
    pay = method("POST", "/drawers/{drawer}/payments", lambda told: told, drawer=str, cents=int)
    mend = method("POST", "/drawers/{drawer}/repair", drawer=str)
    balance = method("GET", "/drawers/{drawer}", lambda told: told["cents"], drawer=str)
    await serve({"put": put, "take_back": take_back, "pay": pay, "mend": mend, "balance": balance}, url)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(adapt(sys.argv[1], sys.argv[2]))
