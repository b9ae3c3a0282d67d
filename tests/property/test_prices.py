"""A null never prices as zero, whatever a profile leaves unknown."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from neuro_rtrrl.ledger.energy import Demand
from neuro_rtrrl.ledger.latency import latency_of
from neuro_rtrrl.ledger.prices import price_events
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.ledger.vocabulary import ARITHMETIC, BACKGROUND, EVENTS, POWERS, REQUIRED

UNKNOWN = {"nominal": None, "reason": "nobody knows"}
PER_EVENT = sorted((EVENTS.keys() - BACKGROUND) | ARITHMETIC)


def figure(known, unit, value):
    """Return a published number, with or without bounds, a null, or a null with bounds."""
    published = {"unit": unit, "grade": "P", "source": "paper", "operating_point": "1 V"}
    return {
        "null": UNKNOWN,
        "number": published | {"nominal": value},
        "band": published | {"low": value / 2, "nominal": value, "high": 2 * value},
        "bounds": published | UNKNOWN | {"low": value, "high": 2 * value},
    }[known]


def random_profile(priced, timed):
    """Build a profile from what is known of each price and each time: event -> kind of figure."""
    energy = {
        name: figure(known, "mW" if name in POWERS else "pJ", 1.0 + place)
        for place, (name, known) in enumerate(priced.items())
    }
    for entry in energy.values():
        if "unit" in entry:
            entry["scope"] = "marginal"
    return HardwareProfile.model_validate(
        {
            "profile": "random_chip",
            "format": 1,
            "title": "A chip of chance",
            "kind": "digital_neuromorphic",
            "sources": {"paper": {"citation": "A paper"}},
            "energy": energy,
            "latency": {name: figure(known, "ns", 2.0) for name, known in timed.items()},
        }
    )


kinds = st.sampled_from(("null", "number", "band", "bounds"))
required = st.fixed_dictionaries(dict.fromkeys(sorted(REQUIRED), kinds))
optional = st.dictionaries(st.sampled_from(sorted({*EVENTS, *ARITHMETIC} - REQUIRED)), kinds, max_size=8)
priced = st.builds(lambda first, more: first | more, required, optional)
timed = st.dictionaries(st.sampled_from(PER_EVENT), kinds, max_size=12)
profiles = st.builds(random_profile, priced, timed)
counts = st.dictionaries(
    st.sampled_from(PER_EVENT), st.one_of(st.none(), st.sampled_from((0, 1, 2.5, 1e6))), max_size=12
)


@settings(max_examples=80, deadline=None)
@given(profiles, counts)
def test_every_event_is_priced_or_listed_as_not_costed(profile, asked):
    energy = price_events(asked, profile, seconds=1e-3)
    priced = {item.event: item for item in energy.items}
    left = {item.event for item in energy.unpriced}
    for event, count in asked.items():
        figure = profile.energy_of(event)
        if count == 0:
            assert event not in priced
        elif figure.nominal is None or count is None:
            assert event in left, "a null has become a price"
            assert event not in priced
        else:
            assert event not in left
            assert math.isclose(priced[event].nominal, count * figure.in_si().nominal)
    static = profile.energy_of("static_power")
    assert ("static_power" in left) == (not static.priced and not static.bounds_only)


@settings(max_examples=80, deadline=None)
@given(profiles, counts)
def test_the_total_is_the_sum_of_the_items_and_null_without_any(profile, asked):
    energy = price_events(asked, profile, seconds=1e-3)
    total = energy.total
    if not energy.items:
        assert total == {"low": None, "nominal": None, "high": None}
    else:
        assert math.isclose(total["nominal"], math.fsum(item.nominal for item in energy.items))
        assert total["nominal"] > 0
    if energy.powered["nominal"] is not None:
        assert profile.energy_of("static_power").priced
        assert energy.powered["nominal"] > (total["nominal"] or 0.0)
    else:
        unknown = not profile.energy_of("static_power").priced
        clock = "idle_cycle" in profile.energy  # this profile states no frequency
        assert unknown or clock


@settings(max_examples=80, deadline=None)
@given(profiles, counts)
def test_every_joule_names_its_figure_source_and_grade(profile, asked):
    energy = price_events(asked, profile, seconds=1e-3)
    sources = energy.sources()
    for item in (*energy.items, *energy.beside):
        section, _, name = item.figure.partition(".")
        figure = profile.figures()[section, name]
        entry = sources[item.figure]
        assert item.event in entry["events"]
        assert (entry["grade"], entry["citation"]) == (figure.grade, "A paper")


@settings(max_examples=80, deadline=None)
@given(profiles, counts)
def test_no_device_keeps_up_while_a_time_is_unknown(profile, asked):
    demands = [Demand(event, event, count) for event, count in asked.items()]
    latency = latency_of(demands, profile, interval=1.0)
    told = {item.event for item in latency.items} | {item.event for item in latency.untimed}
    assert told == {event for event, count in asked.items() if count != 0}
    if latency.untimed:
        assert latency.verdict != "keeps up"
    if latency.low is not None and latency.high is not None:
        assert latency.low <= latency.high * (1 + 1e-12)
