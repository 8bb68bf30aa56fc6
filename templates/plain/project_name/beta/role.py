"""What beta can do."""

from __future__ import annotations

from accompanist import Role, transaction

from project_name.messages import Booking, Request


class Beta(Role):
    """Sets aside what was asked for."""

    @transaction
    def reserve(self, request: Request) -> Booking: ...

    @reserve.compensation
    def release(self, request: Request) -> None: ...
