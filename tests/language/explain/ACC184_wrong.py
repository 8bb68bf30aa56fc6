from datetime import timedelta

from accompanist import At, Role, choreography, query


class Lab(Role):
    @query
    def rest(self, sample: int) -> timedelta: ...


@choreography
def wait(lab: Lab, sample: At[int, "lab"]) -> At[str, "lab"]:
    rest = lab.rest(sample)
    lab.sleep(rest)
    return f"{lab.now():%d.%m.}"
