"""Where the words of a tick stand and what they are worth: types and places that follow from a circuit's fixed form."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuro_rtrrl.deploy.portable import PortablePlaces
from neuro_rtrrl.deploy.tables import Tables
from neuro_rtrrl.deploy.trees import WholeWriter
from neuro_rtrrl.deploy.whole import Whole, rescaled, type_for
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.language import Apply, Expression, Number, Read
from neuro_rtrrl.lowering import FixedForm, Space
from neuro_rtrrl.lowering.fixed_trees import Fixed

__all__ = ["DRAWN_BITS", "Inputs", "WordPlaces"]

DRAWN_BITS = 24  # of a uniform number


@dataclass
class Inputs:
    """What the world hands over, each in the words in which it is read: (name, fraction, most) → member."""

    members: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def member(self, name: str, fraction: int, most: int) -> str:
        """Return the member that holds an input in a format."""
        number = sum(1 for known in self.members if known[0] == name)
        return self.members.setdefault((name, fraction, most), f"{name}_{number + 1}" if number else name)


class WordPlaces(PortablePlaces):
    """Places whose values are words."""

    form: FixedForm
    tables: Tables
    inputs: Inputs
    beginning = False
    action: Fixed | None = None
    """What an action by degrees is."""

    def fixed(self, key: str) -> tuple[int, int]:
        """Return the fraction and the largest magnitude of a variable."""
        key = key.partition(".before ")[0]
        if key == "action" and self.action is not None:
            return self.action.fraction, int(self.action.most)
        variable = self.lowered.variables.get(key)
        if variable is not None and variable.role in ("chance", "noise"):
            return DRAWN_BITS, 2**DRAWN_BITS - 1
        owner, _, name = key.rpartition(".")
        if name == "w" and owner in self.lowered.transposed:
            key = f"{self.lowered.transposed[owner]}.w"
        if name == "mask":
            return 0, 1
        known = self.form.numbers.get(key)
        return (known.fraction, int(known.most)) if known is not None else (0, 0)

    def type_of(self, key: str) -> str:
        """Return the C type of a variable: in arrays, the smallest that holds its word."""
        _, most = self.fixed(key)
        scalar = key in self.inner or (key in self.spaces and self.spaces[key].kind == "broadcast")
        return type_for(most, smallest=not scalar or key in self.layout.fields)

    def written(self, expression: Expression, space: Space) -> Whole:
        """Return a tree as a loop over ``space`` sees it."""
        writer = WholeWriter(lambda leaf: self._leaf(leaf, space), self._shown, self.tables)
        return writer(expression)

    def value(self, expression: Expression, space: Space, target: str = "") -> str:
        """Write a tree as a loop over ``space`` sees it, in the places of ``target``."""
        found = self.written(expression, space)
        if target == "action":
            return found.text
        fraction, most = self.fixed(target)
        found = rescaled(found, fraction)
        kind = self.type_of(target)
        if type_for(found.most) == "int64_t" and kind != "int64_t" and most < found.most:
            raise CircuitError(
                Problem(f"'{target}' may become longer than its word", hint="use shorter words")
            )
        smaller = kind in ("int8_t", "int16_t") and not isinstance(expression, Read | Number)
        return f"({kind}){found.operand}" if smaller else found.text

    def _leaf(self, leaf: Read, space: Space) -> Whole:
        if leaf.key in ("first", "terminated"):
            return Whole("first" if leaf.key == "first" else "0" if self.beginning else "terminated", 0, 1)
        if leaf.key == "action" and self.action is not None:
            return Whole("action[k]", *self.fixed("action"))
        variable = self.lowered.variables.get(leaf.key)
        if variable is not None and variable.role == "offset":
            return Whole(f"rounding_offset({self._index(variable.space)})", 16, 2**16 - 1)
        if leaf.key in ("reward", "action"):
            raise CircuitError(Problem(f"an equation reads '{leaf.key}' in a way that has no form in C yet"))
        fraction, most = self.fixed(leaf.key)
        kind = self.type_of(leaf.key)
        return Whole(self.read(leaf, space), fraction, most, wide=kind == "int64_t")

    def _index(self, space: Space) -> str:
        return "neuron" if space.kind == "population" else f"post * {space.shape[1]} + pre"

    def _shown(self, leaf: Read, fraction: int, most: int) -> Whole | None:
        if leaf.key != "reward":
            return None
        if self.beginning:
            return Whole("0", fraction, 0)
        return Whole(f"input->{self.inputs.member('reward', fraction, most)}", fraction, most)

    # --- what loops need ----------------------------------------------------------------------------------------------

    def lowest(self, key: str) -> str:
        """Return what is below everything that a variable can be."""
        return "-INT64_MAX" if self.type_of(key) == "int64_t" else "-INT32_MAX"

    def larger(self, key: str, left: str, right: str) -> str:
        """Write the larger of two values of a variable."""
        return f"maximum{64 if self.type_of(key) == 'int64_t' else 32}({left}, {right})"

    def policy(self, expression: Expression, space: Space, slot: int) -> tuple[str, str, str]:
        """Return the type of ``cumulative``, what a neuron adds to it, and whether the draw is past it."""
        value = self.written(expression, space)
        most = value.most * space.shape[0]
        trees = Apply("less_equal", (Read("cumulative", "own"), Read("uniform", "own")))
        sides = {
            "cumulative": Whole("cumulative", value.fraction, most, wide=type_for(most) == "int64_t"),
            "uniform": Whole(f"uniform[{slot}]", DRAWN_BITS, 2**DRAWN_BITS - 1),
        }
        passed = WholeWriter(lambda leaf: sides[leaf.key], self._shown, self.tables)(trees)
        return type_for(most), value.text, passed.operand
