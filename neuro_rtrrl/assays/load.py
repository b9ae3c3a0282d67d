"""From the path of an assay file to an :class:`Assay` whose circuits are built and whose names are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from neuro_rtrrl.assays.expectations import TRUTHS, names, parse_expression
from neuro_rtrrl.assays.spec import ASSAY_FILE, AssaySpec, Selection
from neuro_rtrrl.environments.own_file import OwnFile, read_own_file
from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.graph import Circuit, build_circuit
from neuro_rtrrl.language import Apply, EquationError, Expression
from neuro_rtrrl.spec import spec_from_document
from neuro_rtrrl.spec.document import Document, compose_document, read_document, read_text
from neuro_rtrrl.spec.load import schema_problems
from neuro_rtrrl.spec.nodes import Node
from neuro_rtrrl.spec.overrides import OPTION, apply_overrides

__all__ = ["INTACT", "Assay", "find_assays", "load_assay"]

INTACT = "intact"
"""The variant without a control, and the one run of an assay that names none."""

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Assay:
    """An assay that can be run.

    Attributes
    ----------
    path : Path
    spec : AssaySpec
    circuits : mapping
        Variant (``intact`` or a control) → run → circuit.
    decisions : mapping
        Run → how many for each seed; ``until``: run → the number of trials that count, or None.
    expectations : mapping
        Name → expression over measures.
    program : OwnFile or None
        The user's own code that runs and measures in place of protocol and measures.
    """

    path: Path
    spec: AssaySpec
    circuits: Mapping[str, Mapping[str, Circuit]]
    decisions: Mapping[str, int]
    until: Mapping[str, int | None]
    expectations: Mapping[str, Expression]
    program: OwnFile | None = None

    @property
    def name(self) -> str:
        """The assay's name."""
        return self.spec.assay

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds' numbers."""
        return tuple(range(self.spec.first_seed, self.spec.first_seed + self.spec.seeds))

    @property
    def majority(self) -> int:
        """In how many seeds an expectation must hold: all, unless the file says otherwise."""
        return self.spec.majority or self.spec.seeds

    def of_seeds(self, count: int) -> Assay:
        """Return the assay over another number of seeds, with a majority in proportion."""
        majority = -(-self.majority * count // self.spec.seeds)
        return replace(self, spec=self.spec.model_copy(update={"seeds": count, "majority": majority}))

    def run_of(self, selection: Selection) -> str:
        """Return the run that a selection means: the first, unless it says otherwise."""
        return selection.run or next(iter(self.decisions))


def find_assays(folder: str | Path = "experiments") -> tuple[Path, ...]:
    """Return the assay files of the experiments in a folder: the YAML files whose first key is ``assay``."""
    found = []
    for path in sorted(Path(folder).glob("*/*.yaml")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
        if first.startswith("assay:"):
            found.append(path)
    return tuple(found)


def load_assay(path: str | Path) -> Assay:
    """Read and check an assay file, and the circuit that it names with its protocol and overrides.

    Raises
    ------
    CircuitError
        With every problem, located.
    """
    document, problems = compose_document(read_text(path, ASSAY_FILE), str(path), ASSAY_FILE)
    for kind in ("circuit", "study"):
        if isinstance(document.data, dict) and next(iter(document.data), None) == kind:
            hint = {
                "circuit": "an assay names its circuit: assay: my_assay",
                "study": "neuro-rtrrl study runs it",
            }
            message = f"this is a {kind}, not an assay"
            raise CircuitError(
                Problem(message, where=kind, location=document.locate((kind,), key=True), hint=hint[kind])
            )
    spec = None
    try:
        spec = AssaySpec.model_validate(document.data)
    except ValidationError as error:
        known = {problem.location for problem in problems.found}
        problems.found += [
            each for each in schema_problems(error, document, AssaySpec) if each.location not in known
        ]
    if spec is None or problems.found:
        raise CircuitError(sorted(problems.found, key=_place))
    loader = _Loader(document, spec, Path(path))
    assay = loader.assay()
    if loader.problems:
        raise CircuitError(sorted(loader.problems.values(), key=_place))
    return assay


def _place(problem: Problem) -> tuple[int, int]:
    return (problem.location.line, problem.location.column) if problem.location else (0, 0)


class _Loader:
    def __init__(self, document: Document, spec: AssaySpec, path: Path) -> None:
        self.document, self.spec, self.path = document, spec, path
        self.problems: dict[str, Problem] = {}
        self.runs = tuple(spec.runs) or (INTACT,)

    def assay(self) -> Assay:
        expectations = self._expectations()
        self._selections()
        self._controls()
        circuits = {}
        for control in (INTACT, *self.spec.controls):
            circuits[control] = {run: self._circuit(run, control) for run in self.runs}
        decisions, until = {}, {}
        program = self._program()
        for run, circuit in circuits[INTACT].items():
            if circuit is not None and self.spec.program is None:
                decisions[run], until[run] = self._budget(run, circuit)
                self._trials_exist(run, circuit)
        return Assay(self.path, self.spec, circuits, decisions, until, expectations, program)  # type: ignore[arg-type]

    def _program(self) -> OwnFile | None:
        if self.spec.program is None:
            return None
        try:
            return read_own_file(self.path.parent, self.spec.program, "program", "assay")
        except CircuitError as error:
            self._note(replace(each, location=self.document.locate(("program",))) for each in error.problems)
            return None

    def problem(self, path: KeyPath, message: str, *, key: bool = False, **details) -> None:
        where = ".".join(str(part) for part in path)
        self._note([Problem(message, where, self.document.locate(path, key=key), **details)])

    def _note(self, problems: Iterable[Problem]) -> None:
        for problem in problems:  # variants share circuits: what is wrong in one of these is told once
            self.problems.setdefault(str(problem), problem)

    def _known(self, path: KeyPath, name: str | None, among: Iterable[str], what: str) -> None:
        available = tuple(among)
        if name is not None and name not in available:
            hint = nearest(name, available)
            self.problem(path, f"there is no {what} '{name}'", found=name, available=available, hint=hint)

    # --- expectations and names -------------------------------------------------------------------------------

    def _expectations(self) -> dict[str, Expression]:
        read = {}
        for name, text in self.spec.expect.items():
            path: KeyPath = ("expect", name)
            try:
                expression = parse_expression(text)
            except EquationError as error:
                self.problem(path, error.message, found=text, available=error.available, hint=error.hint)
                continue
            for each in sorted(names(expression) if self.spec.program is None else ()):
                self._known(path, each, self.spec.measures, "measure")
            if not isinstance(expression, Apply) or expression.operator not in TRUTHS:
                hint = "compare measures: cue_late > 2*cue_early"
                self.problem(path, "an expectation is true or false", found=text, hint=hint)
            read[name] = expression
        if self.spec.majority and self.spec.majority > self.spec.seeds:
            self.problem(("majority",), f"there are {self.spec.seeds} seeds", found=str(self.spec.majority))
        return read

    def _selections(self) -> None:
        for name, measure in self.spec.measures.items():
            self._known(("measures", name, "run"), measure.run, self.runs, "run")
        for place, panel in enumerate(self.spec.figure):
            path: KeyPath = ("figure", place)
            self._known((*path, "run"), panel.run, self.runs, "run")
            for name, line in panel.lines.items():
                self._known((*path, "lines", name, "run"), line.run, self.runs, "run")
            for index, name in enumerate(panel.bars or ()):
                self._known((*path, "bars", index), name, self.spec.measures, "measure")

    def _controls(self) -> None:
        for name, control in self.spec.controls.items():
            for index, expectation in enumerate(control.fails):
                self._known(("controls", name, "fails", index), expectation, self.spec.expect, "expectation")
            if name == INTACT:
                self.problem(("controls", name), f"'{INTACT}' is the run without a control", key=True)

    def _trials_exist(self, run: str, circuit: Circuit) -> None:
        """Phases, types and events that measures and panels name are those of the protocol."""
        protocol = circuit.environment.protocol if circuit.environment else None
        if protocol is None:
            return
        phases, types = ([each.name for each in group] for group in (protocol.phases, protocol.types))
        events = ("trial", *protocol.stimuli, "reward")
        selections: list[tuple[KeyPath, Selection]] = [
            (("measures", name), measure) for name, measure in self.spec.measures.items()
        ]
        for place, panel in enumerate(self.spec.figure):
            selections.append((("figure", place), panel))
            selections += [
                (
                    ("figure", place, "lines", name),
                    panel.lines[name].model_copy(update={"run": panel.lines[name].run or panel.run}),
                )
                for name in panel.lines
            ]
        for path, selection in selections:
            if (selection.run or self.runs[0]) == run:
                self._known((*path, "phase"), selection.phase, phases, "phase")
                self._known((*path, "type"), selection.type, types, "trial type")
                self._known((*path, "to"), getattr(selection, "to", None), events, "event")

    def _budget(self, run: str, circuit: Circuit) -> tuple[int, int | None]:
        """Return the decisions of a run, and how many of its trials count."""
        protocol = circuit.environment.protocol if circuit.environment else None
        if protocol is None:
            message = "an assay measures trials, and its circuit follows no protocol"
            self.problem(("circuit",), message, hint="write the 'protocol' here, or in the circuit file")
            return 1, None
        counts = [phase.trials for phase in protocol.phases]
        total = sum(count for count in counts if count)
        until = total if all(counts) else None
        if self.spec.decisions is not None:
            return self.spec.decisions, until
        if until is None:
            message = "how long is a run? Its last phase has no number of trials"
            self.problem(
                ("assay",), message, key=True, hint="write 'trials: 100' there, or 'decisions: 20000' here"
            )
            return 1, None
        between = protocol.interval.longest
        lengths = [
            phase.trials * (max(protocol.types[index].duration for index in phase.types) + between)
            for phase in protocol.phases
            if phase.trials
        ]
        return sum(lengths) + 1, until

    # --- circuits ---------------------------------------------------------------------------------------------

    def _circuit(self, run: str, control: str) -> Circuit | None:
        """Return the circuit of a run, with the control's changes last; None after noting what is wrong."""
        path = self.path.parent / self.spec.circuit
        if not path.is_file():
            there = sorted(each.name for each in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
            message = "there is no such circuit file; its path counts from the assay's folder"
            hint = nearest(path.name, there)
            self.problem(("circuit",), message, found=self.spec.circuit, available=tuple(there), hint=hint)
            return None
        own = self.spec.runs.get(run)
        removed = self.spec.controls.get(control)
        changes: list[tuple[KeyPath, str]] = [
            (("set", index), each) for index, each in enumerate(self.spec.set)
        ]
        changes += [(("runs", run, "set", i), each) for i, each in enumerate(own.set if own else ())]
        changes += [
            (("controls", control, "set", i), each) for i, each in enumerate(removed.set if removed else ())
        ]
        acts: list[tuple[KeyPath, str]] = [
            (("runs", run, "interventions", i), each)
            for i, each in enumerate(own.interventions if own else ())
        ]
        acts += [
            (("controls", control, "interventions", i), each)
            for i, each in enumerate(removed.interventions if removed else ())
        ]
        try:
            circuit = self._built(path, run, changes)
        except CircuitError as error:
            blamed = self._to_blame(path, run, changes)
            self._note(self._relocated(problem, changes, blamed) for problem in error.problems)
            return None
        try:
            for place, act in acts:
                circuit = self._intervened(circuit, place, act)
        except CircuitError as error:
            self._note(error.problems)
            return None
        return circuit

    def _built(self, path: Path, run: str, changes: Sequence[tuple[KeyPath, str]]) -> Circuit:
        document = read_document(path)
        if self.spec.program is None:
            document = self._with_protocol(document, run)
        for place, change in changes:
            document = self._overridden(document, place, change)
        return build_circuit(spec_from_document(document), document)

    def _to_blame(
        self, path: Path, run: str, changes: Sequence[tuple[KeyPath, str]]
    ) -> tuple[KeyPath, str] | None:
        """Return the change with which a sound circuit becomes a wrong one, or None where it is none to begin with."""
        for count in reversed(range(len(changes))):
            try:
                self._built(path, run, changes[:count])
            except CircuitError:
                continue
            return changes[count]
        return None

    def _with_protocol(self, document: Document, run: str) -> Document:
        """Put the protocol and what is to be recorded into a circuit's document; each keeps its place in this file."""
        root = document.root
        assert isinstance(root.value, dict)
        children, keys = dict(root.value), dict(root.keys)
        own = self.spec.runs.get(run)
        path: KeyPath = ("runs", run, "protocol") if own and own.protocol else ("protocol",)
        node = self._node(path)
        if node is not None:
            place = self.document.locate(path, key=True)
            children["environment"] = Node({"protocol": node}, place, {"protocol": place})
            keys["environment"] = place
        wanted: dict[str, KeyPath] = {}
        for name, measure in self.spec.measures.items():
            wanted.setdefault(measure.of, ("measures", name, "of"))
        for index, panel in enumerate(self.spec.figure):
            for kind in ("heatmap", "average"):
                if getattr(panel, kind) is not None:
                    wanted.setdefault(getattr(panel, kind), ("figure", index, kind))
        wanted.setdefault("observation", ("measures",))
        entries = []
        for key, place in wanted.items():
            at = self.document.locate(place)
            entries.append(Node({"variable": Node(key, at)}, at, {"variable": at}))
        children["record"] = Node(entries, self.document.root.location)
        keys["record"] = self.document.root.location
        return Document(document.name, document.text, Node(children, root.location, keys))

    def _node(self, path: KeyPath) -> Node | None:
        node: Node | None = self.document.root
        for part in path:
            node = node.value.get(str(part)) if node is not None and isinstance(node.value, dict) else None
        return node

    def _overridden(self, document: Document, place: KeyPath, change: str) -> Document:
        try:
            return apply_overrides(document, [change])
        except CircuitError as error:
            raise CircuitError(self._here(problem, place, change) for problem in error.problems) from None

    def _intervened(self, circuit: Circuit, place: KeyPath, act: str) -> Circuit:
        try:
            return circuit.intervene(act)
        except CircuitError as error:
            raise CircuitError(self._here(problem, place, act) for problem in error.problems) from None

    def _relocated(
        self, problem: Problem, changes: Sequence[tuple[KeyPath, str]], blamed: tuple[KeyPath, str] | None
    ) -> Problem:
        """Return a problem that lies in an override, or follows from one, with its place in this file."""
        places = {place for place, _ in changes}
        if any(problem.where == ".".join(map(str, place)) for place in places):  # told with its place already
            return problem
        if problem.location is not None and problem.location.file == OPTION:
            for place, change in reversed(changes):
                target = change.partition("=")[0].strip()
                if problem.where == target or problem.where.startswith(f"{target}."):
                    return self._here(problem, place, change)
        if blamed is None:
            return problem
        place, change = blamed
        whose = {"controls": "control", "runs": "run"}.get(str(place[0]))
        message = f"{problem.where}: {problem.message}" if problem.where else problem.message
        message = f"{whose} '{place[1]}': {message}" if whose else message
        return self._here(replace(problem, message=message), place, change)

    def _here(self, problem: Problem, place: KeyPath, found: str) -> Problem:
        where = ".".join(str(part) for part in place)
        return replace(problem, location=self.document.locate(place), where=where, found=found)
