"""The comparison as one HTML page that needs nothing else: no script, style or picture from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from neuro_rtrrl import __version__
from neuro_rtrrl.ledger.figure import GRADES
from neuro_rtrrl.ledger.side_by_side import words
from neuro_rtrrl.ledger.side_by_side.entry import COVERAGE, Entry
from neuro_rtrrl.ledger.side_by_side.sheet import Sheet
from neuro_rtrrl.ledger.side_by_side.text import BESIDE, legend

__all__ = ["body_of", "page_of"]

_HEADS = (
    *("circuit", "profile", "rule", "memory", "operations", "energy", "low – high"),
    *("time", "in time", "fits", "left out", "grade"),
)

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --dim: #666; --line: #ddd; --paper: #fff; --head: #f4f4f4 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e4; --dim: #9a9a9a; --line: #3a3a3a; --paper: #16181b; --head: #22252a }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 72rem; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; width: 100% }
th, td { padding: .2rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
th { background: var(--head); position: sticky; top: 0; white-space: nowrap }
.sortable th { cursor: pointer } th[aria-sort=ascending]::after { content: " ▲" }
th[aria-sort=descending]::after { content: " ▼" }
td.n { text-align: right; white-space: nowrap } .no { color: #c0392b; font-weight: 600 } .dim { color: var(--dim) }
details { border-bottom: 1px solid var(--line); padding: .3rem 0 } summary { cursor: pointer; font-weight: 600 }
svg { max-width: 100%; height: auto }
"""

_SORT = """
for (const table of document.querySelectorAll("table.sortable"))
  table.tHead.addEventListener("click", event => {
    const head = event.target.closest("th"), body = table.tBodies[0];
    if (!head) return;
    const column = head.cellIndex, down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = row => row.cells[column].dataset.key ?? row.cells[column].textContent;
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)], [m, n] = [Number(x), Number(y)];
      if (x === "" || y === "") return (down ? -1 : 1) * ((x === "") - (y === "")); // no number: always last
      return Number.isNaN(m - n) ? x.localeCompare(y) : m - n;
    };
    body.append(...[...body.rows].sort((a, b) => (down ? -1 : 1) * compare(a, b)));
  });
"""


def page_of(sheet: Sheet, title: str = "What learning costs") -> str:
    """Return the page: picture, table, what has no price, and from which published sentence each joule comes."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{escape(title)}</h1>\n{body_of(sheet)}"
        f'<p class="dim">neuro-rtrrl {escape(__version__)}. Counts are of one ordinary decision.</p>'
        f"\n<script>{_SORT}</script></body></html>\n"
    )


def body_of(sheet: Sheet) -> str:
    """Return what the page shows, without its style."""
    from neuro_rtrrl.ledger.side_by_side.figure import svg_of

    parts = [
        f"<p>{escape(', '.join(sheet.circuits))}; one decision each. {escape(legend(sheet))}.</p>",
        f'<figure class="wide">{svg_of(sheet)}</figure>',
        "<h2>All numbers</h2>",
        f'<div class="wide">{_table(sheet)}</div>',
        *_missing(sheet),
    ]
    if sheet.profiles:
        parts += ["<h2>Where each joule comes from, and what is left out</h2>", _grades()]
        parts += [_details(sheet, profile) for profile in sheet.profiles]
    return "\n".join(parts)


def _table(sheet: Sheet) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in _HEADS)
    body = "\n".join(f"<tr>{_row(entry)}</tr>" for entry in sheet.entries if not entry.reason)
    return f'<table class="sortable"><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>'


def _row(entry: Entry) -> str:
    nominal, latency = entry.joules["nominal"], entry.latency
    seconds = None if latency is None else latency.low if latency.high is None else latency.high
    energy = words.energy_text(entry) if entry.energy else "-"
    cells = [
        f"<td>{escape(entry.circuit)}</td>",
        f"<td>{escape(entry.profile or '-')}</td>",
        f'<td title="{escape(entry.note)}">{escape(entry.rule)}</td>',
        _number(entry.bits, words.memory_text(entry.bits)),
        _number(entry.operations, f"{entry.operations:,.0f}"),
        _number(nominal, energy + ("*" if entry.coverage == "forward" else ""), COVERAGE[entry.coverage]),
        _number(nominal, words.band(entry)),
        _number(seconds, words.time_text(entry)),
        _verdict(words.keeps_up_text(entry), latency.reason if latency else ""),
        _verdict(words.fits_text(entry), entry.fit.why if entry.fit else ""),
        _number(len(entry.unpriced), str(len(entry.unpriced)), "; ".join(entry.unpriced)),
        f"<td>{escape((entry.energy.weakest if entry.energy else None) or '-')}</td>",
    ]
    return "".join(cells)


def _number(key: float | None, text: str, title: str = "") -> str:
    """Return a cell that is sorted by a number; what has none always comes last."""
    told = f' title="{escape(title)}"' if title else ""
    value = "" if key is None or not math.isfinite(key) else repr(key)
    return f'<td class="n" data-key="{value}"{told}>{escape(text)}</td>'


def _verdict(text: str, why: str) -> str:
    return f'<td class="{"no" if text == "NO" else ""}" title="{escape(why)}">{escape(text)}</td>'


def _missing(sheet: Sheet) -> Iterator[str]:
    told = {(e.circuit, e.rule): e.reason for e in sheet.entries if e.reason}
    if told:
        lines = (
            f"<li>{escape(rule)} of {escape(circuit)}: {escape(why)}</li>"
            for (circuit, rule), why in told.items()
        )
        yield f"<h2>Rules that a circuit has no form under</h2><ul>{''.join(lines)}</ul>"


def _grades() -> str:
    grades = "; ".join(f"<b>{grade}</b> {escape(meaning)}" for grade, meaning in GRADES.items())
    return f'<p class="dim">Grades: {grades}. A price that nobody has published is never taken as 0.</p>'


def _details(sheet: Sheet, profile: str) -> str:
    sources = [each for each in sheet.sources().values() if each["profile"] == profile]
    rows = []
    for each in sources:
        beside = " (beside the total)" if each["figure"] in BESIDE else ""
        cells = (
            each["figure"].removeprefix("energy.") + beside,
            each["grade"],
            f"{each['citation']}{' (' + each['evidence'] + ')' if each['evidence'] else ''}",
            each["operating_point"],
            each["derivation"],
            ", ".join(each["events"]),
        )
        rows.append("<tr>" + "".join(f"<td>{escape(cell or '-')}</td>" for cell in cells) + "</tr>")
    heads = ("figure", "grade", "published in", "operating point", "arithmetic", "prices here")
    head = "".join(f"<th>{name}</th>" for name in heads)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>" if rows else ""
    left = "".join(
        f"<li>{escape(event)}: <span class=dim>{escape(why)}</span></li>"
        for event, why in sheet.unpriced(profile).items()
    )
    verdicts = dict.fromkeys(
        f"{e.rule} of {e.circuit}: {e.fit.answer}{': ' + e.fit.why if e.fit.why else ''}"
        for e in sheet.entries
        if e.profile == profile and e.fit is not None
    )
    fits = "".join(f"<li>{escape(line)}</li>" for line in verdicts)
    title = sheet.profiles[profile].title
    return (
        f"<details><summary>{escape(profile)}: {escape(title)}</summary>"
        f'<div class="wide">{table or "<p>Nothing has a price.</p>"}</div>'
        f"<p>Not costed:</p><ul>{left or '<li>nothing</li>'}</ul><p>Fit:</p><ul>{fits}</ul></details>"
    )
