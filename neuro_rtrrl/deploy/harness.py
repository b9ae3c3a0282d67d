"""The program around a tick: reads what the environment shows as text, writes the action; and how it is built."""

from __future__ import annotations

from neuro_rtrrl.deploy.files import Sources
from neuro_rtrrl.deploy.portable import PortableWriter
from neuro_rtrrl.deploy.word_places import DRAWN_BITS
from neuro_rtrrl.deploy.words import WordWriter
from neuro_rtrrl.graph.circuit import Circuit

__all__ = ["makefile", "program", "read_me"]


def program(circuit: Circuit, writer: PortableWriter) -> str:
    """Return ``main.c``: one line in, one line out, whatever the environment is."""
    environment = circuit.environment
    assert environment is not None
    whole = isinstance(writer, WordWriter)
    reads = [
        '    value = number("first");',
        "    input.first = value != 0;",
        '    value = number("reward");',
        *_taken(writer, "reward", ""),
        '    value = number("terminated");',
        "    input.terminated = value != 0;",
        "    for (int i = 0; i < NEURO_RTRRL_OBSERVATION; i++) {",
        '      value = number("an observation");',
        *(f"  {line}" for line in _taken(writer, "observation", "[i]")),
        "    }",
        "    for (int i = 0; i < NEURO_RTRRL_DRAWS; i++) {",
        '      value = number("a uniform number");',
        f"      input.uniform[i] = {_drawn('value', whole)};",
        "    }",
    ]
    noises = 0
    for index, key in enumerate(writer.lowered.noise):
        count = writer.steps * writer.spaces[key].shape[0]
        noises += count
        reads += [
            f"    for (int i = 0; i < {count}; i++) {{",
            '      value = number("a uniform number");',
            f"      input.noise_{index}[i] = {_drawn('value', whole)};",
            "    }",
        ]
    shown = "(long)action[i]"
    written = '"%ld%c"'
    if environment.actions.by_degrees:
        assert not isinstance(writer, WordWriter) or writer.places.action is not None
        step = 2.0**-writer.places.action.fraction if isinstance(writer, WordWriter) else 1.0  # type: ignore[union-attr]
        shown, written = f"(double)action[i] * {step!r}", '"%.9g%c"'
    return "\n".join(
        [
            "/* Reads a line for every decision:",
            " *   first reward terminated observation... uniform...",
            " * and writes the action. What is on the other side is up to you. */",
            "#include <math.h>",
            "#include <stdio.h>",
            "#include <stdlib.h>",
            '#include "tick.h"',
            "",
            *_reader(len(environment.observation), writer.lowered.draws + noises),
            *(_TO_WORD if whole else ()),
            "",
            "static struct neuro_rtrrl_state state;",
            "",
            "int main(void)",
            "{",
            "  struct neuro_rtrrl_input input;",
            "  neuro_rtrrl_action action[NEURO_RTRRL_ACTIONS] = {0};",
            "  double value;",
            "  neuro_rtrrl_start(&state);",
            "  while (another_line()) {",
            *reads,
            "    end_of_line();",
            "    neuro_rtrrl_tick(&state, &input, action);",
            "    for (int i = 0; i < NEURO_RTRRL_ACTIONS; i++)",
            f"      printf({written}, {shown}, i + 1 < NEURO_RTRRL_ACTIONS ? ' ' : '\\n');",
            "    fflush(stdout);",
            "  }",
            "  return 0;",
            "}",
            "",
        ]
    )


