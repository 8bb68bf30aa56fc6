"""Every code of the language, with why it happens and what to do; `accompanist explain CODE` prints them.

Codes are stable for ever. ACC10x: the file; 11x: places; 12x: what is not in the language; 13x: determinism; 14x:
types and parts; 15x: sagas; 16x: declarations; 17x: secrets, what could be left out, iterators and identity.
"""

from __future__ import annotations

from accompanist.errors import catalogue

# -- the file --------------------------------------------------------------------------------------
UNREADABLE = catalogue(
    "ACC100",
    "file cannot be read",
    "The file does not exist, is not UTF-8 text, lies outside the project's root, or in a directory below it that "
    "Python cannot import from, because there is a dot in its name. Any other will do: `order-service`, `class`. Or "
    "the file is called like a module of Python that it imports, and hides it.",
    "Give the path of a Python file inside the root; rename `v1.2` to `v1_2`, and `enum.py` to `loan.py`.",
)
SYNTAX = catalogue(
    "ACC101",
    "not valid Python",
    "A choreography is a Python file, and so is what it imports; Python itself refuses this one.",
    "Mend what Python points at; `python -m py_compile FILE` says the same.",
)
NO_CHOREOGRAPHY = catalogue(
    "ACC102",
    "no choreography in this file",
    "No function at the top level of the file is decorated @choreography.",
    "Decorate it: `from accompanist import choreography`, then `@choreography` above the function.",
)
TOO_LARGE = catalogue(
    "ACC103",
    "too large",
    "Every bound of a choreography is in accompanist/limits.py: bytes of a file, nesting of expressions and branches, "
    "points of the normal form. What follows an early return inside a branch is copied into the branches and counts "
    "once for each copy.",
    "Move computations into @pure functions, flatten branches, or return in every branch or in none.",
)

# -- places ----------------------------------------------------------------------------------------
NAME_UNKNOWN = catalogue(
    "ACC110",
    "unknown name",
    "A name has to be given a value before it is read: on both sides of an `if`, before a loop that may have no turn, "
    "or by an import or a definition in the file. `from x import *` is not followed.",
    "Assign it before the branch or the loop, or import it by name.",
)
ROLE_UNKNOWN = catalogue(
    "ACC111",
    "unknown role or operation",
    "Roles are the choreography's own parameters whose type is a role class; operations are the methods of that class.",
    "Check the spelling, or add the parameter or the operation.",
)
NO_OWNER = catalogue(
    "ACC112",
    "no role owns every operand",
    "An expression is computed at the roles that own all of its operands. These operands have no role in common.",
    "Move one of them to the role of the other: `com(value, to=role)`. Values that only stand in one line, such as "
    "`x, y = a.draw(), b.draw()`, are two lines.",
)
WRONG_PLACE = catalogue(
    "ACC113",
    "value is at another role",
    "A role's operation takes values that the role owns, and a result is returned at roles that own it. Data moves "
    "only where com or share is written. The value that was sent stays where it was; what com "
    "returns is at the receiver.",
    "Move the value there, and use what com returns: `there = com(value, to=role)`.",
)
BAD_MOVE = catalogue(
    "ACC114",
    "com or share is written wrongly",
    "`com(value, to=role)` has one value and one role; `share(value, to=[role, …])` one value and a list of roles.",
    "Write it in one of these two forms.",
)
BAD_CALL = catalogue(
    "ACC115",
    "operation called with the wrong arguments",
    "A role call gives each parameter of the operation once, by position or by name.",
    "Compare the call with the operation in the role's class.",
)
BAD_ATTEMPT = catalogue(
    "ACC116",
    "attempt is written wrongly",
    "attempt takes one of two things: one call that a role may decline, `attempt(role.operation(…))`, or an expression "
    "that may raise, `attempt(lines[0])`. In such an expression no role is called and nothing moves.",
    "Put attempt around the call alone, and a com() inside the call's arguments. What cannot fail needs no attempt.",
)
ROLE_AS_VALUE = catalogue(
    "ACC117",
    "a role is not a value",
    "Roles cannot be stored, sent, compared or passed; their operations are called by name.",
    "Write `role.operation(…)`, `com(…, to=role)` or `share(…, to=[role])`.",
)
TAKEN_NAME = catalogue(
    "ACC118",
    "name is taken",
    "A variable may not hide a role, a name of the file's top level, a safe builtin, or a name of generated code.",
    "Choose another name.",
)
NO_PLACE = catalogue(
    "ACC119",
    "no place given",
    "A parameter and a result of a choreography say which roles own them.",
    'Annotate it `At[Type, "role"]`.',
)

