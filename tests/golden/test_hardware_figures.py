"""The shipped profiles hold the reference page's figures: value, unit, scope and grade."""

from __future__ import annotations

import pytest

from neuro_rtrrl.ledger import load_profile, profile_names

from .hardware_figures import FIGURES, NULL


def extent(value: str) -> tuple[float | None, float | None]:
    """Return the bounds that a value of the table states; equal where it states one number."""
    if value.startswith(">="):
        return float(value[2:]), None
    if value.startswith("<="):
        return None, float(value[2:])
    low, _, high = value.partition("..")
    return float(low), float(high or low)


@pytest.mark.parametrize(
    ("profile", "name", "value", "unit", "scope", "grade"), FIGURES, ids=lambda part: part or "-"
)
def test_a_figure_is_the_one_of_the_reference_page(profile, name, value, unit, scope, grade):
    section, _, key = name.partition(".")
    figure = getattr(load_profile(profile), section)[key]
    low, high = extent(value)
    if low == high:
        assert figure.nominal == low
    else:
        assert (figure.low, figure.high) == (low, high)
        ends = [end for end in (low, high) if end is not None]
        assert figure.nominal is None or min(ends) <= figure.nominal <= max(ends)
    assert figure.unit == unit
    assert getattr(figure, "scope", None) == (scope or None)
    assert figure.grade == grade


@pytest.mark.parametrize(("profile", "events"), NULL)
def test_what_nobody_has_published_has_no_price(profile, events):
    for event in events.split():
        assert load_profile(profile).energy_of(event).nominal is None, event


def test_every_profile_is_in_the_table_and_no_price_of_a_source_is_left_out():
    told = {(profile.partition("@")[0], name) for profile, name, *_ in FIGURES}
    assert {profile for profile, _ in told} == set(profile_names())
    for name in profile_names():
        for event, figure in load_profile(name).energy.items():
            if figure.grade in ("P", "Q", "S"):
                assert (name, f"energy.{event}") in told
