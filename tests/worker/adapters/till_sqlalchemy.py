"""The till's operations on SQLAlchemy, with models: what a session has pending is in the commit, too."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Engine, FetchedValue, create_engine, func, make_url, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from accompanist.worker import Declined, Worker, current_call
from accompanist.worker.adapters.sqlalchemy import SqlAlchemy
from workers.till.messages import Entry, Slip
from workers.till.roles import Till
from workers.till.till import PAUSE_MS_MAX, SCHEMA


class Base(DeclarativeBase):
    __table_args__: ClassVar = {"schema": SCHEMA}


class Drawer(Base):
    __tablename__ = "drawer"
    name: Mapped[str] = mapped_column(primary_key=True)
    cents: Mapped[int] = mapped_column(BigInteger)


class PrintedSlip(Base):
    __tablename__ = "slip"
    number: Mapped[str] = mapped_column(primary_key=True, server_default=FetchedValue())
    session: Mapped[UUID]
    site: Mapped[str]
    drawer: Mapped[str]
    cents: Mapped[int] = mapped_column(BigInteger)
    taken_back: Mapped[bool] = mapped_column(default=False)


class Mended(Base):
    __tablename__ = "mended"
    drawer: Mapped[str] = mapped_column(primary_key=True)


class Ledger(Base):
    __tablename__ = "ledger"
    drawer: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)


def put_in(tx: Session, drawer: str, entry: Entry) -> Slip:
    if entry.cents < 1:
        raise Declined("nothing to put in")
    if drawer.startswith("broken-") and tx.get(Mended, drawer) is None:
        raise RuntimeError("the drawer is jammed")
    tx.execute(upsert(drawer, entry.cents))
    slip = printed(tx, drawer, entry.cents)
    tx.execute(ledger(drawer, "put"))
    if entry.pause_ms > 0:
        tx.execute(select(func.pg_sleep(min(entry.pause_ms, PAUSE_MS_MAX) / 1000)))
    return Slip(slip.number, entry.cents, entry.note)


def put_back(tx: Session, drawer: str) -> None:
    call = current_call()
    found = tx.scalars(
        select(PrintedSlip)
        .where(PrintedSlip.session == call.session, PrintedSlip.site == call.site, ~PrintedSlip.taken_back)
        .with_for_update()
    ).one()
    found.taken_back = True
    held = tx.get_one(Drawer, drawer, with_for_update=True)
    held.cents -= found.cents  # left for the session to flush
    tx.execute(ledger(drawer, "take_back"))


def pay_out(tx: Session, drawer: str, cents: int) -> Slip:
    if cents < 1:
        raise Declined("nothing to pay out")
    held = tx.get(Drawer, drawer, with_for_update=True)
    if held is None or held.cents < cents:
        raise Declined("not enough in the drawer")
    held.cents -= cents
    tx.execute(ledger(drawer, "pay"))
    return Slip(printed(tx, drawer, cents).number, cents, "")


def make_whole(tx: Session, drawer: str) -> None:
    tx.merge(Mended(drawer=drawer))
    tx.execute(ledger(drawer, "mend"))


def held_in(tx: Session, drawer: str) -> int:
    return tx.scalar(select(Drawer.cents).where(Drawer.name == drawer)) or 0


def printed(tx: Session, drawer: str, cents: int) -> PrintedSlip:
    call = current_call()
    slip = PrintedSlip(session=call.session, site=call.site, drawer=drawer, cents=cents)
    tx.add(slip)
    tx.flush()
    return slip


def upsert(drawer: str, cents: int) -> Insert:
    made = insert(Drawer).values(name=drawer, cents=cents)
    return made.on_conflict_do_update(index_elements=["name"], set_={"cents": Drawer.cents + cents})


def ledger(drawer: str, operation: str) -> Insert:
    """A row of the ledger, whose table has no key."""
    return insert(Ledger).values(drawer=drawer, operation=operation)


def asynchronous(driver: str, dsn: str) -> Worker:
    """With `async def`."""
    engine = create_async_engine(make_url(dsn).set(drivername=f"postgresql+{driver}"), pool_size=16)
    worker = Worker(Till, SCHEMA, database=SqlAlchemy(async_sessionmaker(engine, expire_on_commit=False)))

    @worker.operation
    async def put(tx: AsyncSession, drawer: str, entry: Entry) -> Slip:
        return await tx.run_sync(put_in, drawer, entry)

    @worker.operation
    async def take_back(tx: AsyncSession, drawer: str, entry: Entry) -> None:
        await tx.run_sync(put_back, drawer)

    @worker.operation
    async def pay(tx: AsyncSession, drawer: str, cents: int) -> Slip:
        return await tx.run_sync(pay_out, drawer, cents)

    @worker.operation
    async def mend(tx: AsyncSession, drawer: str) -> None:
        await tx.merge(Mended(drawer=drawer))
        await tx.execute(ledger(drawer, "mend"))

    @worker.operation
    async def balance(tx: AsyncSession, drawer: str) -> int:
        return await tx.scalar(select(Drawer.cents).where(Drawer.name == drawer)) or 0

    return worker


def blocking(dsn: str) -> Worker:
    """With `def`."""
    engine: Engine = create_engine(make_url(dsn).set(drivername="postgresql+psycopg"), pool_size=16)
    worker = Worker(Till, SCHEMA, database=SqlAlchemy(engine))

    @worker.operation
    def put(tx: Session, drawer: str, entry: Entry) -> Slip:
        return put_in(tx, drawer, entry)

    @worker.operation
    def take_back(tx: Session, drawer: str, entry: Entry) -> None:
        put_back(tx, drawer)

    @worker.operation
    def pay(tx: Session, drawer: str, cents: int) -> Slip:
        return pay_out(tx, drawer, cents)

    @worker.operation
    def mend(tx: Session, drawer: str) -> None:
        make_whole(tx, drawer)

    @worker.operation
    def balance(tx: Session, drawer: str) -> int:
        return held_in(tx, drawer)

    return worker