# -- what is not in the language -------------------------------------------------------------------
LOOP = catalogue(
    "ACC120",
    "break or continue outside a loop",
    "`break` and `continue` belong to the loop around them, and there is none here.",
    "Leave it out, or branch with if and else.",
)
PATTERN = catalogue(
    "ACC121",
    "pattern is not in the language",
    "A case is a condition on the subject: literals, enum members, message classes, builtin types, tuples and lists of "
    "a fixed length, `|` without names, captures and `_`. Only the last case may take everything.",
    "Write the condition with one of these, or as a guard: `case x if …`.",
)
RECURSION = catalogue(
    "ACC122",
    "a choreography never ends",
    "A choreography that calls itself must have a path on which it does not, and a loop one that leaves it. What is "
    "called must be named where it is called, so that this can be seen.",
    "Return before the call, or break out of the loop, in a branch.",
)
TRY = catalogue(
    "ACC123",
    "try, raise and assert are not in the language",
    "An exception at one role is a choice that only this role knows of. Refusals are values or end the saga.",
    'Use `attempt(role.operation(…))` and branch, or `role.abort("reason")`.',
)
WITH = catalogue(
    "ACC124",
    "with is not in the language",
    "What a context manager does at its ends belongs to one process; a choreography has several.",
    "Make the two ends operations of a role: a transaction and its compensation.",
)
NESTED = catalogue(
    "ACC125",
    "no functions or classes inside a choreography",
    "A nested function or lambda closes over values of several places.",
    "Define a @pure function at the top level of the file and call it.",
)
SCOPE = catalogue(
    "ACC126",
    "global, nonlocal and del are not in the language",
    "Roles share no state, so there is nothing global to change.",
    "Keep state in workers and change it by operations.",
)
WALRUS = catalogue(
    "ACC127",
    "no assignment inside an expression",
    "`name := value` is fine where it certainly happens. To the right of `and` and `or`, in a branch of "
    "`a if b else c` and in a comprehension it may or may not, and what reads the name to the left of it has the value "
    "of before.",
    "Assign on a line of its own.",
)
AWAIT = catalogue(
    "ACC128",
    "async, await and yield are not needed",
    "Roles run concurrently by nature and wait where they receive.",
    "Write a plain function and leave the word out.",
)
STAR = catalogue(
    "ACC129",
    "no * or **",
    "How many arguments a star stands for is known only at run time. In a list, a tuple or a dict it is fine, and so "
    "is one in `first, *rest = values`.",
    "Write each argument.",
)
MUTATION = catalogue(
    "ACC130",
    "values are not changed in place",
    "A value may be known to several roles; changing it at one of them would make them differ.",
    "Assign a new value: `x = x + 1`, `values = [*values, more]`, `dataclasses.replace(order, paid=True)`. `x += 1` is "
    "fine where x is a number, a text or a tuple.",
)
EXPRESSION = catalogue(
    "ACC131",
    "not in the language",
    "Local expressions are attributes, indices, arithmetic, comparisons, conditional expressions, f-strings, "
    "comprehensions, constructors of messages, @pure functions and safe builtins.",
    "Move it into a @pure function.",
)
STATEMENT = catalogue(
    "ACC132",
    "statement has no effect or is not in the language",
    "A choreography holds assignments, role calls, com, share, if, match, for, while, calls of other choreographies, "
    "return and role.abort.",
    "Leave it out, or bind its value to a name.",
)
HIDDEN_CHOICE = catalogue(
    "ACC133",
    "a hidden choice or loop",
    "To the right of and/or or inside a conditional expression a call may happen or not, in a comprehension as often "
    "as there are turns, and the other roles would not know.",
    "Bind the call to a name before, branch with `if`, or go round with `for`.",
)
METHOD = catalogue(
    "ACC134",
    "method is not known to be pure",
    "Of texts, numbers, dates, tuples, lists and dicts those methods are called that change nothing and depend on "
    "nothing but the value: `strip`, `split`, `startswith`, `join`, `get`, `items`, `total_seconds` and the like. What "
    "another method does cannot be seen here, nor what a method is of a value whose type is not known.",
    "Call the method in a @pure function.",
)

