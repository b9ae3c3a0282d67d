"""Every way to get a circuit file wrong that the schema can see: one text, one message, one place."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.spec import (
    Distribution,
    Initialiser,
    Quantity,
    TransposeOf,
    apply_overrides,
    load_spec,
    parse_document,
    read_document,
    spec_from_document,
)
from neuro_rtrrl.spec.nodes import MAXIMUM_DEPTH
from neuro_rtrrl.units import parse_quantity

VALID = """\
circuit: actor_critic
format: 1
timing: {dt: 20 ms, decision_interval: 40 ms}
environment: {name: CartPole-v1, observe: [x, 2], parameters: {length: 0.5, on: true}}
populations:
  sensory: {size: observation, neuron: input, encodes: [observation, reward]}
  cortex:  {size: 32, neuron: ctrnn, tau: {uniform: [20 ms, 100 ms]}, learns: [tau]}
  dorsal:  {size: actions, neuron: softmax, role: actor}
  ventral: {size: 1, neuron: linear, role: critic}
neuromodulators:
  dopamine: {source: td_error, critic: ventral, discount: 0.99}
plasticity:
  cortical: {rule: rflo_td, learning_rate: 1e-3, modulator: dopamine, optimiser: adam}
projections:
  recurrent: {source: cortex, target: cortex, weights: lecun_normal, plasticity: cortical,
              connectivity: {probability: 0.5, no_self: true}, delay: 2 ms}
  readout:   {source: cortex, target: dorsal, weights: {normal: [0, 0.1]}}
  feedback:  {source: dorsal.error, target: cortex.feedback, feedback: symmetric,
              weights: {transpose_of: readout}}
record:
  - {variable: dopamine, every: 10 decisions}
  - {variable: cortex.r, neurons: 0-7, every: 200 ms}
  - {variable: cortex.spikes, every: step}
interventions:
  depletion: {lesion: dopamine, fraction: 0.8}
models:
  neurons: {mine: {equations: ["dv/dt = -v/tau : volt"]}}
