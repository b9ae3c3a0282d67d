"""The C functions that whole-number arithmetic takes beside the operators of C."""

from __future__ import annotations

import re

__all__ = ["used_helpers"]

_SHIFTED = """\
/* x / 2^places, rounded down: what most machines do with a shift, and C leaves open for what is negative */
static inline int{w}_t shifted{w}(int{w}_t x, int places)
{{
  return (-1 >> 1) == -1 || x >= 0 ? x >> places : ~(~x >> places);
}}
"""
_HELD = """\
static inline int{w}_t held{w}(int{w}_t x, int{w}_t most) {{ return x > most ? most : x < -most ? -most : x; }}
"""
_MINIMUM = "static inline int{w}_t minimum{w}(int{w}_t a, int{w}_t b) {{ return a < b ? a : b; }}\n"
_MAXIMUM = "static inline int{w}_t maximum{w}(int{w}_t a, int{w}_t b) {{ return a > b ? a : b; }}\n"
_ABS = "static inline int{w}_t abs{w}(int{w}_t a) {{ return a < 0 ? -a : a; }}\n"

_PLAIN = {
    "order": """\
/* The sign of a / 2^finer - b, exactly. */
static int order_down(int64_t a, int64_t b, int finer)
{
  const int64_t whole = finer > 62 ? -(a < 0) : shifted64(a, finer);
  if (whole != b) return whole < b ? -1 : 1;
  return finer > 62 ? a != whole : a != whole * ((int64_t)1 << finer);
}

/* The sign of a - b, where the last bit of a is worth 2^finer times less. */
static int order(int64_t a, int64_t b, int finer)
{
  return finer >= 0 ? order_down(a, b, finer) : -order_down(b, a, -finer);
}
""",
    "quotient": """\
/* above * 2^up / below, rounded to the nearest (halves up) and held within +-most; below is not 0 */
static int32_t quotient(int64_t above, int up, int64_t below, int32_t most)
{
  const int negative = (above < 0) != (below < 0);
  const uint64_t a = above < 0 ? -(uint64_t)above : (uint64_t)above;
  uint64_t b = below < 0 ? -(uint64_t)below : (uint64_t)below;
  if (up < -36) return 0;
  if (up < 0) b <<= -up;
  uint64_t q = a / b, rest = a % b;
  for (; up > 0; up--) {
    if (q > (uint64_t)most) break;
    q *= 2;
    rest *= 2;
    if (rest >= b) {
      q++;
      rest -= b;
    }
  }
  q += negative ? 2 * rest > b : 2 * rest >= b;
  if (q > (uint64_t)most) q = (uint64_t)most;
  return negative ? -(int32_t)q : (int32_t)q;
}
""",
    "root": """\
/* The square root of x * 2^up, rounded to the nearest and held within most: digit by digit, of four times that. */
static int32_t root(int64_t x, int up, int32_t most)
{
  uint64_t inner = (uint64_t)x, found = 0, rest = 0;
  up += 2;
  if (up < 0) {
    inner = up < -63 ? 0 : inner >> -up;
    up = 0;
  }
  if (up % 2 != 0) {
    inner *= 2;
    up--;
  }
  for (int place = 31 + up / 2; place >= 0; place--) {
    const int shift = 2 * place - up;
    rest = 4 * rest + (shift < 0 ? 0 : inner >> shift & 3);
    found *= 2;
    if (rest > 2 * found) {
      rest -= 2 * found + 1;
      found++;
    }
    if (found > 2 * (uint64_t)most) return most;
  }
  return (int32_t)((found + 1) / 2);
}
""",
    "look_up": """\
static inline int32_t look_up(const int32_t *table, int32_t first, int32_t last, int32_t at)
{
  return table[(at < first ? first : at > last ? last : at) - first];
}
""",
    "look_up_even": """\
static inline int32_t look_up_even(const int32_t *table, int32_t last, int32_t at)
{
  const int32_t size = at < 0 ? -at : at;
  return table[size > last ? last : size];
}
""",
    "look_up_odd": """\
static inline int32_t look_up_odd(const int32_t *table, int32_t last, int32_t at)
{
  const int32_t size = at < 0 ? -at : at, found = table[size > last ? last : size];
  return at < 0 ? -found : found;
}
""",
}
_BY_WIDTH = {"shifted": _SHIFTED, "held": _HELD, "minimum": _MINIMUM, "maximum": _MAXIMUM, "abs": _ABS}


def used_helpers(text: str) -> list[str]:
    """Return the definitions of the helpers that a text calls, in an order in which they compile."""
    definitions = {
        f"{name}{w}": body.format(w=w) for name, body in _BY_WIDTH.items() for w in (32, 64)
    } | _PLAIN
    wanted = {name for name in definitions if re.search(rf"\b{name}\(", text)}
    wanted |= {"shifted64"} if "order" in wanted else set()
    return [
        line for name, body in definitions.items() if name in wanted for line in body.rstrip("\n").split("\n")
    ]
