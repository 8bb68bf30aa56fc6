from datetime import UTC, datetime, timedelta

from accompanist import At, Role, choreography, query


class Lab(Role):
    @query
    def rest(self, sample: int) -> timedelta: ...


@choreography
def wait(lab: Lab, sample: At[int, "lab"]) -> At[str, "lab"]:
    rest = lab.rest(sample)
    lab.sleep(rest.total_seconds())
    when = datetime.fromtimestamp(lab.now(), UTC)
    return f"{when.day:02}.{when.month:02}."
