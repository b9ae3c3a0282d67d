"""Resolves a protocol: times to whole decisions, names to indices; refuses what cannot happen."""

from __future__ import annotations

from collections.abc import Mapping

from neuro_rtrrl.environments.protocol import REWARD, Event, Interval, Phase, Schedule, TrialType
from neuro_rtrrl.environments.protocol.schedule import OBSERVERS
from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.spec.protocol import Interval as IntervalSpec
from neuro_rtrrl.spec.protocol import Protocol, ProtocolEvent, ProtocolPhase
from neuro_rtrrl.spec.protocol import TrialType as TrialSpec
from neuro_rtrrl.spec.sections import whole_multiple
from neuro_rtrrl.units import Quantity

__all__ = ["build_schedule"]

ROOT: Path = ("environment", "protocol")
LONGEST = 1 << 24  # decisions of a trial: beyond, times would not be exact in float32


def build_schedule(context: Context, written: Protocol) -> Schedule | None:
    """Return the schedule in decisions, or None after noting what is wrong."""
    before = len(context.problems.found)
    builder = _Builder(context, written)
    schedule = builder.build()
    return schedule if len(context.problems.found) == before else None


class _Builder:
    def __init__(self, context: Context, written: Protocol) -> None:
        self.context, self.written = context, written
        self.interval = context.spec.timing.decision_interval

    def build(self) -> Schedule:
        written = self.written
        self._names()
        taps, width = 0, 1
        if written.representation is not None:
            path = (*ROOT, "representation", "width")
            taps = written.representation.serial_compound
            width = self._decisions(written.representation.width or self.interval, path, least=1)
        types = {name: self._trial(name, each) for name, each in written.types.items()}
        self._used()
        return Schedule(
            decision_interval=self.interval.value,
            stimuli=written.stimuli,
            types=tuple(types.values()),
            phases=tuple(self._phase(place, each) for place, each in enumerate(written.phases)),
            interval=self._between(written.interval),
            taps=taps,
            width=width,
            actions=written.actions or (),
            episode=written.episode,
        )

    def problem(self, path: Path, message: str, **details) -> None:
        self.context.problem(path, message, **details)

    # --- names ------------------------------------------------------------------------------------------------

    def _names(self) -> None:
        for place, name in enumerate(self.written.stimuli):
            if name in OBSERVERS:
                self.problem(
                    (*ROOT, "stimuli", place),
                    f"'{name}' is what the observer is told of a trial",
                    found=name,
                    hint="give the stimulus another name",
                )
        taps = self.written.representation.serial_compound if self.written.representation else 0
        rows = {f"{name}_{tap}": name for name in self.written.stimuli for tap in range(taps)}
        for place, name in enumerate(self.written.stimuli):
            if name in rows:
                message = f"'{name}' is the name of a neuron of the compound of '{rows[name]}' too"
                self.problem((*ROOT, "stimuli", place), message, found=name)
        actions = self.written.actions
        if actions is not None and len(actions) < 2:
            self.problem(
                (*ROOT, "actions"),
                "there is nothing to choose between",
                found=self.context.written((*ROOT, "actions")),
                hint="write 'actions: [none, press]', or leave it out",
            )

    def _used(self) -> None:
        used = {name for phase in self.written.phases for name in phase.types}
        for name in self.written.types:
            if name not in used:
                self.problem(
                    (*ROOT, "types", name),
                    f"no phase has trials of type '{name}'",
                    key=True,
                    hint="name it under 'types' of a phase, or remove it",
                )

    def _index(self, path: Path, name: str, among: tuple[str, ...], what: str) -> int:
        if name in among:
            return among.index(name)
        self.problem(
            path, f"there is no {what} '{name}'", found=name, available=among, hint=nearest(name, among)
        )
        return 0

    # --- times ------------------------------------------------------------------------------------------------

    def _decisions(self, time: Quantity, path: Path, least: int = 0) -> int:
        """Return a time in decisions."""
        if time.value == 0 and not least:
            return 0
        count = whole_multiple(time, self.interval)
        if count is None:
            self.problem(
                path,
                f"this must be a whole multiple of the decision interval ({self.interval.value:g} s)",
                found=f"{time.value:g} s",
            )
            return max(1, least)
        if count > LONGEST:
            self.problem(path, f"this is longer than {LONGEST:,} decisions", found=f"{time.value:g} s")
            return LONGEST
        return count

    def _between(self, written: IntervalSpec | None) -> Interval:
        path = (*ROOT, "interval")
        if written is None:
            return Interval()
        if self.written.episode != "stream":
            hint = "leave 'interval' out, or 'episode'"
            message = "a trial that ends an episode is followed by the next one, without an interval"
            self.problem(path, message, key=True, hint=hint)
            return Interval()
        at: tuple[Path, ...] = (path,)
        if written.kind == "uniform":
            at = ((*path, "uniform", 0), (*path, "uniform", 1))
        elif written.kind == "exponential":
            whole = (*path, "exponential")
            at = ((*whole, "mean"), (*whole, "minimum"), (*whole, "maximum"))
        counts = tuple(self._decisions(time, each) for time, each in zip(written.arguments, at, strict=False))
        kind = "geometric" if written.kind == "exponential" else written.kind
        return Interval(kind, counts)

    # --- trials -----------------------------------------------------------------------------------------------

    def _trial(self, name: str, written: TrialSpec) -> TrialType:
        path: Path = (*ROOT, "types", name)
        duration = written.duration or self.written.duration
        if duration is None:
            hint = "write 'duration: 3 s' here, or once for all types under 'protocol'"
            self.problem(path, f"trial type '{name}' has no duration", key=True, hint=hint)
            count = LONGEST
        else:
            own = written.duration is not None
            count = self._decisions(duration, (*path, "duration") if own else (*ROOT, "duration"), least=1)
        if count < 2:
            self.problem((*path, "duration"), "a trial has at least two decisions", found=f"{count} decision")
        events = []
        for place, event in enumerate(written.events):
            made = self._event((*path, "events", place), event, count)
            if made is not None:
                events.append(made)
                self._alone(path, place, events)
        return TrialType(name, count, tuple(events))

    def _event(self, path: Path, written: ProtocolEvent, duration: int) -> Event | None:
        if (written.stimulus is None) == (written.reward is None):
            message = "an event is a stimulus or a reward"
            self.problem(
                path, message, hint="write {stimulus: light, at: 1 s, for: 1 s} or {reward: 1, at: 2 s}"
            )
            return None
        kind = "stimulus" if written.stimulus is not None else "reward"
        asked = written.when is not None
        wanted = ("at", "for") if kind == "stimulus" else ("when", "from", "to") if asked else ("at",)
        allowed = {"stimulus": ("value",), "reward": ("delay",) if asked else ()}[kind]
        fields = {"for_": "for", "from_": "from"}
        given = {fields.get(each, each) for each in written.model_fields_set} - {kind, "probability"}
        form = {
            "stimulus": "{stimulus: light, at: 1 s, for: 1 s}",
            "reward": "{reward: 1, when: press, from: 1 s, to: 2 s}" if asked else "{reward: 1, at: 2 s}",
        }[kind]
        sound = True
        for key in wanted:
            if key not in given or getattr(written, f"{key}_" if key in ("for", "from") else key) is None:
                self.problem(path, f"the key '{key}' is missing", hint=f"write {form}")
                sound = False
        for key in sorted(given - {*wanted, *allowed}):
            self.problem(
                (*path, key), f"a {kind} of this form has no '{key}'", key=True, hint=f"write {form}"
            )
            sound = False
        if not sound:
            return None
        if asked:
            return self._instrumental(path, written, duration)
        assert written.at is not None
        spans = written.at.earliest.value != written.at.latest.value
        at = ((*path, "at", "uniform", 0), (*path, "at", "uniform", 1)) if spans else ((*path, "at"),) * 2
        earliest = self._decisions(written.at.earliest, at[0])
        latest = self._decisions(written.at.latest, at[1]) if spans else earliest
        if kind == "reward":
            if earliest == 0 and self.written.episode != "stream":
                message = "a reward cannot come with the first observation of an episode"
                self.problem(at[0], message, found="0 s", hint="let it come one decision later")
            length, channel, value = 1, REWARD, float(written.reward or 0.0)
            highest = None
        else:
            assert written.for_ is not None
            length = self._decisions(written.for_, (*path, "for"), least=1)
            stimuli = self.written.stimuli
            channel = self._index((*path, "stimulus"), str(written.stimulus), stimuli, "stimulus")
            value, highest = written.value if isinstance(written.value, tuple) else (written.value, None)
        if latest + length > duration:
            self._too_late(path, kind, latest + length - (kind == "reward"), duration)
        return Event(channel, value, earliest, latest, length, written.probability, highest=highest)

    def _instrumental(self, path: Path, written: ProtocolEvent, duration: int) -> Event | None:
        assert written.from_ is not None
        assert written.to is not None
        if self.written.actions is None:
            self.problem(
                (*path, "when"),
                "a reward for an action needs actions",
                found=str(written.when),
                hint=f"add 'actions: [none, {written.when}]' to the protocol",
            )
            return None
        action = self._index((*path, "when"), str(written.when), self.written.actions, "action")
        start = self._decisions(written.from_, (*path, "from"))
        end = self._decisions(written.to, (*path, "to"), least=1)
        delay = self._decisions(written.delay, (*path, "delay"), least=1) if written.delay else 1
        if end <= start:
            found = f"{written.to.value:g} s"
            self.problem((*path, "to"), "the window ends before it begins", found=found)
        elif end - 1 + delay >= duration:
            self._too_late(path, "reward", end - 1 + delay, duration)
        return Event(
            REWARD, float(written.reward or 0.0), start, end - 1, 1, written.probability, action, delay
        )

    def _too_late(self, path: Path, kind: str, last: int, duration: int) -> None:
        interval = self.interval.value
        self.problem(
            path,
            f"this {kind} would last beyond the trial's end, {duration * interval:g} s after its start",
            found=f"{last * interval:g} s",
            hint="let the trial last longer; the reward's own decision counts",
        )

    def _alone(self, path: Path, place: int, events: list[Event]) -> None:
        """Two events of one stimulus never overlap; what cannot happen is refused."""
        new = events[-1]
        if new.channel == REWARD:
            return
        for old in events[:-1]:
            apart = new.earliest >= old.latest + old.length or old.earliest >= new.latest + new.length
            if old.channel == new.channel and not apart:
                name = self.written.stimuli[new.channel]
                self.problem(
                    (*path, "events", place),
                    f"'{name}' is shown already at this time",
                    hint="let it begin when the other has ended",
                )
                return

    # --- phases -----------------------------------------------------------------------------------------------

    def _phase(self, place: int, written: ProtocolPhase) -> Phase:
        path: Path = (*ROOT, "phases", place)
        names = tuple(self.written.types)
        types = []
        for number, name in enumerate(written.types):
            at = (*path, "types", name if isinstance(written.types, Mapping) else number)
            if self.context.written((*path, "types")) == name:
                at = (*path, "types")
            types.append(self._index(at, name, names, "trial type"))
        if written.trials is None and place + 1 < len(self.written.phases):
            hint = "write 'trials: 100'; only the last phase goes on for as long as the run"
            self.problem(path, f"phase '{written.name}' has no number of trials", hint=hint)
        if [each.name for each in self.written.phases[:place]].count(written.name):
            self.problem((*path, "name"), "another phase has this name", found=written.name)
        probabilities = tuple(written.types.values()) if isinstance(written.types, Mapping) else None
        if written.shuffle and probabilities is not None:
            hint = "write the types of one pass: types: [paired, paired, omitted]"
            self.problem(
                (*path, "shuffle"), "trials that are drawn are in no order to shuffle", key=True, hint=hint
            )
        return Phase(written.name, written.trials, tuple(types), probabilities, written.shuffle)
