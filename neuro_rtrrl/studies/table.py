"""The table of a study: medians over seeds and every seed of every row, published scores beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from neuro_rtrrl.studies.jobs import jobs_of
from neuro_rtrrl.studies.kept import curves_text, table_text
from neuro_rtrrl.studies.load import Row, Study
from neuro_rtrrl.studies.scores import MEANINGS, known_median, median_reached
from neuro_rtrrl.studies.store import Store

__all__ = [
    "SCORES",
    "RowResult",
    "as_csv",
    "as_dict",
    "as_markdown",
    "collect",
    "columns_of",
    "curves_as_csv",
    "markdown_line",
    "shown_score",
    "shown_target",
]

SCORES = ("best", "final", "area")  # of every study; what some have besides, columns_of tells
MISSING = "–"
CLOSE = 1e-5  # of a target: returns are sums in single precision


@dataclass(frozen=True)
class RowResult:
    """A row and what is stored of its seeds; ``records`` holds None for a seed that has not finished.

    ``former`` marks a row of which only an earlier program or setting has results; those are shown until it runs.
    """

    row: Row
    records: tuple[Mapping[str, Any] | None, ...]
    former: bool = False

    @property
    def finished(self) -> tuple[Mapping[str, Any], ...]:
        """What is stored, in the order of the seeds."""
        return tuple(record for record in self.records if record is not None)

    @property
    def curves(self) -> tuple[tuple[float | None, ...], ...]:
        """The learning curves that are stored."""
        return tuple(tuple(record["curve"]) for record in self.finished if record["curve"] is not None)

    def each(self, name: str) -> list[float | None]:
        """Return a score of every finished seed; None where it has none."""
        return [record["scores"].get(name) for record in self.finished]

    def median(self, name: str) -> float | None:
        """Return the median of a score over the finished seeds; who never reached the criterion comes last."""
        return median_reached(self.each(name)) if name == "reached" else known_median(self.each(name))

    @property
    def wall_seconds(self) -> float | None:
        """Median wall time of a seed."""
        return known_median([record["wall_seconds"] for record in self.finished])


def collect(study: Study, store: Store) -> tuple[RowResult, ...]:
    """Return what is stored of every row of the study, whichever of them ran just now."""
    return tuple(_collected(study, row, store) for row in study.rows)


def _collected(study: Study, row: Row, store: Store) -> RowResult:
    """Return what is stored of a row; old and new are never mixed."""
    jobs = jobs_of(study, row)
    records = tuple(store.read(job) for job in jobs)
    if any(record is not None for record in records):
        return RowResult(row, records)
    records = tuple(store.former(job) for job in jobs)
    return RowResult(row, records, former=any(record is not None for record in records))


def columns_of(study: Study) -> tuple[str, ...]:
    """Return the scores that a study shows: those of all, and what it asks for."""
    more = [("reached", any(row.criterion is not None for row in study.rows))]
    more += [
        ("best_evaluation", study.settings.evaluation is not None)
    ]  # last: beside what is published of it
    return (*SCORES, *(name for name, wanted in more if wanted))


def as_markdown(study: Study, results: Sequence[RowResult]) -> str:
    """Return the table as Markdown, with what its columns mean below it."""
    columns = columns_of(study)
    names = (name.replace("_", " ") for name in columns)
    targets = ("target",) if any(row.target is not None for row in study.rows) else ()
    head = ("row", *names, "published", *targets, "steps", "time", "seeds: best / final")
    lines = [f"### {study.title}", ""]
    if study.settings.source:
        lines += [f"Beside: {study.settings.source}.", ""]
    lines += [markdown_line(head), markdown_line(("---", *("---:",) * (len(head) - 2), "---"))]
    lines += [markdown_line(_cells(result, columns, bool(targets))) for result in results]
    notes = [f"- {result.row.name}: {note}" for result in results if (note := _note(result.row))]
    if notes:
        lines += ["", *notes]
    former = [result.row.name for result in results if result.former]
    if former:
        lines += ["", f"Of an earlier program or setting, to be run again: {', '.join(former)}."]
    return "\n".join([*lines, "", f"{_meaning(study)}{_where(results)}.", ""])


def as_csv(study: Study, results: Sequence[RowResult]) -> str:
    """Return every finished seed as a line of its own."""
    return table_text(study.name, _lines(results), columns_of(study))


def curves_as_csv(results: Sequence[RowResult]) -> str:
    """Return the learning curve of every finished seed as a line of its own, to draw the figure from."""
    return curves_text(_lines(results))


def _lines(results: Sequence[RowResult]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(result.row.name, record) for result in results for record in result.finished]


def as_dict(study: Study, results: Sequence[RowResult]) -> dict[str, Any]:
    """Return the study for ``--json``."""
    rows, columns = {}, columns_of(study)
    for result in results:
        row = result.row
        published = row.published.model_dump() if row.published else None
        rows[row.name] = {
            "seeds": list(row.seeds),
            "finished": [record["seed"] for record in result.finished],
            "former": result.former,
            "decisions": row.decisions,
            "budget": row.budget,
            "baseline": row.baseline,
            "criterion": row.criterion,
            "median": {name: result.median(name) for name in columns},
            **{name: result.each(name) for name in columns},
            "wall_seconds": [record["wall_seconds"] for record in result.finished],
            "published": published,
            "target": {name: each._asdict() for name, each in aims_of(result).items()} or None,
        }
    return {"study": study.name, "title": study.title, "window": study.settings.window, "rows": rows}


def _cells(result: RowResult, columns: Sequence[str], targets: bool) -> tuple[str, ...]:
    row, wall = result.row, result.wall_seconds
    count = len(result.finished)
    seeds = "; ".join(
        f"{_number(best)} / {_number(final)}"
        for best, final in zip(result.each("best"), result.each("final"), strict=True)
    )
    missing = "" if count == len(row.seeds) else f"{count} of {len(row.seeds)} seeds done"
    return (
        f"{row.name}{' (reduced)' if row.budget == 'reduced' else ''}",
        *(shown_score(result, name) for name in columns),
        _published(row),
        *((shown_target(result),) if targets else ()),
        f"{row.decisions:,}",
        MISSING if wall is None else _time(wall),
        ", ".join(part for part in (seeds, missing) if part),
    )


def shown_score(result: RowResult, name: str) -> str:
    """Return the median of a score as it is shown; beside when a criterion is reached stands the criterion."""
    value = result.median(name)
    if name != "reached":
        return _number(value)
    if result.row.criterion is None or not result.finished:
        return MISSING
    when = "never" if value is None else f"{value:,.0f}"
    return f"{when} (≥ {result.row.criterion:g})"


class Aim(NamedTuple):
    """A return that is to be reached, by the median or in so many seeds; whether it is, None where that is open."""

    at_least: float
    seeds: int | None
    reached: bool | None


def aims_of(result: RowResult) -> dict[str, Aim]:
    """Return by score what a row is to reach; nothing where it has no target.

    Where evaluations are apart, their best is what counts: the best of the many windows of training is partly luck.
    """
    target = result.row.target
    if target is None:
        return {}
    apart = any(value is not None for value in result.each("best_evaluation"))
    of = {"best": "best_evaluation"} if apart else {}
    return {
        of.get(name, name): Aim(
            least, target.seeds, _is_reached(result, of.get(name, name), least, target.seeds)
        )
        for name, least in target.returns.items()
    }


def _is_reached(result: RowResult, name: str, least: float, seeds: int | None) -> bool | None:
    least -= CLOSE * max(1.0, abs(least))
    complete = len(result.finished) == len(result.row.seeds)
    if seeds is None:
        value = result.median(name)
        return (value is not None and value >= least) if complete else None
    reached = sum(value is not None and value >= least for value in result.each(name)) >= seeds
    return reached if reached or complete else None


def shown_target(result: RowResult) -> str:
    """Return the row's target as it is shown, each return with whether it is reached."""
    words = {True: "reached", False: "not reached", None: "open"}
    parts = []
    for name, aim in aims_of(result).items():
        where = "" if aim.seeds is None else f" in {aim.seeds} of {len(result.row.seeds)}"
        parts.append(f"{name.replace('_', ' ')} ≥ {aim.at_least:g}{where}: {words[aim.reached]}")
    return "; ".join(parts) or MISSING