CENSUS = catalogue(
    "ACC145",
    "a loop over roles is written wrongly",
    "`for role in (a, b, c)` is written out once for each role. Its turns stand one after another, so it has no "
    "break, no continue and no else. There is no loop over a list of roles of unknown length: each role has a program "
    "of its own, which is known before a session starts.",
    "Name the roles in a tuple, and branch with if and else. Where their number is not known, name as many as there "
    "may be and leave some idle, make them the data of one role, or start a session for each.",
)
ROLE_MISFIT = catalogue(
    "ACC146",
    "argument does not fit the choreography",
    "A called choreography is given a role of the same class for each of its roles, none of them twice, and a "
    "choreography for each parameter of type Callable.",
    "Give it other roles, in any order.",
)
RETURN_IN_LOOP = catalogue(
    "ACC147",
    "return inside a loop of a called choreography",
    "The caller goes on after a call, so a called choreography comes to its end and does not jump out of a loop.",
    "Assign the value to a name, leave the loop with break, and return behind the loop.",
)

ALWAYS_TRUE = catalogue(
    "ACC139",
    "condition is always true",
    "An outcome, a message and a member of an enum are true whatever is in them, so one of the branches would never be "
    "taken.",
    "Ask for what is in it: `if paid.ok:`, `if order.lines:`, `if tier == Tier.GOLD:`.",
)

# -- determinism -----------------------------------------------------------------------------------
NONDETERMINISM = catalogue(
    "ACC135",
    "not the same on every run",
    "A session is recovered by running its program again; what reads a clock, chance, files or the environment would "
    "come out otherwise. So would a hash, and a text that shows where an object lies in memory.",
    "Make it an operation of a role (@query), whose reply is recorded. A clock is `role.now()`. A date is written by "
    'its parts, `f"{day.day:02}.{day.month:02}.{day.year}"`: a format asks the machine for its language.',
)
NOT_PURE = catalogue(
    "ACC136",
    "function is not @pure",
    "Local expressions call only @pure functions of the project, constructors of messages and safe builtins.",
    "Decorate the function @pure if its result depends on its arguments alone.",
)
OUTER_STATE = catalogue(
    "ACC137",
    "not a constant",
    "Each role has a process of its own. A name at the top of a file that is assigned twice, or holds something that "
    "some line may change, such as a list, may be another value in each of them, and in the next run.",
    "Assign it once, from numbers, texts, enum members, dates, Decimals, frozen messages, and tuples, frozensets, "
    "lists and dicts of these. A list and a dict are only read: `RATES[kind]`, `RATES.get(kind)`, `in`, `for`, "
    "`len(RATES)`, `sorted(RATES)`; another name for one, or a function that is given one, may change it.",
)
SET_ORDER = catalogue(
    "ACC138",
    "sets have no order",
    "The order of a set differs between processes, so what is computed from it may differ between runs.",
    "Use a tuple, or sorted(…). A set is fine for `len`, `in`, `==`, `min`, `max`, `sorted` without a key, `any` and "
    "`all` where no part may raise, and for another set where equal values are the same, other than 1.0 and 1.000.",
)

# -- types -----------------------------------------------------------------------------------------
TYPE_UNKNOWN = catalogue(
    "ACC140",
    "type is not known",
    "The receiver of a value decodes it, so the type of what moves must be known without running anything.",
    "Annotate it on a line of its own: `name: Type = value`.",
)
NOT_A_MESSAGE = catalogue(
    "ACC141",
    "not a message type",
    "What crosses between roles has one canonical JSON form: frozen dataclasses, msgspec structs, pydantic models, "
    "enums, scalars, dates, Decimal, UUID, and lists, tuples and dicts of these. Sets have no order and cannot cross.",
    "Use one of these types; instead of a set a sorted tuple.",
)
NOT_FROZEN = catalogue(
    "ACC142",
    "shared value can be changed",
    "A shared value is known to several roles and must stay equal at all of them.",
    "Use `@dataclass(frozen=True)` and tuples instead of lists.",
)
NO_FIELD = catalogue(
    "ACC143",
    "no such field",
    "Only declared fields of a message can be read; properties are code that is not known to be pure.",
    "Check the spelling, or call a @pure function.",
)
RESULT = catalogue(
    "ACC144",
    "result does not fit the declaration",
    "A choreography that declares a result returns one on every path that does not abort.",
    "Return a value, or declare `-> None`.",
)

