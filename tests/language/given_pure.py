"""Bodies of @pure functions that may raise, each with its parameters."""

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
n: return math.fsum([n * 1e308, 1e308])
"""
