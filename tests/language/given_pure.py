"""Bodies of @pure functions that may raise or never do, each with its parameters."""

from __future__ import annotations

MAY_RAISE = """
s: parts = s.split(); return parts[0]
s: parts = s.split('='); return parts[1]
s: parts = s.split('='); parts.clear(); return parts[0]
n,w: width = max((n for one in w), default=0); return '-' * width
n,w: width = max((len(one) for one in w), default=n); return '-' * width
colour: return f'{colour:d}'
n: return math.isqrt(n)
n: return math.isqrt(n) if n >= -1 else 0
x: total = Decimal(0); for one in x:;     one = one ** 9;     total += Decimal(one) / 100; return total
q,x: total = Decimal(0); for one in x:;     total += q / 100; return total
w: first, *rest = w; return first
w: if w:;     first, *rest, last = w;     return first; return ''
s: return int(s[:4]) if s[:4].isdigit() else 0
s: return int(s[4:]) if s[4:].isdecimal() else 0
s: return Tier[s].value
s: try:;     y = int(s); except ValueError:;     y = 0; return y + 1
w: try:;     return int(w[0]) * 100; except (IndexError, ValueError):;     return 0
s: try:;     a, b = s.split(':');     return int(a) * 60 + int(b); except ValueError:;     return 0
n: return ' ' * (20 - n) if n < 20 else ''
n,s: return s.ljust(n - 1) if n < 10 else s
n: return 'x' * -n if n < 10 else ''
n: return 'x' * min(n, 10, key=lambda v: -v)
x: t = 1; for i in x:;     t *= i; return str(t)
n: y = n**20; return str(y * y)
s: return str(int(s) * 10) if s.isdecimal() and len(s) <= 4300 else ''
n: return str(1 << (n & 65535))
x: y = []; for i in x:;     y.append(i**20); return str(y[0] * y[0]) if y else ''
n: return round(n, -n)
n: return f'{n:9000000000000}'
n: return replace()
x: while True:;     y = [1];     try:;         break;     finally:;         y.clear(); return y[0]
d,s: e = dict(d); for k in e:;     k = k + s;     e[k] = 1; return e
d,s: e = dict(d); for k in e:;     for k in s:;         e[k] = 1; return e
di: e = dict(di); for k in e.values():;     e[k] = 1; return e
di,n: e = dict(di); f = {n: 1}; for k in (e if n else f):;     f[k] = 1;     e[k] = 1; return e
x: y = [*x] * 5; return y[4]
n: return 100 // max(n, 1, key=lambda v: -v)
s: return s.index('ab') if 'ab' in s[::-1] else 0
s: t = s[::2]; return s.index('ab') if 'ab' in t else 0
s: if 'ab' in s[::2]:;     one, other = s.split('ab', 1);     return one; return ''
n: return len(range(n))
x,n: total = 0; for line in x:;     if n == 0:;         return 0;     total += line // n; return 100 // n
x,n: y = 1; try:;     y = x[5]; except Exception:;     if not n:;         return 0; return y // n
n: if n and (n := n - 1) >= 0:;     return 1 // n; return 0
n: if n:;     y = (n := 0);     return 1 // n; return 0
n: found: int; if n:;     found = 1; return found
x: for i in x:;     pass; return sum(i for i in x) + i
n: if n and (y := n):;     pass; return y
n: (y := 1) if n else 0; return y
x: [(z := i) for i in x]; return z
n: return y + (y := n)
x: try:;     return x[0]; except Exception as e:;     pass; return str(e)
x: e = 1; try:;     return x[0]; except Exception as e:;     pass; return e
d: e = dict(d); for k in e:;     e.pop(k, None); return e
d: e = dict(d); for k in e:;     e[k + 'x'] = 1; return e
x,n: y = list(x); z = y; if y:;     z *= 0;     return y[0]; return 0
x: y = set(x); z = y; if y:;     z -= {1};     return min(y); return 0
di: e = dict(di); if e:;     return e.pop(0); return 0
nest: for name, row in nest.items():;     if row:;         return row[0]; return 0
x: (a, b), c = x, 1; return a
x: a, b = *x, 1; return a
x: y = list(x); y[::2] = [1]; return y
x: y = []; for y[0] in x:;     pass; return y
rows: r = 0; for i, (a, b) in enumerate(rows):;     r += a; return r
rows: r = 0; for [a, b] in rows:;     r += a; return r
x: r = 0; for a, b, c in zip(x, x):;     r += a; return r
m: best = None; for one in m:;     best = one; return best.text
d,s: v = d.get(s); if v is None:;     v = d.get('x'); return v.bit_length()
q: t = q; t *= t; return t
qs: for a, b in zip(qs, qs):;     r = a * b; return 0
s: return f'{s}%' % 3
ln: return ln.nosuch
m: y = list(m); y.sort(); return y
m: y = list(m); y.sort(key=lambda l: l.maybe); return y
x: return max(*x)
x: return max(*x, 1)
ln: y = Line(1); y.price += 1; return y
x,n: return sorted(x, key=lambda i, z=1 // n: i)
n: from math import nosuch; return n
s: try:;     g = map(int, s.split(',')); except Exception:;     return 0; return sum(g)
x: try:;     g = (10 // k for k in x); except Exception:;     return 0; return sum(g)
x: try:;     return (10 // k for k in x); except Exception:;     return 0
x,y_: try:;     g = zip(x, y_, strict=True); except Exception:;     return 0; return len(list(g))
x,n: g = (10 // n for _ in x) if n else []; n = 0; return sum(g)
x: try:;     g = [map(int, ['a']) for i in x]; except Exception:;     return 0; return sum(g[0]) if g else 0
x: g = []; try:;     g.append(map(int, ['a'])); except Exception:;     return 0; return sum(g[0]) if g else 0
x: y = list(x); if y and y.pop():;     return 1 // y.pop(); return 0
x: y = []; z = [y]; z[0].append('x'); for i in x:;     y.append(i); return sum(y)
x: y = list(x); z = y; z.append('a'); return sum(y)
x: y = list(x); z = y; z += ['a']; return sum(y)
n: def inner(z=1 // n):;     return 1; return 2
x,n: while True:;     if n:;         break;     n = n * 1;     for i in x:;         n += i; return [1 // n, x[0]]
d: e = {1: 'a'}; f = e; for k in e:;     f[k + 1] = 'b'; return e
d: e = {1: {}}; for k, v in e.items():;     v[2] = {};     e.update({k + 1: {}}); return e
n: return Rates.find(n)
n: return Rates.get(n)
m: return find(m).text
m: r = 0; for one in some(m):;     r += 1; return r
q: return net(q) * net(q)
total,n: return replace(total, cents=n)
w: return dict.fromkeys()
w: return dict.fromkeys(iterable=w)
w: return len()
w: return len(obj=w)
w: return reversed()
w: return sorted(w, w)
q: try:;     return int(q); except ValueError:;     return 0
d,s: try:;     return d[s]; except ValueError:;     return 0
d,x: try:;     return d[x]; except KeyError:;     return 0
d,x: try:;     return d[x[0]]; except KeyError:;     return 0
ln: try:;     return int(ln.maybe); except ValueError:;     return 0
s: try:;     y = int(s); except ValueError:;     pass; return y
n: try:;     return n / (n - 1); except ZeroDivisionError:;     return 10 // n
w: try:;     return int(w[0]); except ValueError:;     return 0
d,s: try:;     return str(d[s]); except ValueError:;     return 0
q,n: try:;     return q // n; except ZeroDivisionError:;     return 0
ln: match ln.tier:;     case Tier.GOLD:;         y = 1; return y
ln,n: match ln.tier:;     case Tier.GOLD:;         y = 1;     case Tier.NONE if n:;         y = 2; return y
m: match m[0].tier if m else None:;     case Tier.GOLD:;         y = 1;     case Tier.NONE:;         y = 2; return y
s: match s:;     case 'a':;         y = 1;     case 'b':;         y = 2; return y
when,start: return (when - start).days
start: return (start - timedelta(1)).year
start: y: date = datetime.combine(start, time()); return (y - start).days
start: return days(datetime.combine(start, time()), start)
start: return later(start) - start
start: return max([start, datetime.combine(start, time())])
s: return round(float(s)) if s.isdecimal() else 0
s: try:;     f = float(s); except Exception:;     return 0; return int(f * 100)
s: try:;     f = float(s); except Exception:;     f = 0.0; y = [f]; return [round(one) for one in y]
s: try:;     f = float(s); except Exception:;     f = 0.0; y = []; y.append(f); return list(map(round, y))
s: try:;     f = float(s); except Exception:;     f = 0.0; z = f + 1; return math.floor(z)
s: try:;     f = float(s); except Exception:;     f = 0.0; return near(f)
s: return round(parsed(s))
s: return int(Parsed(s).number)
s: try:;     f = float(s); except Exception:;     f = 0.0; return 0 if f > 9 or f < -9 else int(f)
s: try:;     f = Decimal(s); except Exception:;     return 0; return 1 if f > 3 else 0
s: try:;     f = Decimal(s); except Exception:;     return 0; return sorted([f])
s: try:;     f = Decimal(s); except Exception:;     return 0; return {f: 1}
n: return round(math.inf * n)
w: e = {}; for p in w:;     if p not in e:;         pass;     e[p] += 1; return e
w: e = {'a': 0}; for p in w:;     e['a'] += 1;     e.pop(p, 0); return e
w: e = {'a': 0}; for p in w:;     e['a'] += 1;     e = {}; return e
w,s: e = {}; for p in w:;     e[s] = 0;     s = p;     e[s] += 1; return e
w,d: e = {'a': 0}; f = e; f.clear(); e['a'] += 1; return e
s,d: if s not in d:;     return 0; s = s + 'x'; return d[s]
x: return sum(x[i - 2] for i in range(1, len(x)))
x: return sum(x[i + 1] for i in range(len(x)))
x: return sum(x[i + 2] for i in range(len(x) - 1))
x: return sum(x[i - 1] for i in range(len(x)) if x[i - 1] or x[i - 4])
x: return sorted(x)[len(x) // 1] if x else 0
x: return x[len(x) // 2]
d: return max(d.values())
s: return sum(int(c) for c in s)
s: return sum(int(c) for c in [s] if c.isdecimal())
s,w: return [int(v) for v in w if v in s and v.isdecimal()]
w: if len(w) != 3:;     return ''; w = w + ['x']; a, b, c = w; return a
w: if len(w) < 3:;     return ''; a, b, c = w; return a
s: if len(s) == 2:;     w = s.split(); a, b = w; return a; return ''
start: return ('a', 'b')[start.weekday()]
start: return 'abcdefghijk'[start.month - 1]
start: return start.replace(day=30)
start: return start.replace(day=1, month=13)
ln: return {Tier.GOLD: 1}[ln.tier]
ln,n: return {Tier.GOLD: 1, Tier.NONE: 2}[n]
n: return ('no', 'yes')[n]
n: return ('no',)[n > 0]
x: return next(i for i in x)
x,n: return next((i // n for i in x), 0)
m: return next((l for l in m if l.price > 1), None).text
x: return next((i for i in x), default=0)
w: if len(w) != 2:;     return ''; a, *b = w; return b + 'x'
rows: if len(rows) != 2:;     return 0; (a, b), c = rows; return a
start: return Stay(start).nights(datetime.combine(start, time()))
s: try:;     f = float(s); except Exception:;     return 0; return Parsed(s).near(f)
n: return ends(n)
n: return round(Open(n).rate)
s: KeyError = ValueError; try:;     return {'7': 1}[s]; except KeyError:;     return 0
s: g = float(s) if s.isdecimal() and len(s) < 900 else 0.0; return int(g * 100)
s,x: g = float(s) if s.isdecimal() and len(s) < 9 else 0.0; for i in x:;     g = g * 1e300; return int(g)
s: try:;     g = float(s); except ValueError:;     return 0; if g < -5 or g > 5:;     return 0; return round(g * 100)
s: try:;     g = float(s); except ValueError:;     return 0; return round(g * 100) if math.isfinite(g) else 0
s: try:;     g = float(s); except ValueError:;     return 0; return int(min(g, 5.0))
s,n: try:;     g = float(s); except ValueError:;     return 0; return round(n / g * n) if -5 < g < 5 and g != 0 else 0
w: n = len(w); w = w[1:]; return w[n - 1] if n > 0 else ''
w: y = list(w); n = len(y); z = y.pop() if y else ''; return y[n - 1] if n > 0 else z
w: y = list(w); z = y; n = len(y); z.clear(); return y[n - 1] if n > 0 else ''
w: n = len(w); n += 1; return w[n - 1] if n > 0 else ''
w: n = len(w); return w[n - 2] if n > 0 else ''
q: return min(q, Decimal(100)) * 2
s,total: try:;     g = float(s); except ValueError:;     return 0; return round(g * total.rate) if -5 < g < 5 else 0
q: return max(q, min(q, Decimal(100))) * 2
d,w: try:;     y = [int(k) for k in w]; except ValueError:;     y = []; return y[0]
s,w: try:;     y = [s for s in [1] if w[0]]; except KeyError:;     y = []; return y
w: try:;     y = int(w[0]) * 2; except ValueError:;     return 0; return y
d,s: try:;     a, b = d[s], 1 // d[s]; except KeyError:;     return 0; return a + b
p,n: try:;     a, b, c = p[n]; except IndexError:;     return 0; return a
d,s: y = []; try:;     y.append(d[s]); except IndexError:;     pass; return y
d,s: try:;     y = d[s]; except KeyError:;     y = d[s]; return y
d,s: try:;     y = 1; except KeyError:;     y = 2; else:;     y = d[s]; return y
d,s: try:;     y = 1; except KeyError:;     y = 2; finally:;     z = d[s]; return y
d,s: try:;     try:;         y = d[s];     except ValueError:;         y = 0; except IndexError:;     y = 1; return y
d: e = dict(d); k = sorted(e); e.pop('x', 0); return [e[i] for i in k]
d: e = dict(d); k = sorted(e); f = e; f.pop('x', 0); return [e[i] for i in k]
d,s: k = sorted(d); k.append(s); return [d[i] for i in k]
d,s: k = sorted(d); j = k; j.append(s); return [d[i] for i in k]
d,s: k = sorted(d); j = k; j += [s]; return [d[i] for i in k]
d: e = dict(d); r = 0; for i in sorted(e):;     r += e[i];     e.pop('x', 0); return r
d: e = dict(d); f = e; r = 0; for i in sorted(e):;     r += e[i];     f.clear(); return r
x: y = list(x); z = y; r = 0; for i in sorted(y):;     z *= 0;     r += y.index(i); return r
x: y = sorted(x); if x:;     x = [];     return x[0]; return 0
nest: o = []; for k in sorted(nest):;     o.append(nest[k][0]); return o
n: y = [[n]]; z = y[0]; if z:;     for r in y:;         r.clear();         return z[0]; return 0
d: e = d | {'a': 1}; e.pop('a'); return e['a']
d,s: e = {'a': 1} | d; return e[s]
d,w: k = [i for i in w if i]; return [d[i] for i in k]
x: if all(i > 0 for i in x):;     x = [0];     return [1 // i for i in x]; return 0
x: y = list(x); if all(i > 0 for i in y):;     y.append(0);     return [1 // i for i in y]; return 0
x: y = list(x); z = y; if all(y):;     z.append(0);     return [1 // i for i in y]; return 0
x: y = list(x); if all(y):;     for i in y:;         r = 1 // i;         y = [0]; return 0
x,n: if all(i > n for i in x):;     return [1 // n for n in x]; return 0
x,n: if all(i > n for i in x):;     for n in x:;         r = 1 // n; return 0
x,y_: if all(any(j > i for j in y_) for i in x):;     return [1 // j for j in x]; return 0
x: if any(i > 0 for i in x):;     return [1 // i for i in x]; return 0
x: if not all(i > 0 for i in x):;     return [1 // i for i in x]; return 0
x: if all(i > 0 for i in x if i > 1):;     return [1 // i for i in x]; return 0
x: if all(i > 0 for i in x[1:]):;     return [1 // i for i in x]; return 0
x,y_: if all(i > 0 for i in x):;     return [1 // i for i in y_]; return 0
x: if all(x):;     for i in x:;         i -= 1;         r = 1 // i; return 0
rows: y = [[1], [2]]; if all(len(r) > 0 for r in y):;     for r in y:;         r.clear();         z = r[0]; return 0
p: if all(a for a, b in p):;     return [1 // b for a, b in p]; return 0
x: n = len(x); return x[n // 2 - 1]
x: n = len(x); return x[n // 2 - 2] if n else 0
x: i = len(x) // 2; y = x[1:]; return y[i] if x else 0
x: i = len(x) // 2; if x:;     i += 1;     return x[i]; return 0
x: i = len(x) // 2; if x:;     x = x[:1];     return x[i]; return 0
x: y = list(x); z = y; r = []; while y:;     z.append(y.pop());     r.append(y[0]);     z.clear(); return r
x: y = list(x); r = []; while y:;     r.append(y.pop() + y.pop()); return r
x: y = list(x); r = []; while y:;     r.append(y.pop());     r.append(y.pop()); return r
x: y = list(x); if y:;     y.append(y.pop() + y[0]);     return y; return y
x: y = []; y.append(1); y.pop(); return y[0]
q: return q.quantize(CENT) if -9 < q < 9 else q
q,s: return Decimal(q).quantize(CENT, s) if -9 < q < 9 else q
q,s: return Decimal(q).quantize(CENT, rounding=s) if -9 < q < 9 else q
q: return Decimal(q).quantize(CENT, rounding='ROUND_FOO') if -9 < q < 9 else q
q: return Decimal(q).quantize(CENT, None, True) if -9 < q < 9 else q
q: return Decimal(q).quantize(CENT, context=None) if -9 < q < 9 else q
q: return Decimal(q).quantize(CENT) if -9 < q else q
q: ROUND_HALF_UP = 'no'; return Decimal(q).quantize(CENT, ROUND_HALF_UP) if -9 < q < 9 else q
q: return Decimal(q).quantize(Decimal('1e-40')) if -9 < q < 9 else q
q,n: return (Decimal(q) * n).quantize(CENT) if 0 < q < 9 else q
qs: t = Decimal(0); for q in qs:;     t += q; return t
qs: t = Decimal(1); for q in qs:;     if 0 < q < 9:;         t += t * q; return t
qs: t = Decimal(1); for q in qs:;     if 0 < q < 9:;         t *= q; return t
qs: t = Decimal(1); for q in qs:;     if 0 < q < 9:;         t += q;         t *= 9; return t
qs: t = Decimal(1); for q in qs:;     if 0 < q < 9:;         for r in qs:;             t += q + t; return t
qs: t = Decimal(1); r = Decimal(1); for q in qs:;     if 0 < q < 9:;         t += r;         r += t; return t
qs: return sum(qs, Decimal(0)) if any(0 <= q <= 9 for q in qs) else Decimal(0)
qs,q: return sum((r for r in qs if 0 <= r <= 9), q)
q: t = q; if 0 < q < 9:;     r = t * 2;     t = q * q * q;     return r + t; return q ** 3
n,x: if 0 < n < 9:;     for i in x:;         n += i;         y = '*' * n; return 0
span: return span / timedelta(hours=-1) / 0
span: return 5 // (span / HOUR)
span: return HOUR / span
span: return span / timedelta(0)
span: return span // timedelta(hours=0)
span,n: return span / n
span,n: return span / n if n < 0 else span
span: return span * 2
span: return span + span
n: return timedelta(days=n)
n: return timedelta(days=n) if 0 < n < 1000000000 else None
n: return timedelta(weeks=n, days=n) if -500000000 < n < 500000000 else None
when: return when - when
lv: return 100 // lv
odd: return (odd + 1) // 2
lv,s: return lv + s
lv: return lv < 'a'
colour: return colour + 1
w: e = {k: 0 for k in w}; return e['a']
w,s: e = {k: 0 for k in w}; w = [s]; return [e[k] for k in w]
w,s: e = {k: 0 for k in w}; y = list(w); y.append(s); return [e[k] for k in y]
w,s: y = list(w); z = y; e = {k: 0 for k in y}; z.append(s); return [e[k] for k in y]
w: e = {k: 0 for k in w}; e.pop('a', 0); return [e[k] for k in w]
w: e = {k: 0 for k in w}; f = e; for k in w:;     e[k] += 1;     f.clear(); return e
d: f = dict(d); e = {k: 0 for k in f}; f['x'] = 1; return [e[k] for k in f]
d: f = dict(d); e = {k: 0 for k in f}; for k in ['x', 'y']:;     f[k] = 1;     for i in f:;         e[i] += 1; return e
w: e = {k: 0 for k in w if k}; return [e[k] for k in w]
w: e = {k.upper(): 0 for k in w}; return [e[k] for k in w]
s: return [int(c) for c in s]
s: return sum(int(c) for c in s) if s.isdigit() else 0
s: return [c[0] for c in s.split(',')]
s: key, value = s.split('=', 1); return key
s: if '=' in s:;     a, b = s.split('=');     return a; return ''
s: if '=' in s:;     s = s.strip('=');     a, b = s.split('=', 1);     return a; return ''
s: try:;     a, b = s.split(':'); except KeyError:;     return 0; return a
w,d: u = [k for k in w if k in d]; if u:;     return 0; return [d[k] for k in w]
w,d: u = [k for k in w if k not in d]; if not u:;     return 0; return [d[k] for k in w]
w,d: u = [k for k in w if k not in d]; w = ['x']; return [d[k] for k in w] if not u else 0
x,y_: for i in range(max(len(x), len(y_))):;     r = x[i]; return 0
x: return [x[i] for i in range(3)] if len(x) > 1 else 0
x: return [x[i] for i in range(-5, 1)] if x else 0
x: return [x[i] for i in range(2, 0, -1)] if len(x) > 1 else 0
x: y = [0]; for i in x:;     y.append(y[-1] + i);     y.clear(); return y
x: y = [0]; z = y; for i in x:;     y.append(y[-1] + i);     z[:] = []; return y
x: y = [0]; z = y; for i in x:;     y.append(y[0]);     z *= 0; return y
x: y = [0]; for i in x:;     r = y[-1];     y = x[1:]; return r
w,d: for i, k in enumerate(w):;     r = d[k]; return 0
"""
NEVER_RAISES = """
s: parts = s.split('='); return parts[0]
s: parts = s.rsplit('=', 1); last = parts[-1]; return last
w: width = max((len(one) for one in w), default=0); return [one.ljust(width) for one in w]
w: width = max(map(len, w), default=0) + 2; return '-' * width
w: width = sum(len(one) for one in w); return ''.center(width) + 'x' * width
rows: width = min((len(one) for one in rows), default=0); return '7'.zfill(width)
colour,lv: return f'{colour:>10}{lv:05d}'
n: return math.isqrt(n) if n >= 0 else 0
n: return math.sqrt(n) if n > 0 else 0.0
x: total = Decimal(0); for one in x:;     total += Decimal(one) / 100; return total
m: total = Decimal(0); for one in m:;     total += Decimal(one.price) / 100; return total
w: if w:;     first, *rest = w;     return first; return ''
w: if len(w) > 1:;     first, *rest, last = w;     return first + last; return ''
s: return int(s[:4]) if s[:4].isdecimal() else 0
s: year = s[-4:]; return int(year) if year.isdecimal() else 0
n: return ' ' * (20 - n) if 0 <= n < 20 else ''
s: return ' ' * (20 - len(s))
n,s: return s * (n - 5) if 0 <= n - 5 < 1000000 else s
x: t = 1; for i in x:;     t *= i; return str(t) if -(10**20) < t < 10**20 else ''
x: t = 0; for i in x:;     t += i * i; return f'{t}'
s: try:;     y = int(s); except ValueError:;     y = 0; return y
n: try:;     y = 1; finally:;     try:;         y = 2;     finally:;         z = 3; return y
x,d: r = 0; for i in x[::-1]:;     r += x.index(i); return r
d: e = dict(d); for k in e:;     e[k] = 1; return e
s: return sorted({c + s for c in s})[0] if sorted({c + s for c in s}) else s
x: return len(range(len(x))) + len(range(3, 9))
n: while True:;     y = n * 2;     if y > 10:;         break;     n += 1; return y
x: for i in x:;     if i > 3:;         y = i;         break; else:;     return 0; return y
x: y = list(x); r = 0; while y:;     r += y.pop(0); return r
d: e = dict(d); return e.pop('x', 0) + 1 if e else 0
m: return sum(l.maybe for l in m if l.maybe is not None)
n: y = [0] * 3; y[1] = n; return y
n: return '{:02}'.format(n)
n: match n:;     case 1:;         return 'a';     case _:;         return 'b'
s: match s:;     case 'a' | 'b':;         return 1; return 0
ln: match ln.tier:;     case Tier.GOLD:;         return 1;     case Tier.NONE:;         return 2; return 3
s: try:;     return int(s); except ValueError:;     return 0
x: return ','.join(map(str, x))
x: return sum(p * q for p, q in zip(x, x))
n: a, b = divmod(n, 7); return a + b
s: a, _, b = s.partition('='); return a + b
d: r = 0; for k in d:;     r += d[k]; return r
x: r = 0; for i in range(len(x)):;     r += x[i]; return r
n: return f'{n % 100:02}'
n: return Decimal(n)
d: e = {}; for k, v in d.items():;     e[k] = v + 1; return e
d: e = dict(d); for k in e:;     e[k] = 0; return e
w: g = {}; for p in w:;     g.setdefault(len(p), []).append(p); return {k: len(v) for k, v in g.items()}
x: if (k := len(x)) > 3:;     return k; return 0
m: b = None; for l in m:;     if b is None or l.price > b.price:;         b = l; return b.text if b is not None else ''
m: b: Line | None = None; for l in m:;     if not b:;         b = l; if b is None:;     return ''; return b.text
d,s: v = d.get(s); if v is None:;     v = 0; return v + 1
m: return [l.text for l in sorted(m, key=lambda l: (l.price, l.text))]
x: return {i: i * 2 for i in x if i}
ln: return replace(ln, price=3)
x: total, count = 0, 0; for i in x:;     total, count = total + i, count + 1; return total // count if count else 0
w: return max(w, key=len, default='')
x: y = x[:]; y.sort(reverse=True); return y[:3]
x: a = x[0] if x else 0; return {'a': [a, 1], 'b': []}
rows: y = []; for row in rows:;     z = [];     for one in row:;         z.append(one + 1);     y.append(z); return y
x: seen = set(); for i in x:;     if i in seen:;         return i;     seen.add(i); return 0
p: r = 0; for a, b in p:;     r += a * b; return r
n: a, b = pair(n); return a + b
total: return replace(total.line, price=1)
ln: match ln.tier:;     case Tier.GOLD:;         y = 1;     case Tier.NONE:;         y = 2; return y
ln: match ln.tier:;     case Tier.GOLD | Tier.NONE:;         y = 1; return y
m: match m[0].tier if m else None:;     case Tier.GOLD | Tier.NONE:;      y = 1;     case None:;      y = 2; return y
n: match n > 1:;     case True:;         y = 1;     case False:;         y = 2; return y
start,end: return (end - start).days
start,end: return days(start, end) if start < end else 0
s: try:;     f = float(s); except Exception:;     return ''; return f'{f:.2f} {round(f, 2)}'
s: try:;     f = float(s); except ValueError:;     return 0; return round(f * 100) if -1000 < f * 100 < 1000 else 0
s: try:;     f = float(s); except ValueError:;     return 0; return int(f) if math.isfinite(f) else 0
n: return round(n / 3 * 1.19) + int(float(n) / 2) + math.floor(n * 0.5)
n: return near(n / 7)
m: e = {}; for l in m:;     if l.text not in e:;         e[l.text] = 0;     e[l.text] += l.price; return e
m: e = {}; for l in m:;     if l.text not in e:;         e[l.text] = [];     e[l.text].append(l.price); return e
x: e = {'lo': 0, 'hi': 0}; for i in x:;     if i > 2:;         e['hi'] += 1;     else:;         e['lo'] += 1; return e
w: e = {}; for p in w:;     e[p] = e.get(p, 0) + 1; return e
m: e = {}; for l in m:;     if l.tier not in e:;         e[l.tier] = 0;     e[l.tier] += 1; return len(e)
d: return max(d.values()) if d else 0
d: return max(d.items(), key=lambda one: one[1]) if d else ('', 0)
x: return all(x[i - 1] <= x[i] for i in range(1, len(x)))
x: return [x[i + 1] - x[i] for i in range(len(x) - 1)]
x: r = 0; for i in range(1, len(x)):;     r += x[i] - x[i - 1]; return r
x: y = sorted(x); return y[len(y) // 2] if y else 0
s: return sum(int(c) for c in s if c.isdecimal())
s: r = 0; for c in s:;     if c.isdecimal():;         r += int(c); return r
w: if len(w) != 3:;     return ''; a, b, c = w; return a + b + c
s: y = s.split('-'); if len(y) == 2:;     a, b = y;     return a + b; return ''
start: return ('a', 'b', 'c', 'd', 'e', 'f', 'g')[start.weekday()]
start: return 'abcdefghijkl'[start.month - 1] + 'abcdefg'[start.isoweekday() - 1]
start: return start.replace(day=1)
ln: return {Tier.GOLD: 1, Tier.NONE: 2}[ln.tier]
n: return ('no', 'yes')[n > 0]
x: return next((i for i in x if i > 2), 0) + 1
m: y = next((l for l in m if l.price > 1), None); return y.text if y is not None else ''
m: y = next((l for l in m if l.price > 1), None); if y is None:;     return ''; return y.text
start,end: return Stay(start).nights(end)
n: return Parsed('').near(n / 2)
d,s: try:;     return d[s]; except KeyError:;     return 0
d,s: try:;     y = d[s]; except LookupError:;     return 0; return y + 1
s: try:;     return float(s); except ValueError:;     return 0.0
s: try:;     y: float = float(s.strip()); except (TypeError, ValueError):;     return 0.0; return y
s: try:;     return date.fromisoformat(s).year; except Exception:;     return 0
s: try:;     return date.fromisoformat(s); except ValueError:;     return None
x,n: try:;     return x[n]; except IndexError:;     return 0
n: try:;     return 100 // n; except ZeroDivisionError:;     return 0
s: return round(float(s)) if s.isdecimal() and len(s) < 9 else 0
s: g = float(s) if s.isdecimal() and len(s) < 9 else 0.0; return int(g * 100)
s: g = float(s) if s.isdecimal() and len(s) < 9 else 0.0; h = g / 3 + 1; return int(h * 100) + math.floor(abs(h - g))
s: if not s.isdecimal() or len(s) > 9:;     return 0; g = float(s); g = g * 2; return near(g)
s: g = 0.0 if not s.isdecimal() or len(s) > 8 else float(s); return int(g * 3)
s: try:;     g = float(s); except ValueError:;     return 0; if not -5 < g < 5:;     return 0; return round(g * 100)
s: return sum(round(float(c)) for c in s if c.isdecimal())
w: n = len(w); return w[n - 1] if n > 0 else ''
w: n = len(w); return w[n - 1] + w[n // 2] if 0 < n else ''
w: n = len(w); if not n:;     return ''; return w[0] + w[n - 1]
x: n = len(x); return sum(x[i] - x[i - 1] for i in range(1, n))
q: return max(Decimal(0), min(q, Decimal(100))) * 2
d,s: y = []; try:;     y.append(str(d[s])); except KeyError:;     y.append('none'); return y
d,w: r = 0; for k in w:;     try:;         r += d[k];     except KeyError:;         continue; return r
w: e = {}; for k in w:;     try:;         e[k] += 1;     except KeyError:;         e[k] = 1; return e
s: try:;     y = int(s);     z = f'{y:05}'; except ValueError:;     return ''; return z
p,n: try:;     a, b = p[n]; except IndexError:;     a, b = 0, 1; return a + b
d,s: try:;     try:;         y = d[s];     except ValueError:;         y = 0; except KeyError:;     y = 1; return y
n: try:;     return 100 / n; except ZeroDivisionError:;     return 0.0
d: y = []; r = 0; for k in sorted(d):;     y.append(k);     r += d[k]; return Line(r, str(y))
d: k = sorted(d); y = []; for i in k:;     y.append(d[i]); return y
d: k = list(d.keys()); return [d[i] for i in k]
d: k = [i for i in d if i > 'a']; y = []; for i in sorted(k, reverse=True):;     y.append(d[i]); return y
d: r = 0; for k in sorted(d, key=lambda i: d[i])[:2]:;     r += d[k]; return r
d: y = []; for k, v in d.items():;     y.append(d[k] + v); return y
w: y = []; for i, k in enumerate(w):;     y.append(w[i] + k); return y
x: if not x:;     return 0; y = sorted(x); z = []; z.append(y[0]); return y[-1] + z[0]
d: e = d | {'a': 1}; return e['a'] + 1
d: e = {**d, 'a': 1}; y = []; y.append(e['a']); return {**e, 'a': e['a'] + 1}
x: if not all(0 < i <= 9 for i in x):;     return []; return [100 // i for i in x]
x: if any(i <= 0 for i in x):;     return 0; r = 0; for i in x:;     r += 100 // i; return r
x: if all(x):;     return sum(100 // i for i in sorted(x)); return 0
x: if all(0 <= k < 40 for k in x):;     y = []; else:;     return 0; for i in x:;     y.append('*' * i); return y
w: return [k[0] for k in w] if all(w) else []
w: if any(not k for k in w):;     return ''; for k in reversed(w):;     return k[0] + k[-1]; return ''
w,d: if any(k not in d for k in w):;     return 0; return sum(d[k] for k in w)
w: return sum(int(k) for k in w) if all(k.isdecimal() and len(k) < 9 for k in w) else 0
p: if all(a > 0 and b > 0 for a, b in p):;     return [9 // i + 9 // j for i, j in p]; return []
x: y = sorted(x); n = len(y); if n == 0:;     return 0; return y[n // 2] if n % 2 else (y[n // 2 - 1] + y[n // 2]) / 2
x: if not x:;     return 0; y = sorted(x); i = len(y) // 2; return y[i] + y[i - 1] + y[-1]
w: i = len(w) - 1; return w[i] if w else ''
x: y = list(x); r = []; while y:;     r.append(y.pop()); return r
d: e = dict(d); r = []; while e:;     r.append(e.popitem()); return r
x: y = []; for i in x:;     y.append(i);     y[-1] += 1; return y
q: return Decimal(q).quantize(CENT, rounding=ROUND_HALF_UP) if -9 < q < 9 else q
q: return Decimal(q).quantize(Decimal('0.1'), ROUND_HALF_UP) if -9 < q < 9 else q
q: return Decimal(q).quantize(Decimal('0.1'), rounding='ROUND_DOWN') if -9 < q < 9 else q
q: return Decimal(q).to_integral_value(rounding=ROUND_HALF_UP) if -9 < q < 9 else q
q,n: return Decimal(q * n).quantize(CENT) if 0 < q < 9 and 0 < n < 1000 else q
q: if not 0 <= q <= 1000:;     return q; t = q * 2; r = Decimal(q + t); return r.quantize(CENT)
qs: t = Decimal(0); for q in qs:;     if 0 <= q <= 1000:;         t += q;         t += q / 2; return t * 2
qs: t = Decimal(0); for q in qs:;     for k in qs:;         if 0 < k < 9:;             t -= k; return t + t
qs: return sum((q for q in qs if 0 <= q <= 9), Decimal(0)) * 2
qs: return sum(qs, Decimal(0)) if all(0 <= q <= 9 for q in qs) else Decimal(0)
n: return Decimal(n * 3).quantize(CENT) if 0 <= n <= 1000 else n
n: k = n * 3 if 0 < n < 20 else 0; return '*' * k
n: if not 0 < n < 20:;     return ''; k = n * 3 + 1; return '*' * k
span: return span / HOUR + span / timedelta(minutes=1)
span: return (span // timedelta(days=1), span % timedelta(minutes=5))
span: return HOUR / span if span > timedelta(0) else 0.0
span: return HOUR // span if span else 0
span,n: return span / n if n > 0 else span
span: return span // 7
start,end: return (end - start) / timedelta(days=1)
n: return timedelta(minutes=n) if 0 <= n < 100000 else timedelta()
n: return [timedelta(days=i, hours=i) for i in range(1, 30)]
lv,n: return lv + 1 + n * lv
lv,n: return lv >= Level.HIGH or lv < n
lvs: return (max(lvs, default=Level.LOW) * 10, sorted(lvs, reverse=True))
lv: return int(lv) + 3
lv: return 100 // lv if lv != 0 else 0
colour: return colour + '!' + 'a'
w: e = {k: 0 for k in w}; for k in sorted(w)[:2]:;     e[k] += 1; return e
w: e = dict.fromkeys(w, 0); y = []; for i, k in enumerate(w):;     e[k] += i;     y.append(k); return e
d: y = []; for i, k in enumerate(sorted(d), 1):;     y.append(f'{i}. {k} {d[k]}'); return y
s: r = 0; for i, c in enumerate(s):;     if not c.isdecimal():;         return -1;     r += int(c) * i; return r
s: if not s.isdecimal():;     return 0; r = 0; for i, c in enumerate(reversed(s)):;     r += int(c) * i; return r
s: return ''.join(c[0].upper() for c in s.split())
s: e = {}; for c in s.split(';'):;     if '=' in c:;         k, v = c.split('=', 1);         e[k] = v.strip(); return e
w,d: u = [k for k in w if k not in d]; if u:;     return u; return [d[k] for k in w]
x,y_: r = []; for i in range(max(len(x), len(y_))):;     if i < len(x):;         r.append(x[i]); return r
x: return [x[i] for i in range(3)] if len(x) > 2 else 0
x: y = [0]; for i in x:;     y.append(y[-1] + i); return y[-1]
"""
