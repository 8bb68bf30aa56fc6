"""The application that people use. It starts sagas at the sidecar of alpha, and waits for how they end.

uvicorn project_name.web:app
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import fastapi
from accompanist import Client
from accompanist.client import NotOver, Undone
from fastapi import Depends, FastAPI, Header, HTTPException

from project_name.choreography import reserve_all
from project_name.messages import Confirmation, Request

API = os.environ.get("ALPHA_API", "http://127.0.0.1:7101")
TOKEN_FILE = os.environ.get("ALPHA_TOKEN_FILE", "var/state/alpha/api.token")
PATIENCE_S = 30.0


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with Client(API, token_file=TOKEN_FILE) as client:
        app.state.client = client
        yield


app = FastAPI(title="project_name", lifespan=lifespan)


def client_of(request: fastapi.Request) -> Client:
    client: Client = request.app.state.client
    return client


@app.post("/reservations")
async def reserve(
    request: Request,
    client: Annotated[Client, Depends(client_of)],
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Confirmation:
    """Reserve at every service. A request that is sent again with the same Idempotency-Key starts no second saga."""
    session = await client.start(reserve_all, request, key=idempotency_key)
    try:
        return await session.result(timeout_s=PATIENCE_S)
    except Undone as undone:
        raise HTTPException(409, undone.reason) from None
    except NotOver:
        raise HTTPException(504, f"session {session.id} is not over; it goes on") from None
