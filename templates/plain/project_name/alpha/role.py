"""What alpha can do."""

from __future__ import annotations

from accompanist import Role, transaction

from project_name.messages import Booking, Confirmation, Request


class Alpha(Role):
    """Begins the saga, and ends it."""

    @transaction
    def reserve(self, request: Request) -> Booking: ...

    @reserve.compensation
    def release(self, request: Request) -> None: ...

    @transaction  # it has no compensation, so it is the pivot: what comes before it can be undone
    def confirm(self, request: Request, bookings: tuple[Booking, ...]) -> Confirmation: ...
