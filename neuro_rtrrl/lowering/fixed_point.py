"""A lowered circuit in words of fixed length, learning included.

Every variable becomes a word (:mod:`neuro_rtrrl.lowering.words`), every tree a computation in whole numbers
(:mod:`neuro_rtrrl.lowering.fixed_trees`). What a neuron or synapse keeps is rounded to its own word when it is written;
intermediate results are words of 32 bits; sums over synapses and populations are exact, so that their order does not
matter. What the environment shows is rounded to words when it arrives. Then float64 computes the same numbers on every
backend, in any order, as a chip does in whole numbers.

Stochastic rounding takes ``floor(x + u)`` with u uniform in [0, 1). A decision has one random number of 16 bits; each
element adds an offset of its own, modulo 1 (a Cranley-Patterson rotation, as a chip's shift register would be shared):
rounding is unbiased for each element by itself, and elements of one decision are spread evenly over [0, 1).
"""

from __future__ import annotations

from dataclasses import replace

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.language import Expression, Number, Read, apply
from neuro_rtrrl.lowering.dataflow import carried_keys
from neuro_rtrrl.lowering.fixed_trees import EXACT_BITS, Fixed, Fixer, exact, quantise
from neuro_rtrrl.lowering.gates import IN_WORDS, refuse_events
from neuro_rtrrl.lowering.program import (
    BROADCAST,
    Act,
    Assign,
    Choose,
    Gather,
    LoweredCircuit,
    Reduce,
    Space,
    SpikeStep,
    Statement,
    Term,
    Variable,
)
from neuro_rtrrl.lowering.whole_numbers import DITHER_BITS, GOLDEN, FixedForm, FixedPoint, key_of_node
from neuro_rtrrl.lowering.words import (
    ACCUMULATOR,
    Format,
    format_of,
    kind_of_word,
    rounded_array,
)
from neuro_rtrrl.units import DIMENSIONLESS

__all__ = ["DITHER", "fixed_form"]

DITHER = "dither"
GROWTH = 256.0  # headroom of clocks and running statistics, which go on growing
_TRUTHS = frozenset({"terminated", "first", "action"})
_NEW = ".next"  # what a state becomes, until all that move with it are known


def fixed_form(lowered: LoweredCircuit, point: FixedPoint) -> FixedForm:
    """Return a hoisted circuit in whole numbers; see the module's text.

    Raises
    ------
    CircuitError
        If an equation has no form in fixed point, or the circuit spikes.
    """
    return _Builder(lowered, point).run()


