"""A tick in whole numbers: every variable as the word of the fixed form, no number with a point anywhere."""

from __future__ import annotations

from typing import Any

from neuro_rtrrl.deploy.portable import PortableWriter
from neuro_rtrrl.deploy.tables import Tables
from neuro_rtrrl.deploy.whole import rescaled, type_for
from neuro_rtrrl.deploy.word_places import DRAWN_BITS, Inputs, WordPlaces
from neuro_rtrrl.language import Apply, Number, Read
from neuro_rtrrl.lowering import Act, Assign, FixedForm, LoweredCircuit
from neuro_rtrrl.lowering.fixed_trees import QUANTISE
from neuro_rtrrl.lowering.whole_numbers import GOLDEN
from neuro_rtrrl.native.loops import comment, indented
from neuro_rtrrl.native.places import Places

__all__ = ["ROUNDING_OFFSET", "WordWriter"]


class WordWriter(PortableWriter):
    """Writes a tick in whole numbers.

    Parameters
    ----------
    form : FixedForm
    observation : int
        Number of entries.
    """

    places: WordPlaces

    def __init__(self, form: FixedForm, observation: int) -> None:
        self.form, self.tables, self.inputs = form, Tables(), Inputs()
        super().__init__(_without_rounding_of_inputs(form.lowered), observation)

    def make_places(self, inner: set[str]) -> Places:
        """Decide how C writes where a value stands."""
        places = WordPlaces(self.lowered, self.layout, self.precision, self.spaces, inner)
        places.form, places.tables, places.inputs = self.form, self.tables, self.inputs
        if self._by_degrees():
            acts = [each for each in self.lowered.sections["choose"] if isinstance(each, Act)]
            places.action = self.form.numbers[acts[0].source]
        return places

    def type_in_struct(self, key: str) -> str:
        """Return the C type of a member or constant."""
        return "uint8_t" if key.endswith(".mask") else self.places.type_of(key)

    def remark(self, key: str) -> str:
        """Return what a comment says about a member."""
        word = self.form.formats.get(key)
        return f"{key}: {word}" if word else f"{key}: steps of 2^{-self.places.fixed(key)[0]}"

    def action_type(self) -> str:
        """Return the C type of an action."""
        return type_for(self.places.fixed("action")[1]) if self._by_degrees() else "int32_t"

    def input_members(self) -> list[str]:
        """Return the members of what a tick is given; after :meth:`functions`."""
        lines = []
        for (name, fraction, most), member in self.inputs.members.items():
            size = f"[{self.observation}]" if name == "observation" else ""
            remark = f"/* in steps of 2^{-fraction}, at most {most} */"
            lines.append(f"  {type_for(most, smallest=True)} {member}{size};  {remark}")
        lines += self.flags()
        lines += [f"  int32_t uniform[{self.lowered.draws}];  /* from [0, 1) in steps of 2^-{DRAWN_BITS} */"]
        for index, key in enumerate(self.lowered.noise):
            size = self.steps * self.spaces[key].shape[0]
            lines.append(
                f"  int32_t noise_{index}[{size}];  /* from [0, 1) in steps of 2^-{DRAWN_BITS}: {key} */"
            )
        return lines

    def unpacked(self) -> list[str]:
        """Return the lines that give parts of the input the names that the body uses."""
        lines = ["const int first = input->first != 0, terminated = input->terminated != 0;"]
        lines += ["const int32_t *restrict uniform = input->uniform;"]
        return lines + [
            f"const int32_t *restrict noise_{index} = input->noise_{index};"
            for index in range(len(self.lowered.noise))
        ]

    def _tick(self) -> list[str]:
        *lines, _, end = super()._tick()
        return [*lines, f"  (void)uniform;{self.unused()}", end]

    def unused(self) -> str:
        """Return statements about names that a circuit may not use."""
        return " (void)terminated; (void)action; (void)first;"

    def _constants(self, text: str) -> list[str]:
        return []  # they stand in the equations, each with the places it needs

    def _begin_episode(self) -> list[str]:
        self.places.beginning = True
        lines = super()._begin_episode()
        self.places.beginning = False
        return [
            line.replace("const real *restrict uniform", "const int32_t *restrict uniform") for line in lines
        ]

    def _arguments_of_beginning(self) -> list[str]:
        return [line for line in super()._arguments_of_beginning() if " first " in line]

    def _reset(self, key: str, initial: float | str) -> list[str]:
        space, target = self.spaces[key], self.places.base(key)
        if isinstance(initial, str):
            value = self.places.written(
                Read(initial, "own" if space.kind != "broadcast" else "broadcast"), space
            )
        else:
            value = self.places.written(Number(initial), space)
        text = rescaled(value, self.places.fixed(key)[0]).text
        if space.kind == "broadcast":
            return [f"{target} = {text};"]
        if text == "0":
            return [f"memset({target}, 0, sizeof {target});"]
        if space.kind == "population":
            return [f"for (int neuron = 0; neuron < {space.shape[0]}; neuron++) {target}[neuron] = {text};"]
        count, kind = self.layout.fields[key].count, self.places.type_of(key)
        return [f"for (int i = 0; i < {count}; i++) (({kind} *){target})[i] = {text};"]

    def _clamped(self) -> list[str]:
        """Show the observation, the efference copy and the reward to the input populations, as their words."""
        lines = []
        circuit = self.lowered.circuit
        for population in circuit.populations.values():
            key = f"{population.name}.{population.model.clamps}"
            if not population.model.clamped or key not in self.spaces:
                continue
            name, position, fill = self.places.names[key], 0, []
            fraction, most = self.places.fixed(key)
            kind = self.places.type_of(key)
            for part in population.encodes if circuit.environment else ():
                if part == "observation":
                    member = self.inputs.member(part, fraction, most)
                    fill.append(f"memcpy({name} + {position}, input->{member}, sizeof input->{member});")
                    position += self.observation
                elif part == "action":
                    fill += self._copy_of_action(name, position, fraction, most, kind)
                    assert circuit.environment is not None
                    position += circuit.environment.actions.width
                else:
                    fill.append(f"{name}[{position}] = input->{self.inputs.member(part, fraction, most)};")
                    position += 1
            lines += [f"  {kind} {self.places.declaration(key)} = {{0}};  {comment('what is shown')}"]
            lines += indented(fill)
        return lines

    def _copy_of_action(self, name: str, position: int, fraction: int, most: int, kind: str) -> list[str]:
        assert self.lowered.circuit.environment is not None
        actions: Any = self.lowered.circuit.environment.actions
        if actions.by_degrees:
            bits = Number(float(most.bit_length() + 1))
            tree = Apply(QUANTISE, (Read("action", "own"), Number(float(fraction)), bits, Number(0.5)))
            shown = self.places.written(tree, self.lowered.spaces[next(iter(self.lowered.spaces))])
            text = rescaled(shown, fraction).operand
            return [
                f"for (int k = 0; k < {actions.width}; k++) {name}[{position} + k] = first ? 0 : ({kind}){text};"
            ]
        lines, one = [], min(2**fraction, most)
        for slot, size in enumerate(actions.sizes):
            taken = f"k == action[{slot}] && !first ? {one} : 0"
            lines.append(f"for (int k = 0; k < {size}; k++) {name}[{position} + k] = {taken};")
            position += size
        return lines


def _without_rounding_of_inputs(lowered: LoweredCircuit) -> LoweredCircuit:
    """Return a form without the statements that round what the environment shows: it is handed over as words."""
    sense = tuple(
        each
        for each in lowered.sections["sense"]
        if not (
            isinstance(each, Assign)
            and lowered.variables[each.target].role == "clamped"
            and isinstance(each.expression, Apply)
            and each.expression.operator == QUANTISE
        )
    )
    return lowered.replace(sections={**lowered.sections, "sense": sense})


ROUNDING_OFFSET = f"""\
/* what an element adds to the random number of a tick, modulo 2^16 */
static inline int32_t rounding_offset(int32_t element) {{ return (int32_t)((uint32_t)element * {GOLDEN}u & 65535u); }}
"""
