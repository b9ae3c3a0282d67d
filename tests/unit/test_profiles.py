"""Hardware profiles: every number has a source and a grade, a null stays a null, and mistakes are told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.ledger.figure import EnergyFigure, Figure, weakest_grade
from neuro_rtrrl.ledger.profile import EVENTS, OPERATIONS, load_profile, profile_names
from neuro_rtrrl.spec.document import read_document

SHIPPED = (
    "akida", "brainscales2", "cmos45", "cmos7", "cortex_m4", "h100", "h200", "jetson_orin_nano", "loihi1",
    "loihi2_proxy", "odin", "reckon", "seneca", "spinnaker1", "spinnaker2", "truenorth", "xylo",
)  # fmt: skip
FOLDER = Path(__file__).resolve().parents[2] / "hardware_profiles"
A_PRICE = {
    "nominal": 1.0,
    "unit": "pJ",
    "scope": "marginal",
    "grade": "P",
    "operating_point": "1 V",
    "source": "a_paper",
}


def shipped(name):
    return read_document(FOLDER / f"{name}.yaml").data


def problems_of(data, tmp_path):
    file = tmp_path / "chip.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    with pytest.raises(CircuitError) as caught:
        load_profile(file)
    assert all(problem.location and problem.location.file == str(file) for problem in caught.value.problems)
    return caught.value.problems


def test_all_profiles_ship():
    assert set(SHIPPED) <= set(profile_names())


def at_every_point():
    """Return every shipped profile, those with several operating points at each of them."""
    for name in profile_names():
        points = load_profile(name).operating_points
        yield from (f"{name}@{point}" for point in points) if points else (name,)


@pytest.mark.parametrize("name", profile_names())
def test_profile_is_named_like_its_file_and_equal_by_path(name):
    assert load_profile(name).profile == name
    assert (
        load_profile(FOLDER / f"{name}.yaml")
        == load_profile(str(FOLDER / f"{name}.yaml"))
        == load_profile(name)
    )


@pytest.mark.parametrize("name", at_every_point())
def test_every_number_has_unit_grade_source_and_operating_point(name):
    profile = load_profile(name)
    for path, figure in profile.figures().items():
        if figure.priced or figure.bounds_only:
            assert figure.grade in {"P", "Q", "D", "S"}, path
            assert figure.source in profile.sources, path
            assert figure.unit, path
            assert figure.operating_point, path
            assert not isinstance(figure, EnergyFigure) or figure.scope in {"marginal", "all_in"}, path
        else:
            assert figure.reason, path
            assert figure.in_si() == (None, None, None), path
        if figure.grade == "D":
            assert figure.derivation, path


@pytest.mark.parametrize("name", profile_names())
def test_every_event_is_stated(name):
    profile = load_profile(name)
    for event in EVENTS:
        assert isinstance(profile.energy_of(event), EnergyFigure)
    for operation in OPERATIONS:
        assert f"{operation}.fp32" in profile.energy


@pytest.mark.parametrize(
    ("name", "event", "picojoules", "grade"),
    [
        ("cmos45", "add.fp32", 0.9, "P"),
        ("cmos45", "multiply.fp32", 3.7, "P"),
        ("cmos45", "mac.fp32", 4.6, "D"),
        ("cmos45", "add.fp16", 0.4, "P"),
        ("cmos45", "multiply.fp16", 1.1, "P"),
        ("cmos45", "add.int32", 0.1, "P"),
        ("cmos45", "multiply.int32", 3.1, "P"),
        ("cmos45", "add.int8", 0.03, "P"),
        ("cmos45", "multiply.int8", 0.2, "P"),
        ("cmos45", "memory_read", 10, "P"),
        ("loihi1", "synaptic_operation", 23.6, "Q"),
        ("loihi1", "synaptic_update", 120, "Q"),
        ("loihi1", "neuron_update_active", 81, "Q"),
        ("loihi1", "neuron_update_inactive", 52, "Q"),
        ("loihi1", "spike_within_tile", 1.7, "Q"),
    ],
)
def test_published_price(name, event, picojoules, grade):
    figure = load_profile(name).energy_of(event)
    assert figure.in_si().nominal == pytest.approx(picojoules * 1e-12)
    assert figure.grade == grade


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int32", "int8"])
def test_a_mac_of_cmos45_is_a_multiply_and_an_add_and_says_so(precision):
    profile = load_profile("cmos45")
    mac, multiply, add = (profile.energy_of(operation, precision) for operation in ("mac", "multiply", "add"))
    assert mac.nominal == pytest.approx(multiply.nominal + add.nominal)
    assert mac.grade == "D"
    assert mac.derivation == f"multiply {multiply.nominal:g} + add {add.nominal:g}"


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("cmos45", "divide.fp32"),
        ("cmos45", "transcendental.fp32"),
        ("cmos45", "compare.fp32"),
        ("cmos45", "divide.int8"),  # not in the file at all
        ("cmos45", "static_power"),
        ("loihi1", "three_factor_update"),
        ("loihi1", "trace_decay"),
        ("loihi1", "memory_read"),
        ("loihi1", "barrier"),
        ("loihi1", "host_io"),
        ("loihi1", "mac.fp32"),
    ],
)
def test_what_nobody_published_stays_null(name, event):
    figure = (
        load_profile(name).energy_of(event)
        if "int8" not in event
        else load_profile(name).energy_of("divide", "int8")
    )
    assert figure.nominal is None
    assert not figure.priced
    assert figure.reason
    assert str(figure) == f"null: {figure.reason}"


def test_sizes_come_out_in_bits_and_powers_in_watts():
    loihi = load_profile("loihi1")
    assert loihi.memory["synaptic_state_per_core"].in_si().nominal == 128 * 1024 * 8
    assert loihi.energy_of("static_power").in_si().nominal == pytest.approx(0.104)
    assert loihi.word_widths["weight"].in_si() == (1, 9, 9)
    assert loihi.latency["barrier"].in_si() == (pytest.approx(113e-9), None, pytest.approx(465e-9))
    assert loihi.capacity["cores"].in_si().nominal == 128


def test_hop_keeps_both_published_directions():
    assert load_profile("loihi1").energy_of("hop").in_si() == pytest.approx((3e-12, 3.5e-12, 4e-12))


# --- the learning engine


@pytest.mark.parametrize("name", profile_names())
def test_every_device_says_how_it_learns_and_where_that_is_from(name):
    profile = load_profile(name)
    engine = profile.learning_engine
    assert (engine is None) == (profile.kind == "cmos_arithmetic")
    if engine is not None:
        assert engine.source in profile.sources
        assert (engine.operations is None) == (engine.kind == "none")


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("none", {"truenorth", "xylo"}),
        ("last_layer", {"akida"}),
        ("fixed_rule", {"odin"}),
        ("sum_of_products", {"loihi1", "loihi2_proxy"}),
        ("neuron_traces", {"reckon"}),
    ],
)
def test_what_no_program_can_change(kind, names):
    engines = {name: load_profile(name).learning_engine for name in profile_names()}
    assert {name for name, engine in engines.items() if engine and engine.kind == kind} == names


def test_a_sum_of_products_has_no_division():
    engine = load_profile("loihi1").learning_engine
    assert not {"divide", "transcendental"} & set(engine.operations["projection"])
    assert engine.state["projection"] == ("weight", "tag", "delay")
    assert not engine.nonlocal_
    assert engine.learns
    assert not load_profile("truenorth").learning_engine.learns


# --- operating points


def test_a_profile_is_read_at_the_point_asked_for():
    slow, fast = load_profile("spinnaker2@0.5V"), load_profile("spinnaker2@0.8V")
    assert slow == load_profile("spinnaker2")
    assert (slow.name, fast.name) == ("spinnaker2@0.5V", "spinnaker2@0.8V")
    assert slow.energy_of("synaptic_operation").nominal == 207
    assert fast.energy_of("synaptic_operation").nominal == 375
    assert slow.clock["frequency"].in_si().nominal == pytest.approx(150e6)
    assert fast.memory == slow.memory
    assert load_profile(f"{FOLDER}/spinnaker2.yaml@0.8V") == fast


@pytest.mark.parametrize(
    ("asked", "message"),
    [("spinnaker2@0.7V", "available: 0.5V, 0.8V"), ("loihi1@0.8V", "leave '@' and what follows away")],
)
def test_a_point_that_a_profile_lacks_is_told(asked, message):
    with pytest.raises(CircuitError) as caught:
        load_profile(asked)
    assert message in str(caught.value)


# --- what the reference says must not be mixed or invented


def test_the_prices_of_loihi_2_are_a_proxy_and_say_so():
    proxy, own = load_profile("loihi2_proxy"), load_profile("loihi1")
    for event, figure in proxy.energy.items():
        if figure.priced:
            assert figure.grade == "D", event
            assert "proxy" in figure.derivation, event
            assert figure.in_si() == own.energy_of(event).in_si(), event
    assert not proxy.energy_of("static_power").priced


@pytest.mark.parametrize("name", ["h100", "h200"])
def test_a_price_from_peak_figures_is_a_lower_bound(name):
    profile = load_profile(name)
    for event, figure in profile.energy.items():
        if figure.priced:
            assert figure.low == figure.nominal, event
            assert figure.high is None, event
            assert "lower bound" in figure.note, event
    assert profile.energy_of("add.fp32").nominal == pytest.approx(700 / 66.9, rel=5e-3)
    assert all(figure.nominal is None for figure in profile.latency.values())


@pytest.mark.parametrize("point", ["0.5V", "0.8V"])
def test_operations_of_the_cortex_m4_are_cycles_times_the_energy_of_a_cycle(point):
    profile = load_profile(f"cortex_m4@{point}")
    cycle = profile.energy_of("processor_cycle").nominal
    hertz = profile.clock["frequency"].in_si().nominal
    for operation, cycles in {"add": 1, "multiply": 1, "mac": 3, "divide": 14, "compare": 1}.items():
        assert profile.energy_of(operation, "fp32").nominal == pytest.approx(cycles * cycle)
        time = profile.latency[f"{operation}.fp32"].in_si().nominal
        assert time == pytest.approx(cycles / hertz, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("loihi2_proxy", "three_factor_update"),
        ("spinnaker2", "three_factor_update"),
        ("reckon", "synaptic_update"),
        ("cmos7", "divide.fp32"),
        ("akida", "synaptic_operation"),
        ("brainscales2", "synaptic_operation"),
        ("xylo", "synaptic_operation"),
        ("jetson_orin_nano", "mac.fp32"),
    ],
)
def test_what_nobody_published_of_the_others_stays_null(name, event):
    assert load_profile(name).energy_of(event).nominal is None


def test_unknown_event_is_a_key_error():
    with pytest.raises(KeyError, match="tea_break"):
        load_profile("loihi1").energy_of("tea_break")


def test_unknown_name_lists_the_profiles_and_the_nearest():
    with pytest.raises(CircuitError) as caught:
        load_profile("loihi")
    (problem,) = caught.value.problems
    assert set(SHIPPED) <= set(problem.available)
    assert problem.hint == "did you mean 'loihi1'?"
    assert caught.value.exit_code == 2


def test_missing_file_is_told(tmp_path):
    with pytest.raises(CircuitError, match="no such file"):
        load_profile(tmp_path / "absent.yaml")


def test_grade_from_memory_is_refused_where_it_stands(tmp_path):
    data = shipped("cmos45")
    data["energy"]["add.fp32"]["grade"] = "U"
    (problem,) = problems_of(data, tmp_path)
    assert problem.where == "energy.add.fp32.grade"
    assert problem.found == "U"
    line = Path(problem.location.file).read_text().splitlines()[problem.location.line - 1]
    assert line[problem.location.column - 1 :] == "U"
    assert "null" in problem.hint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nominal": 0}, "greater than 0"),
        ({"nominal": -1.0}, "greater than 0"),
        ({"nominal": None}, "'reason'"),
        ({"nominal": "much"}, "number"),
        ({"grade": None}, "needs grade"),
        ({"source": None}, "needs source"),
        ({"scope": None}, "needs scope"),
        ({"unit": None}, "needs unit"),
        ({"operating_point": ""}, "needs operating_point"),
        ({"grade": "D"}, "derivation"),
        ({"low": 5.0}, "ascending"),
        ({"source": "horowitz2041"}, "did you mean 'horowitz2014'?"),
        ({"unit": "ms"}, "not a unit of joule"),
        ({"unit": "bananas"}, "unknown unit 'bananas'"),
        ({"nominl": 3.0}, "did you mean 'nominal'?"),
        ({"reason": "just so"}, "use 'note'"),
    ],
)
def test_a_faulty_figure_is_refused(change, message, tmp_path):
    data = shipped("cmos45")
    data["energy"]["add.fp32"].update(change)
    (problem,) = problems_of(data, tmp_path)
    assert problem.where.startswith("energy.add.fp32")
    assert message in str(problem)


def test_all_problems_come_at_once(tmp_path):
    data = shipped("loihi1")
    data["energy"]["synaptic_operation"]["grade"] = "U"
    data["energy"]["hops"] = dict(A_PRICE)
    data["colour"] = "blue"
    told = "\n".join(str(problem) for problem in problems_of(data, tmp_path))
    for words in ("not a grade", "unknown event 'hops'", "did you mean 'hop'?", "unknown key 'colour'"):
        assert words in told


def test_an_event_left_out_is_told(tmp_path):
    data = shipped("loihi1")
    del data["energy"]["hop"], data["energy"]["add.fp32"]
    (problem,) = problems_of(data, tmp_path)
    assert "no figure for add.fp32, hop" in str(problem)


def test_weakest_grade_ignores_nulls():
    price = EnergyFigure(**A_PRICE)
    derived = EnergyFigure(**A_PRICE | {"grade": "D", "derivation": "1"})
    null = EnergyFigure(nominal=None, reason="not published")
    assert weakest_grade([price, null]) == "P"
    assert weakest_grade([price, derived]) == "D"
    assert weakest_grade([null]) is None


def test_figures_are_frozen():
    figure = load_profile("loihi1").capacity["cores"]
    assert isinstance(figure, Figure)
    with pytest.raises(Exception, match="frozen"):
        figure.nominal = 3


def test_loading_a_profile_starts_no_simulator():
    code = (
        "import sys; from neuro_rtrrl.ledger.profile import load_profile; load_profile('loihi1');"
        "print([name for name in ('jax', 'brian2', 'numpy') if name in sys.modules])"
    )
    root = str(FOLDER.parent)
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True
    )
    assert result.stdout.strip() == "[]"