class _Builder:
    def __init__(self, lowered: LoweredCircuit, point: FixedPoint) -> None:
        if lowered.circuit.spiking:
            problem = Problem(
                "circuits that spike cannot be run in fixed point yet", found=lowered.circuit.name
            )
            raise CircuitError(problem)
        refuse_events(lowered.circuit, *IN_WORDS)
        self.lowered, self.point = lowered, point
        # physical units are a matter of the equations as written: a word is a number
        self.variables = {
            key: replace(variable, dimension=DIMENSIONLESS) for key, variable in lowered.variables.items()
        }
        self.formats: dict[str, Format] = {}
        self.numbers: dict[str, Fixed] = {}
        carried = set(carried_keys(lowered))
        self.kinds = {
            key: kind_of_word(variable, lowered)
            or ("activation" if key in carried and not variable.persistent else "")
            for key, variable in lowered.variables.items()
        }
        self.constant_bits = point.words.bits.get("parameter", 16)
        self.dithered = 0
        for key, variable in self.variables.items():
            if self.kinds[key]:
                self._keep(key, point.format(key, self.kinds[key]))
            elif variable.persistent:
                self._keep(key, format_of(ACCUMULATOR, point.ranges.get(key, 0.0), GROWTH))

    def _keep(self, key: str, word: Format) -> None:
        self.formats[key] = word
        self.numbers[key] = Fixed(Read(key, "own"), word.fraction, float(word.most))

    def run(self) -> FixedForm:
        self.space: Space = BROADCAST
        setup = tuple(self._assign(statement) for statement in self.lowered.setup)
        sections: dict[str, tuple[Statement, ...]] = {}
        for name, body in self.lowered.sections.items():
            if name == "advance":
                sections["derive"] = (*sections["derive"], *self._simultaneous(body))
                sections[name] = ()
                continue
            sections[name] = tuple(self._statement(statement) for statement in body)
        sections["sense"] = (*self._shown(), *sections["sense"])
        start = tuple(self._assign(statement) for statement in self.lowered.episode_start)
        chances, draws = dict(self.lowered.chances), self.lowered.draws
        if self.dithered:
            chances[DITHER], draws = draws, draws + 1
        variables = {key: self._with_initial(variable) for key, variable in self.variables.items()}
        changed = self.lowered.replace(
            setup=setup,
            sections=sections,
            episode_start=start,
            variables=variables,
            chances=chances,
            draws=draws,
        )
        return FixedForm(changed, self.formats, self.numbers)

    def _with_initial(self, variable: Variable) -> Variable:
        if variable.key not in self.formats:
            return variable
        initial = variable.initial
        if isinstance(initial, str):
            constant = self.variables[initial].value
            if constant is None:
                return variable
            initial = constant  # a state begins as a word, whatever the constant it is named after
        return replace(variable, initial=float(rounded_array(initial, self.formats[variable.key])))

    def _shown(self) -> list[Statement]:
        """Round what the environment shows."""
        found: list[Statement] = []
        for key, variable in self.variables.items():
            if variable.role == "clamped":
                word = self.formats[key]
                tree = quantise(Read(key, "own"), word)
                found.append(
                    Assign(key, variable.space, tree, "forward", variable.space.name, f"{key} as words")
                )
        return found

    # --- statements ---------------------------------------------------------------------------------------------------

    def _statement(self, statement: Statement) -> Statement:
        if isinstance(statement, Assign):
            return self._assign(statement)
        if isinstance(statement, Gather):
            return self._gather(statement)
        if isinstance(statement, Reduce):
            return self._reduce(statement)
        if isinstance(statement, Choose):
            self.numbers[statement.chosen] = Fixed(Read(statement.chosen, "own"), 0, 1.0)
            self.formats.pop(statement.chosen, None)
            return statement
        assert isinstance(statement, Act | SpikeStep)
        return statement

    def _simultaneous(self, body: tuple[Statement, ...]) -> list[Statement]:
        """All from old values: what each becomes is computed aside, then put in place."""
        computed: list[Statement] = []
        placed: list[Statement] = []
        for statement in body:
            assert isinstance(statement, Assign)
            fixed = self._assign(statement)
            aside = f"{fixed.target}{_NEW}"
            self.variables[aside] = Variable(aside, fixed.space, "derived")
            self.numbers[aside] = self.numbers[fixed.target]
            computed.append(replace(fixed, target=aside))
            access = "broadcast" if fixed.space.kind == "broadcast" else "own"
            placed.append(replace(fixed, expression=Read(aside, access), text="all at once"))  # type: ignore[arg-type]
        return [*computed, *placed]

    def _assign(self, statement: Assign) -> Assign:
        self.space = statement.space
        value = self._fixed(statement.expression)
        target = statement.target
        word = self.formats.get(target)
        if word is not None:
            tree = self._rounded(value, word, target)
        else:
            value = Fixer.narrowed(value, ACCUMULATOR - 1)
            known = self.numbers.get(target)
            if known is not None and (known.fraction, known.most) != (value.fraction, value.most):
                # written more than once: one word for all
                word = Format(ACCUMULATOR, min(known.fraction, value.fraction))
                self.formats[target] = word
                value = Fixed(quantise(value.tree, word), word.fraction, float(word.most))
            self.numbers[target] = value
            tree = value.tree
        return replace(statement, expression=tree)

    def _rounded(self, value: Fixed, word: Format, target: str) -> Expression:
        fits = (
            value.fraction <= word.fraction
            and value.most * 2.0 ** (word.fraction - value.fraction) <= word.most
        )
        if fits:
            return value.tree
        dither = Number(0.5)
        if self.kinds[target] in self.point.words.stochastic and value.fraction > word.fraction:
            # the random number has 16 places below the last bit of the word
            deeper = max(0, word.fraction + DITHER_BITS - value.fraction)
            value = Fixer.narrowed(value, EXACT_BITS - 1 - deeper)
            dither = self._dither(target)
        return quantise(value.tree, word, dither)

    def _dither(self, target: str) -> Expression:
        """Return the number in [0, 1) that rounds an element."""
        space = self.variables[target].space
        if DITHER not in self.variables:
            self.variables[DITHER] = Variable(DITHER, BROADCAST, "chance")
            self.numbers[DITHER] = Fixed(Read(DITHER, "broadcast"), DITHER_BITS, 2.0**DITHER_BITS)
        self.dithered += 1
        scale = float(2**DITHER_BITS)
        drawn = apply(
            "multiply",
            apply("floor", apply("multiply", Read(DITHER, "broadcast"), Number(scale))),
            Number(1 / scale),
        )
        shift: Expression = apply("add", drawn, Number(self.dithered * GOLDEN % 2**DITHER_BITS / scale))
        if space.kind != "broadcast":
            # Brian2 shows a synapse its neurons' names beside its own, so that these must differ
            key = f"{space.name}.{'synaptic_' * (space.kind == 'projection')}rounding_offset"
            if key not in self.variables:
                self.variables[key] = Variable(key, space, "offset", persistent=True)
            shift = apply("add", shift, Read(key, "own"))
        return apply("subtract", shift, apply("floor", shift))

    def _gather(self, statement: Gather) -> Gather:
        terms: list[Term] = []
        fixed: list[tuple[Fixed, int]] = []
        for term in statement.terms:
            self.space = self.lowered.spaces[term.projection]
            value = self._fixed(term.expression)
            fan_in = int(self.space.shape[1])
            # the sum over pre must stay exact beside the others
            fixed.append(
                (Fixer.narrowed(value, EXACT_BITS - 4 - fan_in.bit_length() - len(statement.terms)), fan_in)
            )
        finest = max((value.fraction for value, _ in fixed), default=0)
        for value, fan_in in fixed:
            finest -= max(0, value.bits + fan_in.bit_length() + finest - value.fraction - (EXACT_BITS - 4))
        most = 0.0
        for (value, fan_in), term in zip(fixed, statement.terms, strict=True):
            if value.fraction > finest:
                word = Format(max(2, value.bits - (value.fraction - finest) + 1), finest)
                value = Fixed(quantise(value.tree, word), finest, float(word.most))
            most += fan_in * value.most * 2.0 ** (finest - value.fraction)
            terms.append(Term(term.projection, value.tree))
        self.numbers[statement.target] = Fixed(Read(statement.target, "own"), finest, most)
        return replace(statement, terms=tuple(terms))

    def _reduce(self, statement: Reduce) -> Reduce:
        self.space = statement.space
        value = self._fixed(statement.expression)
        count = int(statement.space.shape[0])
        value = Fixer.narrowed(value, EXACT_BITS - 2 - count.bit_length())
        most = value.most * (count if statement.how == "sum_population" else 1)
        self.numbers[statement.target] = Fixed(Read(statement.target, "own"), value.fraction, most)
        return replace(statement, expression=value.tree)

    # --- trees --------------------------------------------------------------------------------------------------------

    def _fixed(self, expression: Expression) -> Fixed:
        fixer = Fixer(self._read, self._seen, self.constant_bits)
        return fixer(expression)

    def _seen(self, node: Expression) -> float:
        return self.point.ranges.get(key_of_node(self.space, node), 0.0)

    def _read(self, leaf: Read) -> Fixed:
        variable = self.variables[leaf.key]
        if variable.value is not None:
            return exact(variable.value, self.constant_bits)
        if leaf.key in _TRUTHS:
            return Fixed(leaf, 0, 1.0)
        if variable.role in ("environment", "noise", "chance"):
            kind = "activation"
            word = self.point.format(leaf.key, kind)
            return Fixed(quantise(leaf, word), word.fraction, float(word.most))
        owner, _, name = leaf.key.rpartition(".")
        key = (
            f"{self.lowered.transposed[owner]}.w"
            if name == "w" and owner in self.lowered.transposed
            else leaf.key
        )
        known = self.numbers.get(key)
        if known is None:  # an input that nothing reaches
            return Fixed(leaf, 0, 0.0)
        return Fixed(leaf, known.fraction, known.most)
