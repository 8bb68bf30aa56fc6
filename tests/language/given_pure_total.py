"""Bodies of @pure functions that never raise, each with its parameters."""

from __future__ import annotations

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
x: return math.fsum(x) + math.fsum([one / 2 for one in x])
"""