# -- sagas -----------------------------------------------------------------------------------------
NOT_BEFORE_PIVOT = catalogue(
    "ACC150",
    "may still fail when the saga commits",
    "Behind the commit point (a pivot, or `role.commit()`) nothing is undone. So whatever may fail, at any role, has "
    "to succeed before it, and the role that commits has to know that: by a message that leads from there to here.",
    "Move a value from that role to the one that commits first: `com(value, to=role)`.",
)
AFTER_PIVOT = catalogue(
    "ACC151",
    "may fail after the commit point",
    "After the commit point (the pivot, or `role.commit()`) the saga can only go forward, so everything after it is "
    "retriable. A choreography that calls itself is given up where it goes too deep, and so is a loop in which a role "
    "asks nobody anything and that turns too often: these come before it, too.",
    "Do it before, declare it @transaction(retriable=True), or wrap it in attempt(). Instead of a choreography that "
    "calls itself write a loop: one in whose turns something is done has no bound there.",
)
TWO_PIVOTS = catalogue(
    "ACC152",
    "two commit points on one path",
    "A path has one commit point: a pivot, or `role.commit()` where there is none. "
    "With two transactions that cannot be undone, the second may fail after the first.",
    "Give one of them a compensation, or make the later one retriable.",
)
NO_PIVOT = catalogue(
    "ACC153",
    "cannot be undone, and nothing commits the saga first",
    "A retriable transaction without a compensation cannot be undone, so it comes after the commit point: the pivot, "
    "or `role.commit()` where there is none. The compiler puts that in by itself if some role knows that everything "
    "that may fail went well, and nothing that cannot be undone was done yet.",
    "Give it a compensation, or let messages lead from what may fail to the commit point, and from there to the "
    "transaction.",
)
SCATTERED_PIVOTS = catalogue(
    "ACC154",
    "commit points of different roles",
    "Different paths commit at different roles. One owner of the commit point per choreography is supported today.",
    "Let the same role commit on every path: give the transaction of the other one a compensation, or make it "
    "retriable, with `role.commit()` of the first one on a line before it.",
)
ATTEMPTED_PIVOT = catalogue(
    "ACC155",
    "a pivot cannot be attempted yet",
    "A transaction without a compensation is the pivot: once it is done, the saga can only go forward. attempt() would "
    "go on when it declines, and nobody but its role knows then whether the saga is committed.",
    "Leave attempt() out: if it declines, the saga is undone. Or give it a compensation; then it can be attempted.",
)
MAY_RAISE = catalogue(
    "ACC159",
    "may raise behind the commit point",
    "An index that is not there, a key that is missing, a division by zero, a text that is no number, a value that may "
    "be None, a Decimal that may get too large, a number too large to be sent, a timer of more than ten years: "
    "where this is computed before the commit point it undoes the saga. Behind it, or beside it, nothing can be "
    "undone, and the session would stand still until a person decides.",
    "Compute it before the commit point, and let a message lead from there to it. Or ask before: "
    "`lines[0] if lines else 0`, `total // n if n != 0 else 0`, "
    "`int(text) if text.isdecimal() and len(text) < 19 else 0`, "
    "`prices.get(name, 0)`, `max(values, default=0)`. A Decimal that was compared with numbers below and above is "
    "bounded: `if not 0 <= price <= 1_000_000: shop.abort(…)` before the commit point, or "
    "`sum(one for one in prices if 0 <= one <= 1_000_000)`. A whole number crosses in 64 bits: "
    "`n * m if -10**18 < n * m < 10**18 else 0`. A timer: `min(seconds, 315360000)`. "
    "Or make it a value: `first = attempt(lines[0])`, `first.ok`.",
)
PIVOT_IN_LOOP = catalogue(
    "ACC158",
    "commit point inside a loop",
    "A path has one commit point. A pivot or `role.commit()` in a loop may be reached a second time.",
    "Put it behind the loop, leave the loop after it with break, or give it a compensation.",
)
NOT_STARTED = catalogue(
    "ACC156",
    "role acts before anything reached it",
    "A role other than the initiator learns of the session by the first message to it. This one would act before.",
    "Move a value to it first: `com(value, to=role)`. A constant is known everywhere and does not travel.",
)
CONSTANT_MOVED = catalogue(
    "ACC172",
    "a constant does not travel",
    "Every role knows the program, so every role knows the constants in it, and com sends nothing. A role waits for "
    "what another one made: the reply of an operation, a parameter, a clock.",
    "Move a value of the role that the other one has to hear of: `com(reservation, to=payment)`. If there is none to "
    "tell, its clock says only that it came so far: `com(warehouse.now(), to=payment)`.",
)
IDLE_ROLE = catalogue(
    "ACC157",
    "role takes no part",
    "A role of the choreography that never acts has no program. One that is given to a choreography which leaves it "
    "idle may be there: another choreography in that place may need it.",
    "Leave the parameter out.",
)

