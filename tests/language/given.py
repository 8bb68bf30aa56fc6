"""Expressions that raise or never do by what they are given: what is compared, is a key, or is too long to write."""

from __future__ import annotations

TOTAL = """
math.isqrt(n) if n >= 0 else 0
math.sqrt(f) if f >= 0 else 0.0
'-' * sum(len(one) for one in rows)
s.ljust(max((len(one) for one in rows), default=0))
int(s[:4]) if s[:4].isdecimal() else 0
n + k * 2 - -n
n // 2 + k % 3 + n / 4
n // k if k != 0 else 0
n // k if k else 0
0 if k == 0 else n // k
n % k if k > 0 else 1
n // k if k > 3 and n > 0 else 1
0 if not k or n > 3 else n // k
n // max(k, 1)
n // (len(x) + 1) if len(x) + 1 != 0 else 0
n // len(x) if x else 0
k != 0 and n // k > 2
k == 0 or n // k > 2
x[0] if x else 0
x[-1] if len(x) > 0 else 0
x[1] if len(x) >= 2 else 0
x[2] if 2 < len(x) else 0
0 if len(x) < 2 else x[1]
x[0] if x != [] else 0
x[1:7]
x[::2]
s[0] if s else ''
[x[i] for i in range(len(x))]
sum(x[i] for i in range(len(x)) if x[i] > 2)
[100 // one for one in x if one != 0]
[b // 2 for a_, b in p]
t[0] + t[1] + t[-2]
d['x'] if 'x' in d else 0
d[s] if s in d else 0
0 if s not in d else d[s]
d.get(s, 0)
sum(d[one] for one in d)
[one for one in d.items()]
int(s) if s.isdecimal() and len(s) < 19 else 0
round(float(s)) if s.isdecimal() and len(s) < 9 else 0
int(float(s) * n) if s.isdecimal() and len(s) < 9 else 0
int(n) + float(k) + round(n)
min(n, k) + max(x, default=0)
min(x) if x else 0
sorted(x)[0] if x else 0
f'{n:>5} {s:>3} {n / 2:.2f}'
s.split(',')
s.partition('=')
s.find('x')
n ** 2
n << 2
nothing(x)
guarded(x, n)
'x' in s and x[0] if x else 0
attempt(x[9]).ok
len(x) and x[0]
[*x, 1][-1]
(1, 2, 3)[1]
Decimal(n)
o + 1 if o is not None else 0
0 if o is None else -o
o + 1 if o else 0
o is not None and o > 1
o is None or o > 1
(o or 0) + 1
max([o or 0, n])
(o or n or 0) + 1
[o or 0][0] + 1
str(o) + f'{o}' + repr(o)
bool(o) and o == 3
cheap(m[0] if m else None)
[one.price + 1 for one in m if one.price is not None]
[one.text for one in m]
(d.get('x') or 0) + 1
e['x'].text if 'x' in e else ''
min(o if o is not None else 0, n)
q > 3 and q == n or q <= k
str(q) + f'{q:.2f} {q:>9}'
max(q, Decimal(n))
x[n] if 0 <= n < len(x) else 0
x[n] if len(x) > n and n >= 0 else 0
x[-2] if len(x) >= 2 else 0
int(q) if -9 < q < 9 else 0
q + q * 2 - -q if -9 < q < 9 else q
q * q if 0 <= q <= Decimal('99.5') else q
q * CENT + q / CENT if q <= CENTS and q >= -CENTS else q
q / 3 + q // 7 + q % 7 if 0 <= q <= CENTS else q
q / k if 0 <= q <= CENTS and k > 0 else q
round(q, 2) + abs(q) + round(q) if 0 <= q < 1000 else q
(q * CENT).quantize(CENT) if 0 <= q < 1000 else q
Decimal(q).quantize(Decimal('1')) if q > -5 and q < 10**20 else q
(q + CENT).normalize() + (-q / CENT).to_integral_value() if 0 <= q < 1000 else q
(q * CENT).is_nan() if 0 <= q < 1000 else Decimal(q).is_nan()
float(n).is_integer() or (f / 2 + 1).is_integer() or (1.5).is_integer()
max(n, q, 7) * 3 if 0 < q < 7 and n < 7 and n > 0 else q
sum(one for one in qs if 0 <= one <= 1000)
sum([one * CENT for one in qs if one > 0 and one <= CENTS])
x[0] if x == [*x, 1] else 0
sorted(p) + [t] < [t, t]
(n, s) < (k, 'x') and min((n, s), (k, s)) == (n, s)
sorted([(n, 'x'), (k, s)])
1 << 4 >> 1
int('12', 8) + int('-3') + n
ord('a') + len(chr(97))
s.ljust(n, '.') if 0 <= n < 100 else ''
s.ljust(len(x), '.') + '-' * max(0, min(n, 9))
[Line(1, s), Line(n, 'x'), Line(None)]
sorted(m, key=lambda line: line.text)
sorted(m, key=lambda line: (line.price or 0, line.text))
sorted(m, key=lambda line: line.price is None)
sorted([Place(n, s), Place(k)])
max((line.text for line in m), default='')
sorted(d.items(), key=lambda item: item[1])
sorted(d, key=lambda one: d[one])
sorted(d, key=d.get)
[d[one] for one in sorted(d)]
[d[one] for one, price in d.items()]
[x[i] for i, one in enumerate(x)]
sum(a_ * b_ for a_, b_ in zip(x, x, strict=False))
[p_ for i, (p_, q_) in enumerate(p)]
dict(zip(x, x)) | dict(p) | dict(d.items() if n else [])
len(set(m)) + len({(n, s), (k, s)}) + len({line: 1 for line in m})
len({tuple(row) for row in rows})
Line(n) in set(m)
tp[0] if tp != () else 0
x[-n] if 0 < n <= len(x) else 0
x[n % len(x)] if x else 0
x[len(x) - 1] if x else 0
x.index(n) if n in x else -1
s.index('x') if 'x' in s else -1
n // CENTS + RATES[n % 3] + RATES[n & 1] + NAMES['x']
NAMES[s] if s in NAMES else 0
10 // (abs(n) + 1) + 10 // (1 + n * n)
1 << (n & 7)
s.split(',')[0] + s.rsplit('/', 1)[-1] + s.split(sep=',')[0]
s.split(None, 3) + s.split('x', maxsplit=len(x))
s.replace('a', 'b', 2) + s.replace('a', 'b', n % 8)
'-' * max(0, min(n, 80)) + 'x' * len(x)
b * 2 if 97 in b else b
b.hex() + b.hex('-') + when.isoformat() + when.isoformat(' ') + when.isoformat(timespec='seconds')
f'{n!s:>5}' + f'{f!r:>9}'
Tier('gold').value
datetime(2024, 1, 1, tzinfo=timezone.utc)
math.comb(5, 2) + math.isqrt(9)
math.isclose(f, 0.5) or math.isclose(f, 1.0, rel_tol=0.1)
str(n ** 60) + f'{n * n}' + str(n << 9)
when == when or whens == [when]
datetime.fromtimestamp(n, timezone.utc) if 0 <= n <= 253402214400 else when
datetime.fromtimestamp(n * 0.5, timezone.utc) if 0 <= n * 0.5 < 4000000000 else when
abs(td)
math.fsum(x)
math.fsum(one for one in fs if -1e200 < one < 1e200)
math.fsum(fs) if all(-1e9 < one < 1e9 for one in fs) else 0.0
math.fsum([one / 2 for one in x])
"""
PARTIAL = """
n // k
n % k
n / k
n // len(x)
n // k if n != 0 else 0
n // k if k >= 0 else 0
n // k if k != 0 or n != 0 else 0
x[0]
x[n]
x[1] if x else 0
x[2] if len(x) > 1 else 0
x[n] if n < len(x) else 0
x[-2] if x else 0
x[::n]
s[0]
[x[i + 1] for i in range(len(x))]
[100 // one for one in x]
d['x']
d[s] if 'x' in d else 0
int(s)
int(s) if s.isdigit() else 0
float(s)
min(x)
max(one for one in x if one > 3)
divmod(n, k)
n << k
x.index(n)
s.split(s)
2 ** k % n
t[n]
range(0, 5, k)
forgotten(x, n)
attempt(x[9]).value + 1
[n // k for k in x if n != 0]
Decimal(s)
datetime(2000, 1, 1) + timedelta(n * 9999999)
(m[0] if m else None).text
o + 1
n - o
-o
o > 1
1 < o
o + 1 if n else 0
[n or o][0] + 1
[o and n][0] + 1
o + 1 if o is None else 0
o + 1 if o is not None or n else 0
abs(o)
int(o)
max(n, o)
range(o)
n if o < 1 else 0
'x' in (s if s else None)
(s if s else None) in s
(x if x else None)[:1]
x[:1] + (x if x else None)
x[n] if len(x) > n else 0
x[n] if n >= 0 and k < len(x) else 0
sum(x[i] for i in x)
x[k] if k in x else 0
[one + 1 for one in (x if x else None)]
len(x if x else None)
[one.price + 1 for one in m]
sum([o, n])
sorted([o, n])
min([o, n])
', '.join([s if s else None])
s.startswith(s if s else None)
f'{o:>5}'
d.get('x') + 1
d.get(s) > 3
e.get('x').text
dear(m[0] if m else None)
dear(m[0]) if m else 0
first(m)
doubled(q)
q * q
q + q
q - 1 - q * 2
sum([q, q])
round(q, 2)
q / 3 * q
q ** 2
q * 2 if q > 0 else q
q + 1 if q < 1000 else q
q * n if q < n else q
-q if q > 3 else q
q // 7 if -9 < q else q
q // 7 if -9 < q < 10**29 else q
q % CENT if -9 < q < 10**27 else q
q.quantize(CENT) if -9 < q < 10**30 else q
round(q, 2) if -9 < q < 10**30 else q
q / k if 0 <= q <= CENTS else q
CENT / q if 0 < q < 10 else q
divmod(q, 2)
sum(one for one in qs if 0 < one < 9).quantize(CENT)
q.quantize(CENT) if 0 < q < 9 else q
max(n, q) + 1
(n if n > 3 else q) * 300
Decimal('x')
min((n, o), (k, 1))
sorted([(o, n), (k, n)])
[o] < [1]
[[o]] < [[n]]
(n, {'x': n}) < (k, {'x': 1})
(n, s) < (n, o)
int('x')
int('7', n)
int(s, 10)
str(s, 'utf-8')
1 << -1
n >> -1
ord('ab')
s.ljust(n, 'xy')
sorted(m)
sorted(m, key=lambda line: line.price)
sorted(m, key=lambda line: (line.text, line.tier))
sorted((line.text, line) for line in m)
max((line.tier for line in m), default=None)
min(m, key=lambda line: line.price, default=None)
m < m[1:]
(n, Tier.GOLD) < (k, Tier.NONE)
(n, {'x': 1}) < (n, {'x': 2})
sorted(whens)
max(when, whens[0]) if whens else when
sorted((n, one) for one in whens)
[0 for one in whens if one < when]
sorted(rows, key=lambda row: row[0])
sorted(m, key=lambda line: line.price + 1)
len(set(rows))
len({row for row in rows})
len({(1, x)})
{(1, x): 1}
{n: 1, (n, x): 2}
(1, x) in d
(1, x) in {1}
len({one for one in [Box(x)]})
Open(n) in {1}
{row: 1 for row in rows}
d.get((1, x))
dict(words)
dict(p_.split('=') for p_ in s.split(';'))
dict([(x, 1)])
tp[0] if tp != [] else 0
x[0] if x != () else 0
x[0] if x != '' else 0
x[-n] if 0 <= n <= len(x) else 0
x[n % 3] if x else 0
x.index(n)
x.index(n) if k in x else 0
RATES[n % 4]
NAMES[s]
10 // (k + 1)
1 << (n - 3)
s.split()[0]
s.split(sep=s)
s.split(',', n)
s.rsplit(',', maxsplit=n)
s.replace('a', 'b', n)
s.zfill(n)[:0] if n > 7 else s
b * n if n > 300 else b
n in b
b.hex(s)
b.hex('--')
when.isoformat(s)
datetime.fromtimestamp(n, timezone.utc)
when.isoformat(timespec=s)
f'{n!s:d}'
int(s) if s.isdecimal() else 0
int(s) if len(s) < 19 else 0
str(n ** 300)
f'{n ** 300}'
str(n << 70000)
-td
sum(tds, timedelta())
math.prod(qs)
math.fsum(fs)
math.isclose(f, f, rel_tol=f)
[p_ for i, (p_, q_) in enumerate(rows)]
[p_ for i, (p_, q_) in pairs]
Tier(s)
Tier('silver')
1 if Odd(n) else 0
Odd(n) and True
not Odd(n)
bool(Odd(n))
'%d' % s
sum(1 for one in x if Odd(one))
math.fsum(fs)
math.fsum([one for one in fs if one > 1])
math.fsum(one**40 for one in x if n > 300) + math.fsum([n**99])
math.fsum([math.inf, -math.inf])
"""
