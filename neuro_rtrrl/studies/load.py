"""From the path of a study file to a :class:`Study` whose circuits are read and checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from neuro_rtrrl.errors import CircuitError, Location, Problem, nearest
from neuro_rtrrl.graph import Circuit, load_circuit
from neuro_rtrrl.ledger.word_lengths import word_lengths
from neuro_rtrrl.lowering import WordLengths
from neuro_rtrrl.spec.document import Document, compose_document, read_document, read_text
from neuro_rtrrl.spec.overrides import OPTION, apply_overrides
from neuro_rtrrl.studies.faults import problems_of
from neuro_rtrrl.studies.spec import STUDY_FILE, Published, RowSpec, StudySpec, Target

__all__ = ["QUICK", "Row", "Study", "load_study"]

#: What ``quick`` makes of a study: this part of its decisions, but not fewer than that, and one seed.
QUICK = 100
FEWEST = 500

FOLDER = Path("experiments")  # where a bare name is looked for, from the working folder


@dataclass(frozen=True)
class Row:
    """One row of a study.

    Attributes
    ----------
    name : str
    circuit : Circuit
        With the overrides; it records nothing.
    overrides : tuple of str
    seeds : tuple of int
    decisions : int
        For each seed.
    baseline : str or None
        Who learns instead of the circuit, with ``settings``.
    criterion : float or None
    budget : {"full", "reduced"}
    published : Published or None
    note : str
    target : Target or None
    """

    name: str
    circuit: Circuit
    overrides: tuple[str, ...]
    seeds: tuple[int, ...]
    decisions: int
    budget: str
    published: Published | None
    note: str
    interventions: tuple[str, ...] = ()
    baseline: str | None = None
    settings: tuple[tuple[str, float], ...] = ()
    criterion: float | None = None
    words: WordLengths | None = None
    target: Target | None = None


@dataclass(frozen=True)
class Study:
    """A study that can be run; see :class:`~neuro_rtrrl.studies.spec.StudySpec` for its settings.

    Attributes
    ----------
    path : Path
        The study file.
    quick : bool
        Whether its budget was cut down to see that it runs.
    rows : tuple of Row
    """

    path: Path
    settings: StudySpec
    rows: tuple[Row, ...]
    quick: bool = False

    @property
    def name(self) -> str:
        """The study's name."""
        return self.settings.study

    @property
    def title(self) -> str:
        """Its title, or its name where it has none."""
        title = self.settings.title or self.name.replace("_", " ")
        return f"{title} (quick)" if self.quick else title

    def only(self, names: Sequence[str]) -> tuple[Row, ...]:
        """Return the named rows in the order of the file; all where no name is given.

        Raises
        ------
        CircuitError
            For every name that is no row of this study.
        """
        available = tuple(row.name for row in self.rows)
        unknown = [name for name in names if name not in available]
        if unknown:
            raise CircuitError(
                Problem(
                    f"the study {self.name} has no row '{name}'",
                    where="--only",
                    available=available,
                    hint=nearest(name, available),
                )
                for name in unknown
            )
        return tuple(row for row in self.rows if not names or row.name in names)


def load_study(path: str | Path, quick: bool = False) -> Study:
    """Read and check a study file, its circuits and its overrides.

    Parameters
    ----------
    path : path
        Or the bare name of a study that lies here or in ``experiments/``.
    quick : bool
        Cut every row down to a hundredth of its decisions and to one seed.

    Raises
    ------
    CircuitError
        With every problem of the file, and of the circuits that it names, each located.
    """
    path = _named(path)
    document, problems = compose_document(read_text(path, STUDY_FILE), str(path), STUDY_FILE)
    if "circuit" in document.data and "study" not in document.data:
        message = "this is a circuit file, not a study file"
        hint = "neuro-rtrrl simulate runs it; a study begins with 'study: a_name'"
        raise CircuitError(Problem(message, "circuit", document.locate(("circuit",), key=True), hint=hint))
    spec = None
    try:
        spec = StudySpec.model_validate(document.data)
    except ValidationError as error:
        known = {problem.location for problem in problems.found}
        problems.found += [each for each in problems_of(error, document) if each.location not in known]
    if spec is None or problems.found:
        raise CircuitError(sorted(problems.found, key=_place))
    rows = _Rows(document, spec, Path(path).parent)
    resolved = [row for name, each in spec.rows.items() if (row := rows.resolve(name, each)) is not None]
    if rows.problems:
        raise CircuitError(rows.problems.values())
    study = Study(Path(path), spec, tuple(resolved))
    return _quickened(study) if quick else study


