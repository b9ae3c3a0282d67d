"""The two C functions of a circuit, and the constants and the struct that they use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuro_rtrrl.language import Expression, Read, walk
from neuro_rtrrl.lowering import LoweredCircuit, Space, SpikeStep
from neuro_rtrrl.native.expressions import HELPERS, literal
from neuro_rtrrl.native.layout import ALIGNMENT, Layout
from neuro_rtrrl.native.loops import comment, indented, loops_text
from neuro_rtrrl.native.operations import Operation, operations_of
from neuro_rtrrl.native.places import Places, temporaries
from neuro_rtrrl.native.records import Kept, hand_out
from neuro_rtrrl.native.schedule import Loop, schedule
from neuro_rtrrl.native.spikes import spike_text

__all__ = ["Writer", "preamble"]

INTEGRATION = ("derive", "advance", "express")
DECISION = ("readout", "choose", "feedback", "modulate", "learn", "renew")
MOST_ON_STACK = 4096  # neurons; longer vectors stand in the state instead

_FUNCTIONS = ("exp", "log", "sqrt", "tanh", "sin", "cos")


def preamble(precision: str) -> list[str]:
    """Return the lines that fix the precision: the type ``real`` and the functions on it."""
    suffix = "f" if precision == "float32" else ""
    vector = [f"{name}{suffix}" for name in _FUNCTIONS if name != "sqrt"]
    return [
        "#include <math.h>",
        "#include <stdint.h>",
        "#include <string.h>",
        f"typedef {'float' if precision == 'float32' else 'double'} real;",
        *(f"#define {name.upper()}(x) {name}{suffix}(x)" for name in _FUNCTIONS),
        f"#define ABS(x) fabs{suffix}(x)",
        f"#define FLOOR(x) floor{suffix}(x)",
        f"#define POWER(x, y) pow{suffix}(x, y)",
        "#if defined(__GLIBC__) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)",
        "#if __GLIBC_PREREQ(2, 35)  /* the C library has these for several numbers at once */",
        *(f'__attribute__((simd("notinbranch"))) real {name}(real);' for name in vector),
        "#endif",
        "#endif",
    ]


class Writer:
    """Writes the parts of a file; see :func:`~neuro_rtrrl.native.source.write_tick` for the parameters."""

    def __init__(
        self, lowered: LoweredCircuit, precision: str, kept: tuple[Kept, ...], observation: int
    ) -> None:
        self.lowered, self.precision, self.kept, self.observation = lowered, precision, kept, observation
        self.steps = lowered.circuit.timing.steps
        self.spikes = lowered.sections["spike"]
        if self.steps == 1 and not self.spikes:
            self.regions = [schedule(lowered, operations_of(lowered, ("sense", *INTEGRATION, *DECISION)))]
        else:
            self.regions = [
                schedule(lowered, operations_of(lowered, part))
                for part in (("sense",), INTEGRATION, DECISION)
            ]
        starts = [
            Operation("assign", line.target, line.space, line.expression, line.text)
            for line in lowered.episode_start
        ]
        self.beginning = schedule(lowered, starts + operations_of(lowered, ("express",)))
        self.spaces = self._spaces()
        basic = self.make_layout({})
        wanted = {each.key for each in kept}
        clamped = {key for key, variable in lowered.variables.items() if variable.role == "clamped"}
        lasting = set(basic.fields) | wanted | self._named_by_spikes() | clamped | {"action"}
        inner, shared = temporaries([*self.regions, self.beginning], lasting)
        shared |= (wanted | self._named_by_spikes()) & set(self.spaces) - set(basic.fields)
        shared |= self._unwritten(basic, inner)
        shared = {key for key in shared if not self._given(key)}
        scratch = sorted(key for key in shared if self._is_large(self.spaces[key]))
        self.layout = self.make_layout({key: self.spaces[key] for key in scratch})
        self.local = sorted(key for key in shared if key not in self.layout.fields)
        self.places = self.make_places(inner)

    def make_layout(self, scratch: Mapping[str, Space]) -> Layout:
        """Decide what the struct holds."""
        return Layout(self.lowered, self.precision, scratch)

    def make_places(self, inner: set[str]) -> Places:
        """Decide how C writes where a value stands."""
        return Places(self.lowered, self.layout, self.precision, self.spaces, inner)

    # --- what there is ------------------------------------------------------------------------------------------------

    def _spaces(self) -> dict[str, Space]:
        spaces = {key: variable.space for key, variable in self.lowered.variables.items()}
        for region in (*self.regions, self.beginning):
            for loop in region:
                for operation in loop.operations:
                    spaces.setdefault(operation.target, operation.space)
                for key, name in loop.copies.items():
                    spaces[name] = spaces[key]
        return spaces

    def _named_by_spikes(self) -> set[str]:
        """Return what the spike section reads or writes."""
        found: set[str] = set()
        for step in self.spikes:
            assert isinstance(step, SpikeStep)
            found.add(step.trigger)
            trees = [step.condition] if step.condition is not None else []
            for action in step.actions:
                found.add(action.target)
                trees += _trees(action)
            found |= {leaf.key for tree in trees for leaf in walk(tree) if isinstance(leaf, Read)}
        return {key for key in found if key in self.lowered.variables}

    def _given(self, key: str) -> bool:
        variable = self.lowered.variables.get(key)
        if variable is None:
            return False
        borrowed = variable.name == "w" and variable.space.name in self.lowered.transposed
        return (
            variable.value is not None
            or borrowed
            or variable.role in ("environment", "noise", "chance", "clamped")
        )

    def _unwritten(self, layout: Layout, inner: set[str]) -> set[str]:
        """Return what is read but that nothing ever sets: an input that no projection reaches is 0."""
        found = {
            leaf.key
            for region in (*self.regions, self.beginning)
            for loop in region
            for operation in loop.operations
            for leaf in operation.reads()
        }
        return {key for key in found if key not in layout.fields and key not in inner}

    def _is_large(self, space: Space) -> bool:
        return space.kind == "projection" or space.elements > MOST_ON_STACK

    # --- the file -----------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """Return the whole file."""
        functions = "\n".join([*self._begin_episode(), "", *self._tick()])
        lines = [
            f"/* {self.lowered.circuit.name}: one decision tick, learning included, written by neuro-rtrrl from the",
            " * circuit's own equations. Every line names the equation it came from. */",
            *preamble(self.precision),
            f"typedef {'real' if self._by_degrees() else 'int32_t'} action_type;",
            HELPERS.rstrip(),
            "",
            *self._constants(functions),
            "",
            *self._struct(),
            "",
            functions,
            "",
        ]
        return "\n".join(lines)

    def _constants(self, text: str) -> list[str]:
        lines = []
        for key, variable in self.lowered.variables.items():
            name = self.places.names[key]
            if variable.value is not None and _mentions(text, name):
                lines.append(f"static const real {name} = {literal(variable.value, self.precision)};")
        return lines

    def _struct(self) -> list[str]:
        lines = ["/* All that lasts from tick to tick, for one seed. */", "struct state {"]
        for key, field in self.layout.fields.items():
            name = self.places.names[key]
            lines.append(
                f"  _Alignas({ALIGNMENT}) real {self._dimensioned(key, name)};  /* at {field.offset} */"
            )
        if not self.layout.fields:
            lines.append("  real nothing;")
        return [*lines, "};"]

    def _dimensioned(self, key: str, name: str) -> str:
        if key in self.spaces:
            return self.places.declaration(key, name)
        if key in self.layout.queues:
            steps, size = self.layout.queues[key]
            return f"{name}[{steps}][{size}]"
        if key.endswith(" head"):
            return name
        if key.endswith(" count"):
            return f"{name}[{self.layout.fields[key].count}]"
        rows, columns = self.layout.storage[key.removesuffix(".mask")].shape
        return f"{name}[{rows}][{columns}]"

    def _locals(self, regions: Sequence[list[Loop]], everything: bool) -> list[str]:
        """Declare what several loops share; zero where an episode's beginning may read it before it is set."""
        used: set[str] = set()
        made = set()
        for region in regions:
            for loop in region:
                for operation in loop.operations:
                    used |= {operation.target} | {leaf.key for leaf in operation.reads()}
                    made.add(operation.target)
                for name in loop.copies.values():
                    made.add(name)
                    used.add(name)
        lines = []
        copied = [name for region in regions for loop in region for name in loop.copies.values()]
        for key in [*self.local, *copied]:
            if key in used or (everything and key not in copied):
                zero = "" if key in made and everything else " = {0}"
                if self.spaces[key].kind == "broadcast":
                    zero = zero.replace("{0}", "0")
                lines.append(f"  {self.places.type_of(key)} {self.places.declaration(key)}{zero};")
        return lines

    # --- the functions ------------------------------------------------------------------------------------------------

    def _begin_episode(self) -> list[str]:
        lines = [
            "/* The start of an episode: membranes and traces as they were at first. */",
            "static void begin_episode(struct state *restrict s, const int32_t *restrict wiring,",
            "    const real *restrict uniform)",
            "{",
            *self._chances(),
            *self._locals([self.beginning], False),
            *self._arguments_of_beginning(),
        ]
        body: list[str] = []
        for key, variable in self.lowered.variables.items():
            if variable.resets and key in self.layout.fields:
                body += self._reset(key, variable.initial)
        body += loops_text(self.beginning, self.places)
        return [*lines, *indented(body), "  (void)s; (void)wiring; (void)uniform;", "}"]

    def _arguments_of_beginning(self) -> list[str]:
        read = {
            leaf.key for loop in self.beginning for operation in loop.operations for leaf in operation.reads()
        }
        names = {"reward": "const real reward = 0;", "terminated": "const real terminated = 0;"}
        names |= {"first": "const int first = 1;"}
        return [f"  {text}" for key, text in names.items() if key in read]

    def _reset(self, key: str, initial: float | str) -> list[str]:
        space = self.spaces[key]
        target = self.places.base(key)
        if isinstance(initial, str):
            value = self.places.constant(initial)
            if value is None and self.spaces[initial].kind == space.kind != "broadcast":
                return [f"memcpy({target}, {self.places.base(initial)}, sizeof {target});"]
            value = value or self.places.base(initial)
        else:
            value = literal(initial, self.precision)
        if space.kind == "broadcast":
            return [f"{target} = {value};"]
        if value in ("0.0", "0.0f"):
            return [f"memset({target}, 0, sizeof {target});"]
        count = self.layout.fields[key].count
        return [f"for (int i = 0; i < {count}; i++) ((real *){target})[i] = {value};"]

    def _tick(self) -> list[str]:
        lines = [
            *self._head(),
            *self._chances(),
            *self._locals(self.regions, True),
            *self._clamped(),
            "  if (first) begin_episode(s, wiring, uniform);",
            *indented(self._body()),
        ]
        lines += indented(self._hand_out_all(borrowed=False))
        return [
            *lines,
            "  (void)wiring; (void)observation; (void)reward; (void)terminated; (void)action; (void)uniform;",
            "}",
        ]

    def _head(self) -> list[str]:
        noise = "".join(f", const real *restrict noise_{index}" for index in range(len(self.lowered.noise)))
        handed = "".join(f", real *restrict kept_{index}" for index in range(len(self.kept)))
        return [
            "/* One decision tick. kept_N receives what is recorded, where it is not NULL. */",
            "static void tick(struct state *restrict s, const int32_t *restrict wiring,",
            "    const real *restrict observation, const real reward, const real terminated, const int first,",
            f"    action_type *restrict action, const real *restrict uniform{noise}{handed})",
            "{",
        ]

    def _clamped(self) -> list[str]:
        """Show the observation, the efference copy and the reward to the input populations."""
        lines = []
        circuit = self.lowered.circuit
        for population in circuit.populations.values():
            if not population.model.clamped:
                continue
            key = f"{population.name}.{population.model.clamps}"
            if key not in self.spaces:
                continue
            name, position, fill = self.places.names[key], 0, []
            for part in population.encodes if circuit.environment else ():
                if part == "observation":
                    fill.append(
                        f"memcpy({name} + {position}, observation, {self.observation} * sizeof(real));"
                    )
                    position += self.observation
                elif part == "action":
                    assert circuit.environment is not None
                    fill += _efference_copy(f"{name} + {position}", circuit.environment.actions)
                    position += circuit.environment.actions.width
                else:
                    fill.append(f"{name}[{position}] = reward;")
                    position += 1
            lines += [f"  real {self.places.declaration(key)} = {{0}};  {comment('what is shown')}"]
            lines += indented(fill)
        return lines

    def _by_degrees(self) -> bool:
        environment = self.lowered.circuit.environment
        return environment is not None and environment.actions.by_degrees

    def _chances(self) -> list[str]:
        lines = []
        for key, place in self.lowered.chances.items():
            if key in self.spaces:
                name = self.places.names[key]
                one = self.spaces[key].kind == "broadcast"
                kind = self.places.type_of(key)
                lines.append(
                    f"  const {kind} {name} = uniform[{place}];"
                    if one
                    else f"  const {kind} *restrict {name} = uniform + {place};"
                )
        return lines

    def _hand_out_all(self, borrowed: bool) -> list[str]:
        """Borrowed weights are handed out as a tick reads them, before the lender's change; all else at its end."""
        lines = []
        for index, each in enumerate(self.kept):
            owner, _, name = each.key.rpartition(".")
            if not each.each_step and (name == "w" and owner in self.lowered.transposed) == borrowed:
                lines += hand_out(index, each, self.places)
        return lines

    def _body(self) -> list[str]:
        if len(self.regions) == 1:
            lines = [*self._noise_of("0"), *self._hand_out_all(borrowed=True)]
            lines += loops_text(self.regions[0], self.places)
            return lines + [line for text in self._each_step("0") for line in text]
        sense, integration, decision = self.regions
        inner = self._noise_of("step")
        inner += loops_text(integration, self.places)
        for index, step in enumerate(self.spikes):
            assert isinstance(step, SpikeStep)
            inner += spike_text(index, step, self.places)
        inner += [line for text in self._each_step("step") for line in text]
        lines = loops_text(sense, self.places)
        lines += [f"for (int step = 0; step < {self.steps}; step++) {{", *indented(inner), "}"]
        lines += self._hand_out_all(borrowed=True)
        return lines + loops_text(decision, self.places)

    def _each_step(self, step: str) -> Iterator[list[str]]:
        for index, each in enumerate(self.kept):
            if each.each_step:
                yield hand_out(index, each, self.places, step)

    def _noise_of(self, step: str) -> list[str]:
        lines = []
        for index, key in enumerate(self.lowered.noise):
            size = self.spaces[key].shape[0]
            kind = self.places.type_of(key)
            lines.append(
                f"const {kind} *restrict {self.places.names[key]} = noise_{index} + {step} * {size};"
            )
        return lines


def _efference_copy(target: str, actions: Any) -> list[str]:
    """Show the last action from ``target`` on; nothing on the first tick of an episode."""
    if actions.by_degrees:
        return [f"for (int k = 0; k < {actions.width}; k++) ({target})[k] = first ? 0 : action[k];"]
    lines, position = [], 0
    for slot, size in enumerate(actions.sizes):
        place = f"({target} + {position})" if position else f"({target})"
        lines.append(f"for (int k = 0; k < {size}; k++) {place}[k] = k == action[{slot}] && !first;")
        position += size
    return lines


def _trees(action) -> list[Expression]:
    if hasattr(action, "terms"):
        return [term.expression for term in action.terms]
    return [action.expression]


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
