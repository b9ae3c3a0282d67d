"""A hardware profile that contradicts itself is refused, at the line and column of the fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.ledger.profile import load_profile
from neuro_rtrrl.ledger.vocabulary import REQUIRED

HEAD = """\
profile: my_chip
format: 1
title: A chip of mine
kind: digital_neuromorphic
sources:
  sheet: {citation: "Data sheet, table 3"}
"""
NULLS = "energy:\n" + "".join(f"  {event}: {{nominal: null, reason: none}}\n" for event in sorted(REQUIRED))
COUNT = 'unit: "1", grade: P, operating_point: any, source: sheet'
SIZE = "unit: KB, grade: P, operating_point: any, source: sheet"
BITS = "unit: bit, grade: P, operating_point: any, source: sheet"
PRICE = "unit: pJ, scope: marginal, grade: P, operating_point: 1 V, source: sheet"


def problems(text: str, tmp_path: Path):
    file = tmp_path / "chip.yaml"
    file.write_text(text)
    with pytest.raises(CircuitError) as caught:
        load_profile(file)
    return caught.value.problems


def refused(text: str, tmp_path: Path, mark: str):
    """Return the one problem of a profile, which must be told at the place of ``mark`` in its text."""
    (problem,) = problems(text, tmp_path)
    before, found, _ = text.partition(mark)
    assert found, mark
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert (problem.location.line, problem.location.column) == (line, column), str(problem)
    return problem


def priced(figure: str) -> str:
    return HEAD + NULLS.replace("hop: {nominal: null, reason: none}", f"hop: {{{figure}}}")


def test_the_profile_that_the_faults_are_put_into_is_sound(tmp_path):
    file = tmp_path / "chip.yaml"
    file.write_text(priced(f"low: 1, nominal: 2, high: 3, {PRICE}"))
    assert load_profile(file).energy_of("hop").in_si().nominal == pytest.approx(2e-12)


# --- a figure


@pytest.mark.parametrize(
    ("figure", "mark", "message"),
    [
        (f"nominal: 2, {PRICE}".replace("pJ", "bananas"), "{nominal: 2", "unknown unit 'bananas'"),
        (f"nominal: 2, {PRICE}".replace("pJ", "ms"), "ms,", "'ms' is not a unit of joule"),
        (f"nominal: 2, {PRICE}".replace(", source: sheet", ""), "{nominal: 2", "a figure needs source"),
        (f"nominal: 2, {PRICE}".replace("sheet", "shet"), "shet", "did you mean 'sheet'?"),
        (f"low: 3, nominal: 2, {PRICE}", "{low: 3", "not in ascending order"),
        (f"nominal: 2, high: 1, {PRICE}", "{nominal: 2", "not in ascending order"),
        (f"nominal: 2, {PRICE}".replace("grade: P", "grade: U"), "U,", "not a grade"),
        (f"nominal: 2, {PRICE}".replace("grade: P", "grade: D"), "{nominal: 2", "'derivation'"),
        (f"nominal: 0, {PRICE}", "0, unit", "greater than 0"),
        (f"nominal: -2, {PRICE}", "-2", "greater than 0"),
        ("nominal: null", "{nominal: null}", "a null needs a 'reason'"),
        (f"nominal: 2, {PRICE}, reason: none", "{nominal: 2", "use 'note'"),
    ],
    ids=lambda value: value if " " not in value else "",
)
def test_a_faulty_figure_is_refused_where_it_stands(figure, mark, message, tmp_path):
    assert message in str(refused(priced(figure), tmp_path, mark))


def test_a_grade_from_memory_is_told_to_become_a_null(tmp_path):
    problem = refused(priced(f"nominal: 2, {PRICE}".replace("grade: P", "grade: U")), tmp_path, "U,")
    assert "nominal: null" in problem.hint


def test_a_faulty_figure_hides_no_contradiction(tmp_path):
    text = priced(f"nominal: 0, {PRICE}") + "\n".join(
        [
            "capacity:",
            f"  cores: {{nominal: 4, {COUNT}}}",
            f"  neurons_per_core: {{nominal: 256, {COUNT}}}",
            f"  neurons_per_chip: {{nominal: 1025, {COUNT}}}",
        ]
    )
    told = [str(problem) for problem in problems(text, tmp_path)]
    assert len(told) == 2
    assert "greater than 0" in told[0]
    assert "1,025 is more than 4 cores hold 1,024" in told[1]


def test_what_is_no_profile_at_all_is_told_in_one_problem(tmp_path):
    (problem,) = problems("circuit: mine\nformat: 1\n", tmp_path)
    assert "this is no hardware profile" in str(problem)
    assert "profile: NAME" in str(problem)


SECONDARY = HEAD.replace('table 3"}', 'table 3", evidence: secondary}')


@pytest.mark.parametrize("grade", ["P", "Q", "D"])
def test_no_figure_is_graded_better_than_a_secondary_source_allows(grade, tmp_path):
    figure = f"hop: {{nominal: 2, {PRICE}, derivation: 1 + 1}}".replace("grade: P", f"grade: {grade}")
    text = SECONDARY + NULLS.replace("hop: {nominal: null, reason: none}", figure)
    problem = refused(text, tmp_path, f"{grade}, operating_point")
    assert f"grade {grade} where the evidence of 'sheet' is secondary" in str(problem)
    (tmp_path / "chip.yaml").write_text(text.replace(f"grade: {grade}", "grade: S"))
    assert load_profile(tmp_path / "chip.yaml").weakest == "S"


def test_a_learning_engine_is_graded_by_its_source_too(tmp_path):
    text = SECONDARY + "learning_engine: {kind: program, source: sheet, grade: Q}\n" + NULLS
    assert "is secondary" in str(refused(text, tmp_path, "Q}"))


# --- limits beside their parts


@pytest.mark.parametrize(
    ("lines", "mark", "message"),
    [
        (
            [
                "capacity:",
                f"  cores: {{nominal: 4, {COUNT}}}",
                f"  neurons_per_core: {{nominal: 256, {COUNT}}}",
                f"  neurons_per_chip: {{nominal: 1025, {COUNT}}}",
            ],
            "{nominal: 1025",
            "1,025 is more than 4 cores hold 1,024",
        ),
        (
            [
                "capacity:",
                f"  cores: {{nominal: 2, {COUNT}}}",
                f"  synapses_per_core: {{nominal: 100, {COUNT}}}",
                f"  synapses_per_chip: {{nominal: 201, {COUNT}}}",
            ],
            "{nominal: 201",
            "201 is more than 2 cores hold 200",
        ),
        (
            [
                "capacity:",
                f"  cores: {{nominal: 2, {COUNT}}}",
                "memory:",
                f"  memory_per_core: {{nominal: 64, {SIZE}}}",
                f"  memory_per_chip: {{nominal: 129, {SIZE}}}",
            ],
            "{nominal: 129",
            "129 KB is more than 2 cores hold 128 KB",
        ),
        (
            [
                "word_widths:",
                f"  weight: {{nominal: 9, {BITS}}}",
                "memory:",
                f"  synaptic_state_per_core: {{nominal: 1, {SIZE}}}",
                "capacity:",
                f"  synapses_per_core: {{nominal: 1000, {COUNT}}}",
            ],
            "{nominal: 1000",
            "1,000 synapses of 9 bit need 1.099 KB of a core's 1 KB",
        ),
        (
            [
                "capacity:",
                f"  synapses_per_core: {{nominal: 100, {COUNT}}}",
                f"  synapses_per_neuron: {{nominal: 101, {COUNT}}}",
            ],
            "{nominal: 101",
            "101 synapses of one neuron are more than the 100 of a core",
        ),
        (
            [
                "capacity:",
                f"  cores: {{nominal: 15, {COUNT}}}",
                f"  mesh_rows: {{nominal: 4, {COUNT}}}",
                f"  mesh_columns: {{nominal: 4, {COUNT}}}",
            ],
            "{nominal: 4, ",
            "a mesh of 4 by 4 is more than 15 cores",
        ),
    ],
    ids=["neurons", "synapses", "memory", "words", "fan-in", "mesh"],
)
def test_a_capacity_that_its_own_parts_exceed_is_refused(lines, mark, message, tmp_path):
    text = HEAD + NULLS + "\n".join(lines) + "\n"
    assert message in str(refused(text, tmp_path, mark))


# --- the learning engine


def engine(*lines: str) -> str:
    return HEAD + "learning_engine:\n" + "".join(f"  {line}\n" for line in lines) + NULLS


@pytest.mark.parametrize(
    ("lines", "mark", "message"),
    [
        (["kind: magic", "source: sheet", "grade: P"], "magic", "'sum_of_products'"),
        (["kind: program", "source: shet", "grade: P"], "shet", "did you mean 'sheet'?"),
        (["kind: program", "source: sheet", "grade: U"], "U\n", "not a grade"),
        (
            ["kind: program", "operations: {projection: [add, dividing]}", "source: sheet", "grade: P"],
            "dividing",
            "did you mean 'divide'?",
        ),
        (
            ["kind: program", "operations: {synapse: [add]}", "source: sheet", "grade: P"],
            "[add]",
            "'projection'",
        ),
        (
            ["kind: none", "operations: {projection: [add]}", "source: sheet", "grade: P"],
            "kind: none",
            "has neither operations nor state",
        ),
        (
            ["kind: fixed_rule", "nonlocal: true", "source: sheet", "grade: P"],
            "kind: fixed_rule",
            "only a program sees",
        ),
        (
            ["kind: program", "rounding: {trace: stochastic}", "source: sheet", "grade: P"],
            "stochastic",
            "'trace' is rounded and has no word width",
        ),
        (
            ["kind: program", "modulator: 1", "source: sheet", "grade: P"],
            "1\n  source",
            "did you mean 'modulators'?",
        ),
    ],
    ids=["kind", "source", "grade", "operation", "scope", "none", "nonlocal", "rounding", "key"],
)
def test_a_faulty_learning_engine_is_refused_where_it_stands(lines, mark, message, tmp_path):
    assert message in str(refused(engine(*lines), tmp_path, mark))


# --- operating points


POINTS = """\
operating_points: {slow: half a volt, fast: one volt}
default_point: slow
"""


def at_points(figures: str, points: str = POINTS) -> str:
    return HEAD + points + NULLS.replace("hop: {nominal: null, reason: none}", f"hop: {{at: {figures}}}")


@pytest.mark.parametrize(
    ("text", "mark", "message"),
    [
        (at_points(f"{{slow: {{nominal: 1, {PRICE}}}}}"), "{slow: {nominal", "no figure for fast"),
        (
            at_points(f"{{slow: {{nominal: 1, {PRICE}}}, fast: {{nominal: 0, {PRICE}}}}}"),
            "0, unit",
            "greater than 0",
        ),
        (
            at_points(f"{{slow: {{nominal: 1, {PRICE}}}, fast: {{nominal: null}}}}"),
            "{nominal: null}",
            "a null needs a 'reason'",
        ),
        (at_points("2"), "2}\n", "'at' holds one figure for each operating point"),
        (
            at_points(f"{{slow: {{nominal: 1, {PRICE}}}}}", points=""),
            "{slow: {nominal",
            "'at' needs the profile's 'operating_points'",
        ),
        (
            HEAD + POINTS.replace("default_point: slow", "default_point: slwo") + NULLS,
            "slwo",
            "did you mean 'slow'?",
        ),
        (
            HEAD + "operating_points: {slow: half a volt}\ndefault_point: slow\n" + NULLS,
            "{slow: half",
            "no list",
        ),
    ],
    ids=["missing", "zero", "reason", "number", "no points", "default", "one point"],
)
def test_faulty_operating_points_are_refused_where_they_stand(text, mark, message, tmp_path):
    assert message in str(refused(text, tmp_path, mark))


def test_an_unknown_point_of_a_figure_is_told_beside_the_missing_one(tmp_path):
    text = at_points(f"{{slow: {{nominal: 1, {PRICE}}}, fats: {{nominal: 2, {PRICE}}}}}")
    told = "\n".join(str(problem) for problem in problems(text, tmp_path))
    assert "'fats' is no operating point" in told
    assert "did you mean 'fast'?" in told
    assert "no figure for fast" in told


def test_a_fault_of_every_point_is_told_once(tmp_path):
    text = HEAD + POINTS + NULLS.replace("hop: {nominal: null, reason: none}", "hop: {nominal: null}")
    assert "a null needs a 'reason'" in str(refused(text, tmp_path, "{nominal: null}"))