def _named(path: str | Path) -> str | Path:
    """Return the file that is meant: where a bare name is no file, that of the study of this name.

    Raises
    ------
    CircuitError
        If there are studies, and none of this name.
    """
    name = str(path)
    if not name.strip() or Path(name).name != name or Path(name).is_file():
        return path
    stem = name.removesuffix(".yaml")
    for folder in (Path(), FOLDER):
        if (folder / f"{stem}.yaml").is_file():
            return folder / f"{stem}.yaml"
    known = tuple(sorted(each.stem for each in FOLDER.glob("*.yaml"))) if FOLDER.is_dir() else ()
    if not known or Path(name).exists():
        return path
    message = f"there is no such file, and no study of this name in {FOLDER}/"
    raise CircuitError(
        Problem(message, location=Location(name, 1, 1), available=known, hint=nearest(stem, known))
    )


def _place(problem: Problem) -> tuple[int, int]:
    return (problem.location.line, problem.location.column) if problem.location else (0, 0)


def _quickened(study: Study) -> Study:
    rows = tuple(
        replace(row, seeds=row.seeds[:1], decisions=min(row.decisions, max(row.decisions // QUICK, FEWEST)))
        for row in study.rows
    )
    settings = study.settings
    if settings.evaluation is not None:
        every = min(settings.evaluation.every, max(settings.evaluation.every // QUICK, FEWEST // 2))
        evaluation = settings.evaluation.model_copy(update={"every": every})
        settings = settings.model_copy(update={"evaluation": evaluation})
    return replace(study, rows=rows, settings=settings, quick=True)


class _Rows:
    """Reads the circuits of a study's rows and notes what is wrong, each thing once."""

    def __init__(self, document: Document, spec: StudySpec, folder: Path) -> None:
        self.document, self.spec, self.folder = document, spec, folder
        self.problems: dict[str, Problem] = {}

    def resolve(self, name: str, row: RowSpec) -> Row | None:
        """Return the row with its circuit, or None and the problems noted."""
        path = self.folder / row.circuit
        if not path.is_file():
            self._missing(name, row)
            return None
        try:
            self._try_overrides(name, row, path)
            circuit = load_circuit(path, row.set)
        except CircuitError as error:
            self._note(self._relocated(problem, name, row) for problem in error.problems)
            return None
        if circuit.environment is None:
            message = "a study scores episodes, and this circuit has no environment"
            self._note([self._problem(name, "circuit", message, found=row.circuit)])
            return None
        circuit = self._intervened(name, row, circuit)
        if not self._sound_baseline(name, row, circuit) or not self._sound_target(name, row):
            return None
        words = None
        if row.words is not None:
            try:
                words = word_lengths(row.words.profile, row.words.bits)
            except CircuitError as error:
                self._note(
                    self._problem(name, "words", each.message, hint=each.hint) for each in error.problems
                )
                return None
        first = self.spec.first_seed
        return Row(
            name=name,
            circuit=circuit.replace(record=()),
            overrides=row.set,
            seeds=tuple(range(first, first + (row.seeds or self.spec.seeds))),
            decisions=row.decisions or self.spec.decisions,
            budget=row.budget or self.spec.budget,
            published=row.published,
            note=row.note,
            interventions=row.interventions,
            baseline=row.baseline,
            settings=tuple(sorted(row.settings.items())),
            criterion=self.spec.criterion if row.criterion is None else row.criterion,
            words=words,
            target=row.target,
        )

    def _sound_target(self, name: str, row: RowSpec) -> bool:
        """Note what is wrong with a row's target."""
        target, seeds = row.target, row.seeds or self.spec.seeds
        if target is None:
            return True
        if not target.returns:
            message = "a target names the return that is to be reached"
            self._note([self._problem(name, "target", message, hint="target: {best: 1.0, final: 0.95}")])
        elif target.seeds is not None and target.seeds > seeds:
            message = f"the target asks for more seeds than the row has, {seeds}"
            place = self.document.locate(("rows", name, "target", "seeds"))
            self._note(
                [Problem(message, where=f"rows.{name}.target.seeds", location=place, found=str(target.seeds))]
            )
        else:
            return True
        return False

    def _intervened(self, name: str, row: RowSpec, circuit: Circuit) -> Circuit:
        for index, each in enumerate(row.interventions):
            try:
                circuit = circuit.intervene(each)
            except CircuitError as error:
                place = self.document.locate(("rows", name, "interventions", index))
                where = f"rows.{name}.interventions.{index}"
                self._note(
                    replace(problem, location=place, where=where, found=each) for problem in error.problems
                )
        return circuit

    def _sound_baseline(self, name: str, row: RowSpec, circuit: Circuit) -> bool:
        """Note what is wrong with a row's baseline; one that is no baseline has no settings."""
        before = len(self.problems)
        if row.baseline is None:
            if row.settings:
                message = "settings are those of a baseline, and this row has none"
                hint = "change the circuit with 'set', or name a 'baseline'"
                self._note([self._problem(name, "settings", message, hint=hint)])
            return len(self.problems) == before
        from neuro_rtrrl.baselines import known_algorithm, settings_of
        from neuro_rtrrl.environments.spaces import actions_of

        assert circuit.environment is not None
        actions, algorithm = actions_of(circuit.environment.actions), row.baseline
        if not actions.width:
            message = f"a baseline acts, and {circuit.environment.name} has no actions"
            self._note(
                [self._problem(name, "baseline", message, found=algorithm, hint="leave 'baseline' out")]
            )
            return False
        checks = {
            "baseline": lambda where: known_algorithm(algorithm, where),
            "settings": lambda where: settings_of(row.settings, actions, where),
        }
        for key, check in checks.items():
            try:
                check(f"rows.{name}.{key}")
            except CircuitError as error:
                self._note(
                    replace(each, location=self._below(name, key, each.where)) for each in error.problems
                )
        return len(self.problems) == before

    def _below(self, name: str, key: str, where: str) -> Location:
        """Return the place of ``key`` of a row, or of what ``where`` names below it."""
        last = where.rpartition(".")[2]
        inside = last != key and last in self.spec.rows[name].settings
        return self.document.locate(("rows", name, key, last) if inside else ("rows", name, key))

    def _missing(self, name: str, row: RowSpec) -> None:
        place = (self.folder / row.circuit).parent
        there = sorted(each.name for each in place.glob("*.yaml")) if place.is_dir() else []
        close = nearest(Path(row.circuit).name, there)
        message = "there is no such circuit file; its path counts from the study's folder"
        self._note(
            [self._problem(name, "circuit", message, found=row.circuit, available=tuple(there), hint=close)]
        )

    def _try_overrides(self, name: str, row: RowSpec, path: Path) -> None:
        """Apply the overrides one by one, so that a wrong one can be pointed at."""
        document = read_document(path)
        for index, override in enumerate(row.set):
            try:
                document = apply_overrides(document, [override])
            except CircuitError as error:
                place = self.document.locate(("rows", name, "set", index))
                where = f"rows.{name}.set.{index}"
                raise CircuitError(
                    replace(problem, location=place, where=where, found=override)
                    for problem in error.problems
                ) from None

    def _relocated(self, problem: Problem, name: str, row: RowSpec) -> Problem:
        """Return a problem that lies in an override with its place in the study file."""
        if problem.location is None or problem.location.file != OPTION:
            return problem
        for index, override in reversed(list(enumerate(row.set))):
            target = override.partition("=")[0].strip()
            if problem.where == target or problem.where.startswith(f"{target}."):
                place = self.document.locate(("rows", name, "set", index))
                return replace(problem, location=place, found=override)
        return replace(problem, location=self._locate(name, "set"))

    def _locate(self, name: str, key: str) -> Location:
        return self.document.locate(("rows", name, key))

    def _problem(self, name: str, key: str, message: str, **details) -> Problem:
        return Problem(message, where=f"rows.{name}.{key}", location=self._locate(name, key), **details)

    def _note(self, problems: Iterable[Problem]) -> None:
        for problem in problems:  # rows share circuits: what is wrong in one of these is told once
            self.problems.setdefault(str(problem), problem)
