"""Clocks, chance, files and the environment."""

from __future__ import annotations

import os
import random
import time
import uuid
from datetime import datetime
from random import randint

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def nondeterminism(stock: Stock, order: At[Order, "stock"]) -> float:
    a = time.time()  #! ACC135 time.time() reads a clock
    b = random.random() + randint(1, 2)  #! ACC135 random.random() is chance #! ACC135 randint() is chance
    c = os.environ["X"]  #! ACC135 os.environ reads the environment
    d = open("x")  #! ACC135 open() reads or writes files
    e = uuid.uuid4()  #! ACC135 uuid.uuid4() is chance
    f = datetime.now()  #! ACC135 datetime.now() reads a clock
    print(a)  #! ACC135 print() writes
    h = hash(order.customer) + id(order)  #! ACC135 hash() differs #! ACC135 id() differs
    return a + b + len(c) + h + (1 if d or e or f else 0)