def _published(row: Row) -> str:
    known = row.published
    if known is None:
        return MISSING
    final = "" if known.median_final is None else f" / {_number(known.median_final)}"
    return f"{_number(known.median_best)}{final}"


def _note(row: Row) -> str:
    published = row.published
    parts = [row.note]
    if published is not None:
        parts += [f"published: {text}" for text in (published.source, published.note) if text]
    return "; ".join(part for part in parts if part)


def _meaning(study: Study) -> str:
    settings, evaluation = study.settings, study.settings.evaluation
    known = {"window": settings.window} | (evaluation.model_dump() if evaluation else {})
    words = [f"*{name.replace('_', ' ')}*: {MEANINGS[name].format(**known)}" for name in columns_of(study)]
    measure = "best" if evaluation is None else "best evaluation"
    targets = any(row.target is not None for row in study.rows)
    return (
        f"Medians over seeds. {'; '.join(words)}. *published*: {measure}, and final where it is reported. "
        f"{'*target*: of the median, or in so many seeds, and whether it is reached. ' if targets else ''}"
        "*steps*: decisions of each seed, all of them with learning. "
        "*time*: median of a seed, start-up included, one seed a core"
    )


def _where(results: Sequence[RowResult]) -> str:
    """Say on which processors the times were taken, where the records know."""
    names = dict.fromkeys(record.get("processor") for result in results for record in result.finished)
    known = [str(name) for name in names if name]
    rest = "; of some it is not known" if known and len(known) < len(names) else ""
    return f" ({', '.join(known)}{rest})" if known else ""


def _number(value: float | None) -> str:
    if value is None:
        return MISSING
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def markdown_line(cells: Sequence[str]) -> str:
    """Return a line of a table in Markdown."""
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
