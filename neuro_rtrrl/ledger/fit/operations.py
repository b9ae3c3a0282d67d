"""Whether a learning engine has the operations that a circuit learns by, synapse by synapse and neuron by neuron."""

from __future__ import annotations

from collections.abc import Iterator

from neuro_rtrrl.language import OPERATORS, Apply, walk
from neuro_rtrrl.ledger.fit.case import Case
from neuro_rtrrl.ledger.fit.factorise import without_bounds
from neuro_rtrrl.ledger.fit.finding import Finding, judged, listed, not_known
from neuro_rtrrl.ledger.operations import count_expression, elements_by_reach
from neuro_rtrrl.lowering import Assign
from neuro_rtrrl.lowering.simplify import reads_of

__all__ = ["operations_of_broadcasts", "operations_per_neuron", "operations_per_synapse"]


def operations_per_synapse(case: Case) -> Iterator[Finding]:
    """Ask whether the engine has every operation that a synapse's equations use."""
    yield from _operations(case, "projection", "operations_per_synapse", "a synapse")


def operations_per_neuron(case: Case) -> Iterator[Finding]:
    """Ask the same of what is worked out once a neuron for its synapses to learn by."""
    yield from _operations(case, "population", "operations_per_neuron", "a neuron")


def operations_of_broadcasts(case: Case) -> Iterator[Finding]:
    """Ask the same of what is worked out once for a whole group."""
    yield from _operations(case, "broadcast", "operations_of_broadcasts", "what is broadcast")


def _operations(case: Case, scope: str, name: str, who: str) -> Iterator[Finding]:
    engine = case.engine
    if engine is None or not case.open:
        return
    if engine.operations is None or scope not in engine.operations:
        yield not_known(name, f"which operations {who} may use is not stated", True)
        return
    # what a synapse can do with a number it hears, it does itself where nobody does it for it
    allowed = set(engine.operations[scope]) | set(engine.operations.get("projection", ()))  # type: ignore[arg-type]
    allowed |= {"mac"} if {"add", "multiply"} <= allowed else set()
    wrong: dict[str, set[str]] = {}  # operation -> how it is written
    lines: set[str] = set()
    for assign in _learning_lines(case):
        expression = assign.expression
        if case.grouped.variables[assign.target].learned:
            expression = without_bounds(expression, case.grouped.variables)
        counts = count_expression(expression, case.grouped, elements_by_reach(case.grouped, assign.space))
        kinds = {kind for (where, kind), count in counts.items() if where == scope and count} - allowed
        if kinds:
            lines.add(f"{assign.owner}: {assign.text or assign}")
        for node in walk(expression):
            operator = OPERATORS.get(node.operator) if isinstance(node, Apply) else None
            if operator is not None and operator.kind in kinds:
                wrong.setdefault(operator.kind, set()).add(operator.symbol)
    says = f"{who} can {listed(sorted(allowed)) if allowed else 'nothing'}"
    if lines:
        needs = (f"{kind} ({' '.join(sorted(symbols))})" for kind, symbols in sorted(wrong.items()))
        says += f"; the equations need {listed(needs)}"
    yield judged(name, not lines, says, case.engine_limit, tuple(sorted(lines)))


def _learning_lines(case: Case) -> Iterator[Assign]:
    """Yield every line by which synapses learn, and for a program all others; grouped by scope."""
    lines = [
        assign
        for learner in case.learners
        if "." not in learner.owner or case.programmable  # a bias that is a synapse has the lines of its kind
        for assign in learner.grouped
    ]
    yield from lines
    heard = {key for assign in lines for key in reads_of(assign)}
    for _, statement in case.grouped.statements():
        made_here = isinstance(statement, Assign) and "(" in statement.target  # by grouping, for these lines
        of_group = isinstance(statement, Assign) and statement.owner in case.circuit.plasticity
        if isinstance(statement, Assign) and (made_here or of_group) and statement.target in heard:
            yield statement
