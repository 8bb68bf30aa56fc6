"""The roles of a saga as a model in Promela, SPIN's language: a second tool makes the product of the roles, the
schedules and the fairness, and gives its own verdict.

A role is exported as an automaton: its states, its moves, what each move costs the adversary, which messages it hands
over, and where a message leads that is put into its inbox. All of it is what the real session core did while the
explorer drove it, without the reduction. What is SPIN's own: which moves are possible together, which states the saga
can be in, and whether every run under weak fairness ends. Whether a role has ended well is judged here by a rule of
its own, and not by `search.properties`.

Each role is two processes: what happens by itself, to which fairness applies, and what the adversary may do and need
not. `ends` says: in the end the saga is over, and stays so. `known` says: SPIN comes to no place where the explorer was
not.

Not exported: lies, since they depend on two roles at once, and workers without a fence, which may end in a person's
hands. Not independent: the steps of one role. They are the core's, in the form that `search.role` gives them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from accompanist.runtime.ports import Phase
from accompanist.simulation.search.explore import Explorer, FaultBudget
from accompanist.simulation.search.properties import Broken, FinalState
from accompanist.simulation.search.state import Chance, Transition

HEADER, MODEL = "automata.h", "saga.pml"

_COINS = {
    Chance.CRASH: FaultBudget._fields.index("crashes"),
    Chance.LOST: FaultBudget._fields.index("lost_answers"),
    Chance.DECLINE: FaultBudget._fields.index("declines"),
    Chance.DEADLINE: FaultBudget._fields.index("deadlines"),
    Chance.CANCEL: FaultBudget._fields.index("cancels"),
}
STUCK = "stuck"
_UNTOUCHED, _SETTLED, _UNDONE, _OTHER = range(4)


@dataclass
class RecordedExplorer(Explorer):
    """A full search that keeps what it asked of each role. `lost`: the number of a message whose hand-over is dropped;
    then a run that does not end is no error, but an end of its own kind."""

    lost: int | None = None
    taken: dict[tuple[int, int], dict[Transition, None]] = field(default_factory=dict, init=False)
    """By place and state: the moves that were possible."""
    deposits: dict[tuple[int, int, int], int] = field(default_factory=dict, init=False)
    """By place, state and message: the state with the message in the inbox."""

    def moves(self, state: tuple[int, ...]) -> Iterator[tuple[int, Transition, int]]:
        for place, at in enumerate(state[:-1]):
            self.taken.setdefault((place, at), {})
        for place, move, left in super().moves(state):
            self.taken[place, state[place]][move] = None
            yield place, move, left

    def deliver(self, state: tuple[int, ...], sent: tuple[int, ...]) -> tuple[int, ...]:
        names = [role.name for role in self.roles]
        for number in sent:
            if number != self.lost:
                place = names.index(self.post.messages[number].receiver)
                before, state = state, super().deliver(state, (number,))
                self.deposits[place, before[place], number] = state[place]
        return state

    def judge_end(self, state: tuple[int, ...]) -> str:
        try:
            return super().judge_end(state)
        except Broken:
            if self.lost is None:
                raise
            return STUCK


def recorded(searched: Explorer, lost: int | None = None) -> RecordedExplorer:
    """The same saga, to be searched in full and exported. Raises ValueError for what cannot be exported."""
    if searched.faults.lies or searched.plain:
        raise ValueError("lies, and workers without a fence, are not exported")
    given = {each.name: getattr(searched, each.name) for each in fields(Explorer)}
    return RecordedExplorer(**{**given, "reduced": False, "refines": False}, lost=lost)


class _Move(NamedTuple):
    """A move: whether it happens by itself, the coins that it costs as bits, the state it leads to, and what it hands
    over."""

    helpful: bool
    cost: int
    to: int
    sent: tuple[int, ...]


def model(searched: RecordedExplorer) -> Mapping[str, str]:
    """The model of a saga whose search is over: the text of each file by its name, `MODEL` and what it includes."""
    return {HEADER: _header(searched), MODEL: _promela(searched)}


def _moves(searched: RecordedExplorer, place: int, at: int) -> list[_Move]:
    """The moves of one role in one state; two that differ in their words only are one."""
    made = (
        _Move(
            helpful=move.chance is Chance.HELPFUL,
            cost=_cost(move),
            to=move.to,
            sent=tuple(number for number in move.sent if number != searched.lost),
        )
        for move in searched.taken.get((place, at), ())
    )
    return list(dict.fromkeys(made))


def _cost(move: Transition) -> int:
    coins = [_COINS[move.chance]] if move.chance in _COINS else []
    return sum(1 << coin for coin in {*coins, *([_COINS[Chance.DECLINE]] if move.declines else [])})


def _standing(state: FinalState) -> int:
    """How a role stands if nothing more happens: it took no part, all it did stays, all it did is undone in reverse
    order, or something else."""
    done, undone = tuple(entry.site for entry in state.fence.executed), state.fence.undone
    if state.row is None:
        return _OTHER if state.reached or done else _UNTOUCHED
    if state.row.phase is Phase.SETTLED and not undone:
        return _SETTLED
    if state.row.phase is Phase.ENDED and undone == done[::-1] and state.fence.memory == state.unspoilt:
        return _UNDONE
    return _OTHER


def _header(searched: RecordedExplorer) -> str:
    """The automata as tables in C. A role's states are numbered from its `START` on, a state's moves from its
    `MOVES` on, and what a move hands over from its `SENT` on."""
    start, moves, known, standing = [0], [0], list[int](), list[int]()
    helpful, cost, to, sent, handed = list[int](), list[int](), list[int](), [0], list[int]()
    for place, role in enumerate(searched.roles):
        for at in range(len(role)):
            known.append(int((place, at) in searched.taken))
            standing.append(_standing(role.ended(at)))
            for move in _moves(searched, place, at):
                helpful.append(int(move.helpful))
                cost.append(move.cost)
                to.append(move.to)
                handed.extend(move.sent)
                sent.append(len(handed))
            moves.append(len(to))
        start.append(len(known))
    messages, names = searched.post.messages, [role.name for role in searched.roles]
    keyed = {(start[place] + at) * len(messages) + n: then for (place, at, n), then in searched.deposits.items()}
    tables = {
        "START": start,
        "KNOWN": known,
        "STANDING": standing,
        "MOVES": moves,
        "HELPFUL": helpful,
        "COST": cost,
        "TO": to,
        "SENT": sent,
        "HANDED": handed,
        "RECEIVER": [names.index(message.receiver) for message in messages],
        "KEYS": sorted(keyed),
        "THEN": [keyed[key] for key in sorted(keyed)],
    }
    sizes = {
        "MESSAGES": len(messages),
        "DEPOSITS": len(keyed),
        "ROLES": len(names),
        "INITIATOR": names.index(searched.initiator),
        "COINS": len(_COINS),
    }
    lines = [f"#define {name} {value}" for name, value in sizes.items()]
    lines += [f"static const int {name}[] = {{{','.join(map(str, row)) or '0'}}};" for name, row in tables.items()]
    return "\n".join([*lines, _DEPOSIT])


_DEPOSIT = """\
static int deposit(int role, int at, int message)
{
  int key = (START[role] + at) * MESSAGES + message, low = 0, high = DEPOSITS - 1;
  while (low <= high) {
    int middle = (low + high) / 2;
    if (KEYS[middle] == key) return THEN[middle];
    if (KEYS[middle] < key) low = middle + 1; else high = middle - 1;
  }
  return -1;
}
"""

_REST = "proctype rest() { end: do :: over || !over od }"
"""A run that has nothing left to do goes on for ever. Without this process, a search for unfair ends passes over a run
that stops before the saga is over."""

_STEPS = """\
static int can(int role, int number, int helpful)
{
  int state = START[role] + now.at[role], move = MOVES[state] + number, coin;
  if (move >= MOVES[state + 1] || HELPFUL[move] != helpful) return 0;
  for (coin = 0; coin < COINS; coin++) if (COST[move] >> coin & 1 && !now.purse[coin]) return 0;
  return 1;
}
static void look(void)
{
  int role, settled = 1, undone = 1;
  for (role = 0; role < ROLES; role++) {
    int state = START[role] + now.at[role], is = STANDING[state];
    if (!KNOWN[state]) now.strange = 1;
    settled &= is == 1 || (is == 0 && role != INITIATOR);
    undone &= is == 2 || (is == 0 && role != INITIATOR);
  }
  now.over = settled || undone;
}
static void go(int role, int number)
{
  int move = MOVES[START[role] + now.at[role]] + number, coin, at;
  for (coin = 0; coin < COINS; coin++) now.purse[coin] -= COST[move] >> coin & 1;
  now.at[role] = TO[move];
  for (at = SENT[move]; at < SENT[move + 1]; at++) {
    int receiver = RECEIVER[HANDED[at]], then = deposit(receiver, now.at[receiver], HANDED[at]);
    if (then < 0) now.strange = 1; else now.at[receiver] = then;
  }
  look();
}
"""


def _promela(searched: RecordedExplorer) -> str:
    """The processes and the claims."""
    budget = [getattr(searched.faults, FaultBudget._fields[coin]) for coin in sorted(_COINS.values())]
    begun = [f"now.at[{place}] = {at};" for place, at in enumerate(searched.first[:-1])]
    begun += [f"now.purse[{coin}] = {min(left, 100)};" for coin, left in enumerate(budget)]
    parts = [
        f'c_decl {{\n\\#include "{HEADER}"\n}};',
        f'c_state "int at[{len(searched.roles)}]" "Global"',
        f'c_state "int purse[{len(_COINS)}]" "Global"',
        "bit over = 0; bit strange = 0;",
        f"c_code {{\n{_STEPS}}};",
        *(_process(searched, place) for place in range(len(searched.roles))),
        _REST,
        f"init {{ atomic {{ c_code {{ {' '.join(begun)} look(); }}; {_run(searched)} }} }}",
        "ltl known { [] !strange }",
        "ltl ends { <> [] over }",
    ]
    return "\n".join(parts) + "\n"


def _process(searched: RecordedExplorer, place: int) -> str:
    """A role's two processes: what happens by itself, and the adversary."""
    most = max(len(_moves(searched, place, at)) for at in range(len(searched.roles[place])))

    def loop(helpful: int) -> str:  # SPIN takes what looks like a call in c_expr for one with effects
        return "\n".join(
            f"  :: atomic {{ c_expr {{ (can)({place}, {n}, {helpful}) }} -> c_code {{ go({place}, {n}); }} }}"
            for n in range(max(most, 1))
        )

    names = (f"role_{place}", f"adversary_{place}")
    text = f"/* {searched.roles[place].name} */"
    return "\n".join(
        [text, *(f"proctype {name}() {{ end: do\n{loop(1 - at)}\n  od }}" for at, name in enumerate(names))]
    )


def _run(searched: RecordedExplorer) -> str:
    roles = " ".join(f"run role_{place}(); run adversary_{place}();" for place in range(len(searched.roles)))
    return f"{roles} run rest();"
