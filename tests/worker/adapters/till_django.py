"""The till's operations on Django's models. A table without a key, the ledger, is written by a cursor."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from accompanist.worker import Declined, Worker, current_call
from accompanist.worker.adapters.django import Django
from tests.worker.adapters import django_models
from tests.worker.adapters.django_models import Drawer, Mended, PrintedSlip
from workers.till.messages import Entry, Slip
from workers.till.roles import Till
from workers.till.till import PAUSE_MS_MAX, SCHEMA


def noted(tx: BaseDatabaseWrapper, drawer: str, operation: str) -> None:
    with tx.cursor() as cursor:
        cursor.execute("INSERT INTO ledger (drawer, operation) VALUES (%s, %s)", [drawer, operation])


def printed(tx: BaseDatabaseWrapper, drawer: str, cents: int) -> str:
    call = current_call()
    with tx.cursor() as cursor:
        cursor.execute("SELECT 'S' || nextval('slip_number')")
        [number] = cursor.fetchone()
    slip = PrintedSlip(number=number, session=call.session, site=call.site, drawer=drawer, cents=cents)
    slip.save(using=tx.alias, force_insert=True)
    return slip.number


def blocking(dsn: str) -> Worker:
    """With `def`; Django has no other way to a transaction."""
    using = django_models.connect(dsn, SCHEMA)
    worker = Worker(Till, SCHEMA, database=Django(using))

    @worker.operation
    def put(tx: BaseDatabaseWrapper, drawer: str, entry: Entry) -> Slip:
        if entry.cents < 1:
            raise Declined("nothing to put in")
        if drawer.startswith("broken-") and not Mended.objects.using(using).filter(drawer=drawer).exists():
            raise RuntimeError("the drawer is jammed")
        with tx.cursor() as cursor:
            cursor.execute(
                "INSERT INTO drawer (name, cents) VALUES (%s, %s)"
                " ON CONFLICT (name) DO UPDATE SET cents = drawer.cents + excluded.cents",
                [drawer, entry.cents],
            )
            number = printed(tx, drawer, entry.cents)
            noted(tx, drawer, "put")
            if entry.pause_ms > 0:
                cursor.execute("SELECT pg_sleep(%s::float8 / 1000)", [min(entry.pause_ms, PAUSE_MS_MAX)])
        return Slip(number, entry.cents, entry.note)

    @worker.operation
    def take_back(tx: BaseDatabaseWrapper, drawer: str, entry: Entry) -> None:
        call = current_call()
        slips = PrintedSlip.objects.using(using).select_for_update()
        slip = slips.get(session=call.session, site=call.site, taken_back=False)
        slip.taken_back = True
        slip.save()
        held = Drawer.objects.using(using).select_for_update().get(name=drawer)
        held.cents -= slip.cents
        held.save()
        noted(tx, drawer, "take_back")

    @worker.operation
    def pay(tx: BaseDatabaseWrapper, drawer: str, cents: int) -> Slip:
        if cents < 1:
            raise Declined("nothing to pay out")
        held = Drawer.objects.using(using).select_for_update().filter(name=drawer, cents__gte=cents).first()
        if held is None:
            raise Declined("not enough in the drawer")
        held.cents -= cents
        held.save()
        noted(tx, drawer, "pay")
        return Slip(printed(tx, drawer, cents), cents, "")

    @worker.operation
    def mend(tx: BaseDatabaseWrapper, drawer: str) -> None:
        Mended.objects.using(using).get_or_create(drawer=drawer)
        noted(tx, drawer, "mend")

    @worker.operation
    def balance(tx: BaseDatabaseWrapper, drawer: str) -> int:
        held = Drawer.objects.using(using).filter(name=drawer).first()
        return 0 if held is None else held.cents

    return worker
