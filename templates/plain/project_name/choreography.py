"""The saga, as one function over its roles.

It is read and checked, never called: `accompanist check project_name/choreography.py`.
"""

from __future__ import annotations

from typing import Annotated as At

from accompanist import choreography, com

from project_name.alpha.role import Alpha
from project_name.beta.role import Beta
from project_name.messages import Confirmation, Request


@choreography
def reserve_all(
    alpha: Alpha,
    beta: Beta,
    request: At[Request, "alpha"],
) -> At[Confirmation, "alpha"]:
    """Reserve at every service, then confirm. If one declines, what was reserved is released."""
    alpha_booking = alpha.reserve(request)
    beta_booking = beta.reserve(com(request, to=beta))
    return alpha.confirm(
        request,
        (
            alpha_booking,
            com(beta_booking, to=alpha),
        ),
    )