def _reader(shown: int, draws: int) -> list[str]:
    """Return the functions that read a line, and say what was expected where it is another."""
    line = f"first, reward, terminated, {shown} of observation, {draws} uniform"
    return [
        "static long lines = 0;",
        "",
        "static void expected(const char *what)",
        "{",
        '  fprintf(stderr, "line %ld: expected %s; a line has 3 numbers "',
        f'                  "and {shown + draws} more: {line}\\n", lines, what);',
        "  exit(1);",
        "}",
        "",
        "static int after_blanks(void)",
        "{",
        "  int c = getchar();",
        "  while (c == ' ' || c == '\\t' || c == '\\r') c = getchar();",
        "  return c;",
        "}",
        "",
        "static int another_line(void)",
        "{",
        "  int c = after_blanks();",
        "  lines++;",
        "  for (; c == '\\n'; c = after_blanks()) lines++;",
        "  return c != EOF && ungetc(c, stdin) != EOF;",
        "}",
        "",
        "static double number(const char *what)",
        "{",
        "  double value;",
        "  const int c = after_blanks();",
        "  if (c == EOF || c == '\\n') expected(what);",
        "  ungetc(c, stdin);",
        '  if (scanf("%lf", &value) != 1) expected(what);',
        "  return value;",
        "}",
        "",
        "static void end_of_line(void)",
        "{",
        "  const int c = after_blanks();",
        "  if (c != EOF && c != '\\n') expected(\"the end of the line\");",
        "}",
    ]


_TO_WORD = (
    "",
    "/* The nearest word, halves up. */",
    "static int32_t word(double value, int fraction, double most)",
    "{",
    "  const double whole = floor(ldexp(value, fraction) + 0.5);",
    "  return (int32_t)(whole > most ? most : whole < -most ? -most : whole);",
    "}",
)


def _drawn(value: str, whole: bool) -> str:
    return f"(int32_t)ldexp({value}, {DRAWN_BITS})" if whole else f"(float){value}"


def _taken(writer: PortableWriter, name: str, index: str) -> list[str]:
    if not isinstance(writer, WordWriter):
        return [f"    input.{name}{index} = (float)value;"]
    found = [
        f"    input.{member}{index} = word(value, {fraction}, {most});"
        for (known, fraction, most), member in writer.inputs.members.items()
        if known == name
    ]
    return found or ["    (void)value;"]


def makefile(mathematics: bool) -> str:
    """Return the Makefile."""
    return "\n".join(
        [
            "CC ?= cc",
            "CFLAGS ?= -O2 -std=c99 -Wall -Wno-unused-variable",
            "",
            "agent: main.c tick.c tick.h",
            "\t$(CC) $(CFLAGS) -o $@ main.c tick.c -lm",
            "",
            "# for a chip: the tick alone, its size",
            "size: tick.c tick.h",
            "\t$(CC) $(CFLAGS) -c -o tick.o tick.c && $(CROSS)size tick.o",
            "",
            "clean:",
            "\trm -f agent tick.o",
            "",
            ".PHONY: size clean",
            "",
        ]
    )


def read_me(circuit: Circuit, writer: PortableWriter, facts: Sources) -> str:
    """Return the text that stands beside the files."""
    environment = circuit.environment
    assert environment is not None
    whole = isinstance(writer, WordWriter)
    room = [
        f"- state: {facts.state_bytes:,} bytes of the caller's memory"
        + (f", and {facts.scratch_bytes:,} that a tick needs only for itself" if facts.scratch_bytes else ""),
        f"- constants: {facts.constant_bytes:,} bytes",
    ]
    room += [f"- tables of functions: {facts.table_bytes:,} bytes"] if whole else []
    words = []
    if whole:
        words = ["## Words", "", "| variable | word |", "| --- | --- |"]
        words += [f"| `{key}` | {word} |" for key, word in writer.form.formats.items()]  # type: ignore[union-attr]
        words += [""]
    return "\n".join(
        [
            f"# {circuit.name} in C",
            "",
            f"Written by neuro-rtrrl from the circuit's own equations, in {'whole numbers' if whole else 'float32'},",
            f"learning included. It was made for {environment.name}; what is on the other side is up to you.",
            "",
            "- `tick.h`, `tick.c`: the network. C99, no library beyond "
            + ("memcpy and memset" if whole else "libm")
            + ".",
            "- `main.c`: a program that reads `first reward terminated observation... uniform...` line by line and",
            "  writes the action. Build it with `make`, feed it: `./agent < decisions.txt`.",
            "",
            "A tick wants fresh random numbers: they choose the action"
            + (" and round the words" if whole else "")
            + ".",
            "",
            "## Room",
            "",
            *room,
            "",
            *words,
        ]
    )
