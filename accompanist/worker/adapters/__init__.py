"""Adapters of the worker to other drivers than asyncpg: psycopg 3, SQLAlchemy 2 and Django.

    from accompanist.worker.adapters.sqlalchemy import SqlAlchemy

    worker = Worker(Payment, schema="payment", database=SqlAlchemy(engine))

    @worker.operation
    async def charge(tx: AsyncSession, reservation: Reservation, tier: Tier) -> Receipt: ...

Each gives the operation the handle that its library knows, in a transaction that the worker begins and ends. Effect,
fence and reply are one commit of that transaction. A blocking driver runs in threads, a bounded number of them.

    database.py      what all have in common: the settings of a transaction, its marks, its errors
    connection.py    what a driver has to do, asynchronously or in a thread
    threads.py       threads that keep one connection each
    psycopg.py, sqlalchemy.py, django.py

Not promised: that an operation cannot commit by itself. Its library's own way to do so is refused; COMMIT as a text of
SQL is found out afterwards, and what it committed stays.
"""