"""

HEAD = "circuit: c\nformat: 1\ntiming: {dt: 20 ms}\n"
POPULATION = "populations: {cortex: {size: 1, neuron: linear}}\n"


def problems_of(text):
    with pytest.raises(CircuitError) as caught:
        spec_from_document(parse_document(text, "c.yaml"))
    return caught.value.problems


def test_a_valid_circuit_is_read_with_units_and_defaults():
    spec = spec_from_document(parse_document(VALID, "c.yaml"))
    assert spec.timing.dt == parse_quantity("20 ms")
    assert spec.timing.steps_per_decision == 2
    assert spec.environment.parameters == {"length": 0.5, "on": True}
    assert spec.environment.observe == ("x", 2)
    second = parse_quantity("1 s").dimension
    tau = Distribution("uniform", (Quantity(0.02, second), Quantity(0.1, second)))
    assert spec.populations["cortex"].parameters == {"tau": tau}
    assert spec.plasticity["cortical"].parameters["learning_rate"].value == 1e-3
    assert spec.projections["recurrent"].weights == Initialiser("lecun_normal")
    assert spec.projections["recurrent"].connectivity.no_self
    assert spec.projections["readout"].connectivity.probability == 1.0
    assert spec.projections["feedback"].weights == TransposeOf("readout")
    assert [entry.every for entry in spec.record] == [10, 5, "step"]
    assert spec.record[1].neurons == tuple(range(8))
    assert spec.interventions["depletion"].fraction == 0.8
    assert spec.models.neurons["mine"] == {"equations": ["dv/dt = -v/tau : volt"]}


def test_without_environment_and_decision_interval_every_step_is_a_decision():
    spec = spec_from_document(parse_document(HEAD + POPULATION, "c.yaml"))
    assert spec.environment is None
    assert spec.timing.decision_interval == spec.timing.dt
    assert spec.timing.steps_per_decision == 1
    assert spec.projections == {}
    assert spec.record == ()


def test_an_empty_section_counts_as_absent():
    text = HEAD + POPULATION + "projections:\nrecord:\nmodels: {neurons: }\n"
    spec = spec_from_document(parse_document(text, "c.yaml"))
    assert spec.projections == {}
    assert spec.models.neurons == {}


def timing(content):
    return f"circuit: c\nformat: 1\ntiming: {{{content}}}\n{POPULATION}"


def population(content):
    return HEAD + f"populations:\n  cortex: {{{content}}}\n"


def projection(content):
    return HEAD + POPULATION + f"projections:\n  p: {{source: cortex, target: cortex, {content}}}\n"


def record(content):
    return HEAD + POPULATION + f"record:\n  - {{{content}}}\n"


CASES = {
    # YAML itself
    "empty": ("", 1, 1, "empty", "circuit"),
    "only_a_comment": ("# nothing\n", 1, 1, "empty", ""),
    "list_at_the_top": ("- a\n- b\n", 1, 1, "'key: value' pairs", ""),
    "tab": ("circuit: c\ntiming:\n\tdt: 20 ms\n", 3, 1, "not valid YAML", "spaces"),
    "unclosed_bracket": ("circuit: c\ntiming: {dt: 20 ms\n", 3, 1, "not valid YAML", ""),
    "two_colons": ("circuit: a: b\n", 1, 11, "not valid YAML", "quotes"),
    "control_character": ("circuit: c\nx: a\x07b\n", 2, 5, "U+0007", ""),
    "escape_beyond_unicode": ('circuit: "\\UFFFFFFFF"\n', 1, 0, "out of range", ""),
    "surrogate": ('circuit: "\\ud800"\n', 1, 10, "surrogate", ""),
    "duplicate_key": (HEAD + POPULATION + "format: 1\n", 5, 1, "appears twice", "line 2"),
    "nested_duplicate": (timing("dt: 1 ms, dt: 2 ms"), 3, 20, "appears twice", "line 3"),
    "key_not_text": (HEAD + POPULATION + "projections: {1: {}}\n", 5, 15, "key must be text", "quotes"),
    "boolean_key": (HEAD + POPULATION + "true: 1\n", 5, 1, "key must be text", "quotes"),
    "structured_key": (HEAD + POPULATION + "? [a]\n: 1\n", 5, 3, "key must be text", ""),
    "tag": (HEAD + POPULATION + "description: !!python/name:os.system x\n", 5, 14, "tags", ""),
    "merge_key": (HEAD + "populations: {<<: {}}\n", 4, 15, "merge keys", "write the keys out"),
    "second_document": (HEAD + POPULATION + "---\na: 1\n", 5, 1, "second YAML document", "one file"),
    "unknown_alias": (HEAD + "populations: {a: &base {}, b: *bse}\n", 4, 31, "no anchor", "'base'"),
    "recursive_alias": (HEAD + "populations: &p {a: *p}\n", 4, 21, "inside its own definition", ""),
    "nan": (population("size: 1, neuron: linear, gain: .nan"), 5, 43, "finite", ""),
    "infinite": (population("size: 1, neuron: linear, gain: 1e999"), 5, 43, "finite", ""),
    "huge_integer": (population("size: " + "9" * 5000 + ", neuron: x"), 5, 18, "64 bits", ""),
    # Keys
    "unknown_section": (HEAD + POPULATION + "populatoins: {}\n", 5, 1, "'populatoins'", "'populations'"),
    "unknown_key": (timing("dt: 1 ms, methd: euler"), 3, 20, "'methd' is not known", "'method'"),
    "unknown_in_projection": (projection("weights: 1, gian: 2"), 6, 51, "'gian'", "'gain'"),
    "unknown_in_record": (record("variable: a, evry: 1"), 6, 19, "'evry'", "'every'"),
    "missing_format": (
        "circuit: c\ntiming: {dt: 1 ms}\n" + POPULATION,
        1,
        1,
        "'format' is missing",
        "format: 1",
    ),
    "missing_dt": (timing("method: euler"), 3, 1, "'dt' is missing", "dt: 20 ms"),
    "missing_neuron": (population("size: 1"), 5, 3, "'neuron' is missing", ""),
    "missing_weights": (projection("gain: 1"), 6, 3, "'weights' is missing", ""),
    "other_format": (HEAD.replace("1", "2", 1) + POPULATION, 2, 9, "'format'", ""),
    "bad_name": (HEAD + "populations:\n  my-cortex: {size: 1, neuron: x}\n", 5, 3, "letters", "'my_cortex'"),
    "no_population": (HEAD + "populations: {}\n", 4, 14, "must not be empty", ""),
    # Times
    "bare_number": (timing("dt: 0.02"), 3, 14, "time with its unit", 'write a unit, such as "20 ms"'),
    "quoted_number": (timing("dt: '20'"), 3, 14, "time with its unit", 'write a unit, such as "20 ms"'),
    "wrong_unit": (timing("dt: 20 mV"), 3, 14, "a time (second) is due here, and this is in volt", '"20 ms"'),
    "unknown_unit": (timing("dt: 20 msec"), 3, 14, "unknown unit 'msec'", '"20 ms"'),
    "negative_dt": (timing("dt: -1 ms"), 3, 14, "negative", ""),
    "zero_dt": (timing("dt: 0 ms"), 3, 14, "greater than zero", ""),
    "nan_dt": (timing("dt: nan ms"), 3, 14, "not a number with a unit", '"20 ms"'),
    "infinite_dt": (timing("dt: 1e999 ms"), 3, 14, "finite", ""),
    "uneven_interval": (timing("dt: 2 ms, decision_interval: 5 ms"), 3, 39, "whole multiple of dt", ""),
    "short_interval": (timing("dt: 2 ms, decision_interval: 1 ms"), 3, 39, "whole multiple of dt", ""),
    "other_method": (timing("dt: 1 ms, method: eulr"), 3, 28, "'method'", "'euler'"),
    "bare_delay": (projection("weights: 1, delay: 2"), 6, 58, "time with its unit", "unit"),
    # Populations, modulators, groups
    "zero_size": (population("size: 0, neuron: x"), 5, 18, "size", "how many"),
    "size_with_unit": (population("size: 3 mV, neuron: x"), 5, 18, "size", "how many"),
    "fractional_size": (population("size: 1.5, neuron: x"), 5, 18, "size", "how many"),
    "true_size": (population("size: true, neuron: x"), 5, 18, "size", "how many"),
    "bad_role": (population("neuron: x, role: actr"), 5, 29, "'role'", "'actor'"),
    "bad_encoding": (population("neuron: x, encodes: [rewrd]"), 5, 33, "must be one of", "'reward'"),
    "encoding_not_a_list": (population("neuron: x, encodes: reward"), 5, 32, "must be a list", ""),
    "neuron_not_text": (population("neuron: 3"), 5, 20, "name", ""),
    "parameter_unit": (population("neuron: x, tau: 5 msc"), 5, 28, "unknown unit 'msc'", "'ms'"),
    "parameter_list": (population("neuron: x, tau: [1]"), 5, 28, "quantity", ""),
    "parameter_text": (population("neuron: x, tau: fast"), 5, 28, "not a number", "unit"),
    "unknown_distribution": (population("neuron: x, tau: {unifrm: [1, 2]}"), 5, 29, "'unifrm'", "'uniform'"),
    "short_distribution": (population("neuron: x, tau: {uniform: [1]}"), 5, 38, "takes 2", "low, high"),
    "distribution_unit": (population("neuron: x, tau: {uniform: [1 s, 2 z]}"), 5, 44, "unknown unit 'z'", ""),
    "mixed_distribution": (population("neuron: x, tau: {uniform: [0, 2 s]}"), 5, 38, "same unit", "unit"),
    "reversed_distribution": (population("neuron: x, tau: {uniform: [2, 1]}"), 5, 38, "greater", ""),
    "negative_deviation": (population("neuron: x, tau: {normal: [2, -1]}"), 5, 41, "deviation", ""),
    "section_is_text": (HEAD + "populations:\n  cortex: hello\n", 5, 11, "section", ""),
    "missing_rule": (HEAD + POPULATION + "plasticity:\n  g: {trace_decay: 1}\n", 6, 3, "'rule'", ""),
    # Projections
    "bad_endpoint": (
        HEAD + POPULATION + "projections:\n  p: {source: a.b.c, target: b, weights: 1}\n",
        6,
        15,
        "name.part",
        "",
    ),
    "bad_probability": (
        projection("weights: 1, connectivity: {probability: 0}"),
        6,
        79,
        "greater than 0",
        "",
    ),
    "bad_connectivity": (projection("weights: 1, connectivity: some"), 6, 65, "connectivity", ""),
    "no_self_not_boolean": (
        projection("weights: 1, connectivity: {no_self: on}"),
        6,
        75,
        "true or false",
        "",
    ),
    "bad_feedback": (projection("weights: 1, feedback: symetric"), 6, 61, "'feedback'", "'symmetric'"),
    "gain_as_text": (projection("weights: 1, gain: high"), 6, 57, "number", ""),
    "weights_unit": (projection("weights: 3 mQ"), 6, 48, "unknown unit", ""),
    "weights_kind": (projection("weights: {transpose: q}"), 6, 49, "'transpose'", "'transpose_of'"),
    # The rest
    "observe_nothing": (HEAD + POPULATION + "environment: {name: e, observe: []}\n", 5, 33, "list", "leave"),
    "observe_twice": (HEAD + POPULATION + "environment: {name: e, observe: [x, x]}\n", 5, 37, "twice", ""),
    "setting_as_section": (
        HEAD + POPULATION + "environment: {name: e, parameters: {a: {b: c}}}\n",
        5,
        40,
        "parameter",
        "",
    ),
    "record_is_not_a_list": (HEAD + POPULATION + "record: dopamine\n", 5, 9, "must be a list", ""),
    "huge_range": (record("variable: a, neurons: 0-999999999"), 6, 28, "at most", ""),
    "reversed_range": (record("variable: a, neurons: 7-0"), 6, 28, "ends before", '"0-7"'),
    "negative_neuron": (record("variable: a, neurons: [1, -1]"), 6, 32, "counts from 0", ""),
    "bad_every": (record("variable: a, every: often"), 6, 26, "how often", ""),
    "never": (record("variable: a, every: 0 decisions"), 6, 26, "how often", ""),
    "uneven_every": (record("variable: a, every: 30 ms"), 6, 26, "whole multiple of dt", ""),
    "every_in_volt": (record("variable: a, every: 30 mV"), 6, 26, "time", "unit"),
    "lesion_fraction": (
        HEAD + POPULATION + "interventions:\n  d: {lesion: a, fraction: 1.5}\n",
        6,
        28,
        "at most 1",
        "",
    ),
    "declaration_is_text": (HEAD + POPULATION + "models: {rules: {mine: x}}\n", 5, 24, "section", ""),
    "unknown_models": (HEAD + POPULATION + "models: {nuerons: {}}\n", 5, 10, "'nuerons'", "'neurons'"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_is_named_at_its_place(case):
    text, line, column, message, hint = CASES[case]
    problems = problems_of(text)
    assert len(problems) == 1, "\n".join(map(str, problems))
    problem = problems[0]
    assert problem.location.file == "c.yaml"
    assert problem.location.line == line, problem
    # Column 0 in the table: the place is only known to the line.
    assert column in (0, problem.location.column), problem
    assert message in problem.message, problem
    assert hint in problem.hint, problem
    assert "Traceback" not in str(problem)


def test_loading_tells_yaml_and_schema_problems_together(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "circuit: c\nformat: 2\ntiming: {dt: 20, method: rk4}\n"
        "populations:\n  a: {size: 0, neuron: x, tau: .nan}\n  a: {neuron: y}\n"
        "projections:\n  p: {source: a, target: a, weights: {uniform: [1 z, 2 q]}, color: red}\n"
    )
    with pytest.raises(CircuitError) as caught:
        load_spec(path)
    places = [(problem.location.line, problem.location.column) for problem in caught.value.problems]
    assert [line for line, _ in places] == [2, 3, 3, 5, 5, 6, 8, 8, 8]
    assert places == sorted(places)
    assert caught.value.exit_code == 2


def test_messages_follow_the_house_form():
    (problem,) = problems_of(timing("dt: 20 mV"))
    assert str(problem).startswith("c.yaml:3:14  timing.dt\n  a time (second)")
    assert problem.found == "20 mV"
    (problem,) = problems_of(HEAD + POPULATION + "populatoins: {}\n")
    assert "populations" in problem.available
    assert "interventions" in problem.available


def test_scalars_follow_yaml_1_2():
    text = (
        "a: [1e-3, 1E6, .5, 010, 0x10, -3]\n"
        "b: [on, off, yes, no, true, False]\n"
        "c: [null, ~, 1_000, 12:30, '1']\n"
    )
    data = parse_document(text, "x").data
    assert data["a"] == [0.001, 1e6, 0.5, 10, 16, -3]
    assert data["b"] == ["on", "off", "yes", "no", True, False]
    assert data["c"] == [None, None, "1_000", "12:30", "1"]


def test_locate_finds_values_keys_and_the_nearest_ancestor():
    document = parse_document("a:\n  b: [1, {c: 2}]\n", "x")
    assert str(document.locate(("a", "b", 1, "c"))) == "x:2:14"
    assert str(document.locate(("a", "b", 1, "c"), key=True)) == "x:2:11"
    assert str(document.locate(("a", "b", 7, "c"))) == "x:2:6"
    assert str(document.locate(("a", "z"), key=True)) == "x:1:1"


def test_dump_reads_back_as_the_same_data():
    tricky = "t: ['1e-3', 'on', 'null', '0o17', '1', 'a: b', '', 'µ', \"x\\ny\", '99999999999999999999']\n"
    for text in (VALID, tricky, "a: &x {b: 1e-9}\nc: *x\nd: [*x, *x]\n"):
        document = parse_document(text, "x")
        dumped = document.dump()
        assert parse_document(dumped, "y").data == document.data
        assert parse_document(dumped, "y").dump() == dumped


def test_an_alias_bomb_is_defused_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    start = time.process_time()
    (problem,) = problems_of("\n".join(lines))
    assert time.process_time() - start < 1.0
    assert "expands to more than 100,000" in problem.message


def test_aliases_within_bounds_are_copies():
    document = parse_document("a: &x {b: 1}\nc: *x\n", "x")
    assert apply_overrides(document, ["c.b=2"]).data == {"a": {"b": 1}, "c": {"b": 2}}


@pytest.mark.parametrize("text", ["a: " + "[" * 100_000, "- " * 50_000, "a: " + "{b: " * 20_000])
def test_deep_nesting_is_refused_quickly(text):
    start = time.process_time()
    (problem,) = problems_of(text)
    assert time.process_time() - start < 2.0
    assert f"{MAXIMUM_DEPTH} levels" in problem.message


def test_aliases_cannot_hide_depth():
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 100)]
    assert f"{MAXIMUM_DEPTH} levels" in problems_of("\n".join(lines))[0].message


def test_a_large_file_is_refused_without_reading_it(tmp_path):
    path = tmp_path / "large.yaml"
    with path.open("wb") as stream:
        stream.truncate(100_000_000)
    start = time.process_time()
    with pytest.raises(CircuitError, match="larger than 1 MB"):
        read_document(path)
    assert time.process_time() - start < 0.2


def test_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "bg.yaml").write_text("a: 1")
    with pytest.raises(CircuitError, match=r"no such file[\s\S]*did you mean 'bg\.yaml'"):
        read_document(tmp_path / "bgg.yaml")
    with pytest.raises(CircuitError, match="folder"):
        read_document(tmp_path)
    with pytest.raises(CircuitError, match="cannot be read"):
        read_document(tmp_path / "bg.yaml" / "below")
    with pytest.raises(CircuitError, match="cannot be read"):
        read_document("a\0b")
    (tmp_path / "binary.yaml").write_bytes(b"circuit: c\nx: \xff\xfe\x00")
    with pytest.raises(CircuitError, match=r"binary\.yaml:2:4\n  the file is not UTF-8"):
        read_document(tmp_path / "binary.yaml")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path):
    path = tmp_path / "secret.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    with pytest.raises(CircuitError, match="cannot be read"):
        read_document(path)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode())
    spec, document = load_spec(path)
    assert spec.circuit == "actor_critic"
    assert document.locate(("format",)).line == 2


def test_overrides_replace_and_add_values(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(VALID)
    overrides = [
        "timing.dt=10 ms",
        "record.0.every=5",
        "environment.observe=[x]",
        "populations.cortex.bias=1e-3",
    ]
    spec, document = load_spec(path, overrides)
    assert spec.timing.steps_per_decision == 4
    assert spec.record[0].every == 5
    assert spec.environment.observe == ("x",)
    assert spec.populations["cortex"].parameters["bias"].value == 1e-3
    assert str(document.locate(("timing", "dt"))) == "--set:1:11"
    assert document.locate(("timing", "decision_interval")).file == str(path)


def test_overrides_may_open_optional_sections_only():
    document = parse_document("environment: {name: e, parameters: }\ntiming:\n", "x")
    changed = apply_overrides(document, ["environment.parameters.n=8", "timing.dt=1 ms", "models.rules.r={}"])
    assert changed.data["environment"]["parameters"] == {"n": 8}
    assert changed.data["timing"] == {"dt": "1 ms"}
    assert changed.data["models"] == {"rules": {"r": {}}}
    assert document.data["timing"] is None


@pytest.mark.parametrize(
    ("override", "column", "message", "hint"),
    [
        ("populations.cortx.size=3", 13, "no 'cortx'", "'cortex'"),
        ("populatons.cortex.size=3", 1, "no 'populatons'", "'populations'"),
        ("timing.dt.x=3", 11, "single value", ""),
        ("record.9.every=3", 8, "not one of its items", ""),
        ("record.first.every=3", 8, "not one of its items", ""),
        ("timing.dt", 1, "no path and value", "path=value"),
        ("=3", 1, "no path and value", "path=value"),
        ("timing..dt=3", 1, "no path and value", "path=value"),
        ("timing.dt=[1", 13, "not valid YAML", ""),
        ("timing.dt=.nan", 11, "finite", ""),
        ("timing.dt=10", 11, "time with its unit", "unit"),
        ("timing.dtt=10", 8, "'dtt' is not known", "'dt'"),
        ("timing.dt=", 11, "due here", "unit"),
    ],
)
def test_a_bad_override_is_named_with_its_column(tmp_path, override, column, message, hint):
    path = tmp_path / "c.yaml"
    path.write_text(VALID)
    with pytest.raises(CircuitError) as caught:
        load_spec(path, [override])
    (problem,) = caught.value.problems
    assert (problem.location.file, problem.location.line) == ("--set", 1)
    assert problem.location.column == column, problem
    assert message in problem.message
    assert hint in problem.hint


def test_all_bad_overrides_are_told_at_once():
    with pytest.raises(CircuitError) as caught:
        apply_overrides(parse_document(VALID, "x"), ["a.b=1", "populations.q.size=1", "timing.dt"])
    assert len(caught.value.problems) == 3


def test_mutated_circuits_raise_nothing_but_circuit_errors(tmp_path):
    generator = random.Random(0)
    path = tmp_path / "c.yaml"
    original = VALID.encode()
    alphabet = b"\x00\t\n \"'#%&*-.,:;<>?@[]{}|!01e9azm\xc2\xb5\xff\\"
    refused = 0
    for _ in range(150):
        content = bytearray(original)
        for _ in range(generator.choice((1, 1, 2, 5, 20))):
            place = generator.randrange(len(content))
            kind = generator.randrange(4)
            if kind == 0:
                content[place] = generator.choice(alphabet)
            elif kind == 1:
                content.insert(place, generator.choice(alphabet))
            elif kind == 2:
                del content[place : place + generator.choice((1, 2, 30))]
            else:
                source = generator.randrange(len(content))
                content[place:place] = content[source : source + 40]
        path.write_bytes(bytes(content))
        problems = ()
        try:
            load_spec(path)
        except CircuitError as error:
            refused += 1
            problems = error.problems
        assert all(problem.location is not None and problem.message for problem in problems)
    assert 20 < refused < 150


def test_importing_the_spec_loads_no_simulator_and_no_numpy():
    script = (
        "import sys, neuro_rtrrl.spec; "
        "print([name for name in ('jax', 'brian2', 'numpy', 'networkx') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
