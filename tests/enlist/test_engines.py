"""A session of SQLAlchemy that has several engines is refused: a start could be in another commit than its cause."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker

from accompanist import enlist
from accompanist.errors import AuthorError


class Base(DeclarativeBase):
    pass


class Placed(Base):
    __tablename__ = "placed"
    number: Mapped[int] = mapped_column(primary_key=True)


def test_a_session_of_several_engines_is_refused() -> None:
    engine = create_engine("postgresql+psycopg://nobody@localhost/nowhere")
    several = sessionmaker(engine, binds={Placed: engine})
    for session in (several(), scoped_session(several)):
        with pytest.raises(AuthorError, match="ACC857"):
            enlist.with_sqlalchemy(session, "acc_warehouse")
    with pytest.raises(AuthorError, match="ACC857"):
        enlist.with_async_sqlalchemy(AsyncSession(binds={Placed: create_async_engine(engine.url)}), "acc_warehouse")
    enlist.with_sqlalchemy(Session(engine), "acc_warehouse")
