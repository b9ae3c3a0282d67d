"""One integration step as a flat list of calls, in the order of Brian2's schedule.

Brian2's own loop asks every object of a network to run, and every object asks its code objects, which look
their arrays up again; an object without code is asked, too. On a small network that takes as long as the
code itself. Here the list of compiled functions is made once, when a run begins, and one object calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from brian2 import BrianObject, Clock, Network, NetworkOperation
from brian2.codegen.runtime.cython_rt.cython_rt import CythonCodeObject

__all__ = ["Loop", "SteppedNetwork", "compiled"]

Action = Callable[[], Any]


class Loop(BrianObject):
    """All that happens in a step; the only object that Brian2's loop calls.

    Parameters
    ----------
    clock : Clock
        Of the integration.
    steps : int
        Integration steps of a decision.
    begin, end : callable
        Called before the first and after the last step of a decision.
    early, late : sequence of callables
        Called at the beginning and at the end of every step, with its place in the decision.

    Attributes
    ----------
    step : int
        Place of the present step in its decision.
    at_work : str
        Name of the object that ran when an error ended the run, where it was one of Brian2's.
    """

    add_to_magic_network = False

    def __init__(
        self,
        clock: Clock,
        steps: int,
        begin: Action,
        end: Action,
        early: tuple[Callable[[int], None], ...] = (),
        late: tuple[Callable[[int], None], ...] = (),
    ) -> None:
        super().__init__(clock=clock, when="start", order=-1, name="decision_loop")
        self.steps, self.begin, self.end = steps, begin, end
        self.early, self.late = early, late
        self.step = 0
        self.names: tuple[str, ...] = ()
        self.at_work = ""
        self._numbered: tuple[tuple[int, Action], ...] = ()

    def run(self) -> None:
        """Make one step, and around it what belongs to the decision."""
        step = self.step
        if step == 0:
            self.begin()
        for early in self.early:
            early(step)
        place = 0
        try:
            for place, call in self._numbered:  # noqa: B007
                call()
        except BaseException:
            self.at_work = self.names[place]
            raise
        for late in self.late:
            late(step)
        self.step = step + 1
        if self.step == self.steps:
            self.step = 0
            self.end()

    def take(self, calls: tuple[Action, ...], names: tuple[str, ...]) -> None:
        """Run these functions, of the objects of these names, every step."""
        self.names, self._numbered, self.at_work = names, tuple(enumerate(calls)), ""


class SteppedNetwork(Network):
    """A network whose objects are run by a :class:`Loop` for the time of a run.

    Objects on another clock than the loop's are left to Brian2, so that monitors can be added.
    """

    def __init__(self, loop: Loop) -> None:
        super().__init__(loop)
        self.loop = loop
        self._taken: list[BrianObject] = []

    def before_run(self, run_namespace: Mapping[str, Any]) -> None:
        """Compile as Brian2 does, then take its objects over."""
        super().before_run(run_namespace)
        self._taken = [
            member
            for member in self.sorted_objects
            if member.active and member.clock is self.loop.clock and member is not self.loop
        ]
        named = [(call, member.name) for member in self._taken for call in _calls(member)]
        self.loop.take(tuple(call for call, _ in named), tuple(name for _, name in named))
        self._let(False)

    def run(self, *arguments: Any, **options: Any) -> None:
        """Run as Brian2 does; afterwards, however it ended, the objects are its own again."""
        options["level"] = options.get("level", 0) + 1
        try:
            super().run(*arguments, **options)
        finally:
            self._let(True)

    def _let(self, run: bool) -> None:
        for member in self._taken:
            member._active = run  # its public form would reach what the object contains, too


def _calls(member: BrianObject) -> list[Action]:
    """Return what an object does in a step, without what leads there."""
    if isinstance(member, NetworkOperation) and not member._has_arg:
        return [member.function]
    if type(member).run is BrianObject.run:
        return [compiled(code) for code in member.code_objects]
    return [member.run]


def compiled(code: Any) -> Action:
    """Return a code object as a function, without the look-ups that Brian2 makes before each call.

    They serve arrays that grow, as a monitor's do; where there is none, none move once a run has begun.
    """
    if not isinstance(code, CythonCodeObject):
        return code
    function = code.compiled_code["run"]
    if not function or code.nonconstant_values:
        return code
    code.update_namespace()
    return partial(function.main, code.namespace)
