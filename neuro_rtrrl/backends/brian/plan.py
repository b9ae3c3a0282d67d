"""What Brian2 computes, in which order, and what NumPy computes beside it, from the lowered form alone.

Brian2 gets all that happens per ``dt`` and all that happens per synapse. The instantaneous readouts, the
modulators and sums over a population are a few numbers once a decision: NumPy does them between two steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from neuro_rtrrl.language import Apply, Expression, Read
from neuro_rtrrl.lowering import Assign, Gather, LoweredCircuit, SpikeStep, Statement
from neuro_rtrrl.lowering.simplify import reads_of, targets_of

__all__ = ["Block", "Plan", "is_euler", "make_plan", "slope_of"]


@dataclass
class Block:
    """Statements that run as one piece of code in ``home``: population, projection, or empty for NumPy."""

    home: str
    statements: list[Statement] = field(default_factory=list)

    @property
    def reads(self) -> set[str]:
        """Keys that the block reads."""
        return {key for statement in self.statements for key in reads_of(statement)}

    @property
    def writes(self) -> set[str]:
        """Keys that the block writes."""
        return {key for statement in self.statements for key in targets_of(statement)}


@dataclass(frozen=True)
class Plan:
    """Blocks in order.

    Attributes
    ----------
    derive, express : tuple of Block
        Before and after the integration, every ``dt``.
    advance : tuple of statements
        For NumPy, every ``dt``: broadcast states (a neuromodulator's), worked out from old values, together with what
        Brian2 integrates.
    decide : tuple of statements
        For NumPy, once a decision: readout, choice, feedback, modulators.
    learn, first : tuple of Block
        Weight changes and traces of an ordinary decision, and of the first one of an episode.
    shown : tuple of statements
        For NumPy, on first decisions: steps towards weight changes that are not made, where recorded.
    aliases : dict
        A variable that only shows another one: ``r = h``.
    temporary : set of str
        Keys that live inside one block and have no place of their own in Brian2.
    shared : tuple of str
        Broadcast variables that Brian2's code reads.
    """

    derive: tuple[Block, ...]
    advance: tuple[Assign, ...]
    express: tuple[Block, ...]
    decide: tuple[Statement, ...]
    learn: tuple[Block, ...]
    first: tuple[Block, ...]
    shown: tuple[Statement, ...]
    aliases: dict[str, str]
    temporary: frozenset[str]
    shared: tuple[str, ...]

    @property
    def inputs(self) -> dict[str, dict[str, Expression]]:
        """For the inputs that Brian2 sums, target → projection → what it transmits."""
        return {
            s.target: {term.projection: term.expression for term in s.terms}
            for block in self.derive
            for s in block.statements
            if isinstance(s, Gather)
        }


def make_plan(lowered: LoweredCircuit, record: tuple[str, ...] = ()) -> Plan:
    """Sort the statements of a tick; ``record`` names what somebody will look at."""
    sections = lowered.sections
    aliases = _aliases(lowered)
    learn = (*sections["learn"], *sections["renew"])
    blocks = into_blocks(learn, summed=False)
    first = into_blocks(
        (*_transients(lowered, _read_in(sections["renew"])), *sections["renew"]), summed=False
    )
    shown = _transients(lowered, set(record))
    kept = {key for s in shown for key in targets_of(s)}
    derive = into_blocks(sections["derive"])
    express = into_blocks(s for s in sections["express"] if not set(targets_of(s)) & set(aliases))
    decide = tuple(s for name in ("readout", "choose", "feedback", "modulate") for s in sections[name])
    brian = [s for b in (*derive, *express, *blocks, *first) if b.home for s in b.statements]
    shared = tuple(s for s in sections["advance"] if isinstance(s, Assign) and not _home(s))
    brian += [*(s for s in sections["advance"] if s not in shared), *sections["spike"]]
    return Plan(
        derive,
        shared,
        express,
        decide,
        blocks,
        first,
        shown,
        aliases,
        frozenset(_temporary(lowered, blocks) - kept),
        _shared(lowered, brian),
    )


def into_blocks(statements: Iterable[Statement], summed: bool = True) -> tuple[Block, ...]:
    """Group statements by where they run; one moves up to an earlier block past what it does not touch.

    ``summed`` says whether Brian2 sums over synapses, which it does every ``dt``; else NumPy.
    """
    blocks: list[Block] = []
    for statement in statements:
        home = _home(statement) if summed or not isinstance(statement, Gather) else ""
        host = next((b for b in reversed(blocks) if b.home == home), None)
        if (
            host is None
            or isinstance(statement, Gather)
            or _conflicts(statement, blocks[_place(blocks, host) + 1 :])
        ):
            host = Block(home)
            blocks.append(host)
        host.statements.append(statement)
    return tuple(blocks)


def _home(statement: Statement) -> str:
    """Return the space in which Brian2 runs the statement, empty where NumPy does."""
    if isinstance(statement, Assign | Gather | SpikeStep) and statement.space.kind != "broadcast":
        return statement.space.name
    return ""


def _place(blocks: list[Block], wanted: Block) -> int:
    return next(index for index, block in enumerate(blocks) if block is wanted)


def _conflicts(statement: Statement, later: list[Block]) -> bool:
    reads, writes = reads_of(statement), set(targets_of(statement))
    return any(reads & b.writes or writes & (b.reads | b.writes) for b in later)


def _read_in(statements: Iterable[Statement]) -> set[str]:
    return {key for statement in statements for key in reads_of(statement)}


def _transients(lowered: LoweredCircuit, needed: set[str]) -> tuple[Statement, ...]:
    """Return, of the weight changes, the steps that lead to what is needed and change nothing that lasts."""
    needed, kept = set(needed), []
    for statement in reversed(lowered.sections["learn"]):
        (target,) = targets_of(statement)
        if target in needed and not lowered.variables[target].persistent:
            kept.insert(0, statement)
            needed |= reads_of(statement)
    return tuple(kept)


def _aliases(lowered: LoweredCircuit) -> dict[str, str]:
    """Find readouts that are a state itself; a state may change once more, at a spike."""
    found = {}
    moved = {key for statement in lowered.sections["spike"] for key in targets_of(statement)}
    for statement in lowered.sections["express"]:
        if isinstance(statement, Assign) and _home(statement) and isinstance(statement.expression, Read):
            source = lowered.variables[statement.expression.key]
            population = lowered.circuit.populations[statement.space.name]
            moves_again = population.model.spikes or source.key in moved
            if source.role == "membrane" and source.persistent and not moves_again:
                found[statement.target] = source.key
    return found


def _temporary(lowered: LoweredCircuit, blocks: tuple[Block, ...]) -> set[str]:
    """Find what is written and read inside one block of learning only."""
    everywhere: dict[str, int] = {}
    for _, statement in lowered.statements():
        for key in reads_of(statement) | set(targets_of(statement)):
            everywhere[key] = everywhere.get(key, 0) + 1
    found = set()
    for block in blocks:
        inside: dict[str, int] = {}
        for statement in block.statements:
            for key in reads_of(statement) | set(targets_of(statement)):
                inside[key] = inside.get(key, 0) + 1
        if block.home:
            found |= {
                key
                for key in block.writes
                if inside[key] == everywhere[key] and not lowered.variables[key].persistent
            }
    return found


def _shared(lowered: LoweredCircuit, statements: list[Statement]) -> tuple[str, ...]:
    keys = {key for statement in statements for key in reads_of(statement)}
    varying = (key for key in keys if lowered.variables[key].value is None)
    return tuple(sorted(key for key in varying if lowered.variables[key].space.kind == "broadcast"))


def is_euler(statement: Assign) -> bool:
    """Whether an update is ``x = x + dt*f``, which Brian2 makes by itself from f."""
    tree = statement.expression
    change = tree.arguments[1] if isinstance(tree, Apply) and len(tree.arguments) == 2 else None
    return (
        isinstance(tree, Apply)
        and tree.operator == "add"
        and tree.arguments[0] == Read(statement.target, "own")
        and isinstance(change, Apply)
        and change.operator == "multiply"
        and change.arguments[0] == Read("dt", "broadcast")
    )


def slope_of(statement: Assign) -> Expression:
    """Return f of ``x = x + dt*f``, for Brian2 to integrate by itself."""
    change = statement.expression.arguments[1] if isinstance(statement.expression, Apply) else None
    assert isinstance(change, Apply), "the as-written form of a derivative"
    return change.arguments[1]
