"""What the benchmarks say of a run; nothing here is timed."""

from __future__ import annotations

import json

import pytest

from benchmarks import history, report
from benchmarks.__main__ import SECTIONS, parser
from benchmarks.contestants import CONTESTANTS, LINEAR, OWN_RULE, ROOT, brian_contestants
from benchmarks.growth import GOALS, exponent
from benchmarks.outcomes import Outcome, spread
from benchmarks.pairs import outcome
from benchmarks.rows import BATCH_1, BRIAN, ROWS, Row
from benchmarks.start_up import STARTS
from benchmarks.tick_parts import kernels_in_loop
from neuro_rtrrl.graph import load_circuit

ROW = Row("speed", BATCH_1, "ours", "generated", "yardstick", "the C loop", goal=0.5, stretch=0.8)
DOCUMENT = {
    "format": 1,
    "date": "2026-01-02 03:04",
    "commit": "abcdef0",
    "machine": {
        "processor": "2 × a machine",
        "system": "Linux x86_64",
        "python": "3.11.7",
        "jax": "0.10.2",
        "brian2": "2.9.0",
        "compiler": "gcc 12",
        "load": 0.1,
    },
    "rounds": 3,
    "seconds": 1.0,
    "quick": False,
    "interrupted": False,
    "rows": [
        outcome(ROW, [(60.0, 100.0), (70.0, 100.0), (40.0, 100.0)]).as_dict(),
        outcome(Row("slow", BATCH_1, "too slow", "xla", "yardstick", "it", goal=2.0), [(1.0, 1.0)]).as_dict(),
        outcome(
            Row("absent", BATCH_1, "elsewhere", "gpu", "yardstick", "it", goal=9.0), (), "no GPU"
        ).as_dict(),
        Outcome(
            "wait", "start-up", "`--help`", "its end", "s", (0.1, 0.2, 0.3), goal=0.3, at_most=True
        ).as_dict(),
    ],
    "growth": {"sizes": [128, 256], "ours": [[1, 2, 3], [4, 8, 9]], "theirs": [[1, 1, 1], [4, 4, 4]]},
    "tick": [
        {"kernel": "native", "left_out": "no compiler"},
        {
            "kernel": "XLA, plain",
            "draws": 0.1,
            "environment": 0.2,
            "loop": 3.0,
            "network": 2.0,
            "total": 5.3,
            "kernels": 80,
            "one_kernel": False,
            "bytes": 53928,
            "call": 150.0,
        },
    ],
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_names_contestants_that_exist_and_a_goal_that_is_a_number(row):
    known = set(CONTESTANTS if row.section != BRIAN else brian_contestants())
    assert {row.contestant, row.peer or row.contestant} <= known
    assert row.section in SECTIONS
    assert row.goal is None or (isinstance(row.goal, float) and row.goal > 0)
    assert row.stretch is None or row.stretch > row.goal
    assert row.title
    assert row.peer_title


def test_no_two_rows_share_a_name_in_the_history():
    names = [row.name for row in ROWS] + [f"start_{start.name}" for start in STARTS]
    assert len(set(names)) == len(names)


def test_every_start_has_a_goal_but_the_import():
    assert [start.name for start in STARTS if start.goal is None] == ["import"]
    assert GOALS == {512: 0.8}


@pytest.mark.parametrize("path", [LINEAR, OWN_RULE])
def test_the_circuits_of_the_benchmarks_are_sound(path):
    circuit = load_circuit(str(ROOT / path))
    assert circuit.environment is not None
    assert ("cortex" in circuit.populations) == (path == OWN_RULE)


def test_the_ratio_is_that_of_each_pair_of_turns():
    # of medians it would be 3/2
    assert outcome(ROW, [(1.0, 2.0), (3.0, 1.0), (4.0, 8.0)]).values == (0.5, 0.5, 3.0)


def test_without_a_peer_the_value_is_the_contestants_own():
    row = Row("share", BRIAN, "share", "some", "", "a tick", goal=0.15, at_most=True, unit="")
    found = outcome(row, [(0.1, 1.0), (0.2, 1.0), (0.12, 1.0)])
    assert found.values == (0.1, 0.12, 0.2)
    assert found.ours is None
    assert found.reached


@pytest.mark.parametrize(
    ("values", "at_most", "reached"),
    [
        ((0.1, 0.5, 2.0), False, True),
        ((0.5, 0.4, 9.0), False, False),
        ((0.1, 0.6, 1.0), True, False),
        (None, True, None),
    ],
)
def test_a_goal_is_held_against_the_median(values, at_most, reached):
    assert Outcome("a", "b", "c", "d", values=values, goal=0.5, at_most=at_most).reached is reached


def test_spread_is_minimum_median_maximum():
    assert spread([3.0, 1.0, 2.0, 10.0]) == (1.0, 2.5, 10.0)


def test_the_exponent_is_the_slope_of_time_on_logarithms():
    assert exponent({size: 1e6 / size**2.25 for size in (128, 256, 512, 1024)}) == pytest.approx(2.25)


def test_kernels_are_counted_in_the_body_of_the_loop_over_ticks_alone():
    text = (
        "%body.1 (a: s32[]) -> s32[] {\n  %a = s32[] parameter(0)\n  %b = s32[] add(%a, %a)\n"
        "  ROOT %c = s32[] fusion(%b), kind=kLoop\n}\n\n"
        "%body.2 (a: s32[]) -> s32[] {\n  %a = s32[] parameter(0)\n  ROOT %b = s32[] add(%a, %a)\n}\n\n"
        "ENTRY %main (a: s32[]) -> s32[] {\n"
        '  %w = s32[] while(%a), body=%body.2, backend_config={"known_trip_count":{"n":"5"}}\n'
        '  ROOT %v = s32[] while(%w), body=%body.1, backend_config={"known_trip_count":{"n":"1000"}}\n}\n'
    )
    assert kernels_in_loop(text, 1000) == 2
    assert kernels_in_loop(text, 7) is None


def test_the_table_says_of_every_row_whether_its_goal_was_reached_or_why_it_is_not_known():
    table = report.markdown(DOCUMENT)
    lines = {
        line.split(" | ")[0].removeprefix("| "): line for line in table.splitlines() if line.startswith("| ")
    }
    assert "0.60 x (0.40–0.70) | ≥ 0.50 / 0.80 | reached" in lines["ours"]
    assert "**not reached**" in lines["too slow"]
    assert "not measured: no GPU" in lines["elsewhere"]
    assert "0.20 s (0.10–0.30) | ≤ 0.30 | reached" in lines["`--help`"]
    assert "| 80 | 53,928 | 150 µs a chunk |" in lines["XLA, plain"]
    assert "not measured: no compiler" in lines["native"]
    assert table.endswith("2 of 4 goals reached, 1 not reached, 1 not measured.")
    columns = {
        line.count("|") for line in table.split("Where a tick goes")[0].splitlines() if line.startswith("|")
    }
    assert columns == {len(report.HEAD) + 1}


def test_the_screen_shows_the_same_rows():
    from rich.console import Console

    console = Console(width=250)
    with console.capture() as capture:
        console.print(report.screen(DOCUMENT))
    shown = capture.get()
    for row in DOCUMENT["rows"]:
        assert row["title"].replace("`", "") in shown


def test_the_table_replaces_what_stands_between_the_marks(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- table -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    report.write_into(readme, "new")
    report.write_into(readme, "newer")
    assert readme.read_text(encoding="utf-8") == "before\n<!-- table -->\nnewer\n<!-- end -->\nafter\n"


def test_a_readme_without_marks_is_left_alone(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("text\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no lines"):
        report.write_into(readme, "new")
    assert readme.read_text(encoding="utf-8") == "text\n"


def test_the_readme_of_the_benchmarks_has_the_marks():
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert text.index(report.BEGIN) < text.index(report.END)


def test_the_readme_names_every_option():
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    options = [
        option for action in parser()._actions for option in action.option_strings if option.startswith("--")
    ]
    assert [option for option in options if option != "--help" and f"`{option}" not in text] == []


def test_the_history_keeps_a_line_a_run_and_only_what_was_measured(tmp_path):
    path = tmp_path / "history.jsonl"
    history.append(DOCUMENT, path)
    history.append(DOCUMENT, path)
    first, second = history.read(path)
    assert first == second
    assert first["rows"]["speed"] == [0.4, 0.6, 0.7]
    assert "absent" not in first["rows"]
    assert (first["commit"], first["jax"]) == ("abcdef0", "0.10.2")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def test_a_broken_line_of_the_history_is_named(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_text('{"rows": {}}\nnonsense\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"history\.jsonl:2 is not JSON"):
        history.read(path)


def test_a_row_moved_only_if_its_range_left_the_one_before():
    def run(commit, **rows):
        return {"date": "2026-01-02 03:04", "commit": commit, "machine": "m", "rows": rows}

    text = history.moved(
        [
            run("one", up=[1, 2, 3], noise=[1, 2, 3], down=[5, 6, 7], gone=[1, 1, 1]),
            run("two", up=[4, 5, 6], noise=[2, 3, 4], down=[1, 2, 3], new=[1, 1, 1]),
        ]
    )
    lines = {line.split()[0]: line for line in text.splitlines()}
    assert lines["up"].endswith("up +150%")
    assert lines["down"].endswith("down -67%")
    assert lines["noise"].endswith("within noise (+50%)")
    assert lines["gone"].endswith("–")
    assert "different machines" not in text


def test_runs_of_different_machines_are_told_apart():
    runs = [
        {"date": "2026", "commit": "", "machine": name, "rows": {"a": [1, 1, 1]}} for name in ("one", "two")
    ]
    assert "different machines" in history.moved(runs)


def test_no_history_is_said():
    assert "no history yet" in history.moved([])


def test_the_picture_is_drawn_of_whatever_was_measured(tmp_path):
    from benchmarks.picture import draw

    draw(DOCUMENT, tmp_path / "full.png")
    draw({**DOCUMENT, "rows": [], "growth": {}, "tick": []}, tmp_path / "empty.svg")
    assert (tmp_path / "full.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "empty.svg").read_text(encoding="utf-8")


def test_the_document_is_plain_json():
    assert json.loads(json.dumps(DOCUMENT))["rows"][0]["reached"] is True