# -- declarations ----------------------------------------------------------------------------------
SIGNATURE = catalogue(
    "ACC160",
    "signature is not whole",
    "Operations and choreographies have plain parameters, each with a type. @choreography takes none: a deadline is "
    "given where one is started.",
    "Annotate every parameter and the result; leave out defaults and stars. A deadline: `accompanist start NAME "
    "--deadline-s 600`.",
)
ROLE_CLASS = catalogue(
    "ACC161",
    "role class is written wrongly",
    "A role is a class with the one base Role. It holds operations without bodies, each decorated once: @transaction, "
    "@query or @name.compensation.",
    "Remove everything else from the class, and give every operation one of these decorators.",
)
TRIES = catalogue(
    "ACC148",
    "tries are written wrongly",
    "An operation's decorator may say how often and how patiently it is asked for: attempts, timeout_s, first_s, "
    "cap_s, away_s, as numbers that are written out, within bounds. A retriable operation is tried until it "
    "succeeds, so it takes no attempts and no away_s.",
    "Write a number within the bounds, or leave it out.",
)
DECLARED = catalogue(
    "ACC168",
    "definition is not what it seems",
    "Python would refuse this definition when it imports the file, or take it to mean something else than what stands "
    "there: two definitions of one name, a field or a member twice, a class that derives from itself or from one below "
    "it, an enum without members or with members that cannot cross.",
    "Give each definition a name of its own, and put a class below those that it derives from.",
)
COMPENSATION = catalogue(
    "ACC162",
    "compensation does not fit its transaction",
    "A compensation may have to run when the transaction's reply is unknown, so it takes exactly what the transaction "
    "took and returns None.",
    "Copy the transaction's parameters and write `-> None`.",
)
INITIATOR = catalogue(
    "ACC163",
    "no role can start it",
    "All parameters of a choreography belong to one role, the initiator: a client starts it there.",
    "Put the parameters at one role and move them with com().",
)
COMPENSATION_CALLED = catalogue(
    "ACC164",
    "compensations are not called",
    "Accompanist calls a compensation when the saga is undone; a choreography never does.",
    'Abort with role.abort("reason"), or make it a transaction of its own.',
)


# -- waiting ---------------------------------------------------------------------------------------
EVENT_FORM = catalogue(
    "ACC165",
    "event is written wrongly",
    "What a role can be told from outside is listed and checked without running anything, so an event has its name as "
    "a text in the source, and the type of what it says.",
    'Write role.event("approved", Approval); a name holds letters, digits, _ and -, and begins with a letter.',
)
TIMEOUT_FORM = catalogue(
    "ACC166",
    "timeout is written wrongly",
    "A timeout is a race between time and one event of the same role; which was first is recorded. A worker's "
    "operation has its own time-out, in the configuration.",
    'Write role.timeout(role.event("approved", Approval), 3600).',
)
EVENT_TYPES = catalogue(
    "ACC167",
    "one event of two types",
    "An event is one fact of one role: waited for at two places it is the same, so it has one type.",
    "Give the other one another name, or both the same type.",
)

DECLASSIFY = "a @pure function whose parameter is typed Secret[…], and whose result may be told"
PURE_HINT = "ask a role: make it a @query of the role that should decide it"
