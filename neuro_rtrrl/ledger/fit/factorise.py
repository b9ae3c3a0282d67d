"""Whether a trace of a synapse needs a word of the synapse, or follows from what its two neurons keep.

A trace changes by ``s' = a*s + sum of drives``. It *factorises* if at every time it is the product of one number that
the presynaptic neuron can keep and one that the postsynaptic neuron can keep, so that no synapse has to store it:

- *product*, forgotten at once: ``a`` is 0 and every drive is (pre)*(post) with one of the two in common;
- *filtered by pre*: ``a`` is known to pre (constant, broadcast or its own), and what post contributes to the drives
  is one and the same constant: then ``s = constant * F`` with ``F' = a*F + pre``;
- *filtered by post*: the same with the ends exchanged.

Otherwise ``s`` is a sum over the past of different products, of a rank that grows with time. So the trace of e-prop
(Bellec et al. 2020, Eq. 4: a filtered spike train times a surrogate derivative *outside* the filter) factorises, that
of RFLO (Murray 2019, Eq. 7: the derivative *inside* the filter) does not, and an eligibility trace that fades while
an error of post changes does not either. Traces that are forgotten at once but lean on a word of the synapse are
*derived*: they need no word of their own, and do not factorise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from neuro_rtrrl.language import Apply, Expression, Number, Read, rewrite, walk
from neuro_rtrrl.ledger.fit.monomials import Monomial, Sides, expand, sides, value_of
from neuro_rtrrl.lowering import Assign, Variable

__all__ = ["Form", "Update", "factorise", "inlined", "without_bounds"]

Kind = Literal["pre", "post", "product", "derived", "synapse"]
_ZERO = 1e-12


@dataclass(frozen=True)
class Update:
    """One line that changes a variable of a synapse; ``event`` names the end whose spike sets it off."""

    assign: Assign
    event: Literal["", "pre", "post"] = ""


@dataclass(frozen=True)
class Form:
    """Where a trace can live.

    Attributes
    ----------
    kind : {"pre", "post", "product", "derived", "synapse"}
    reason : str
        Why it does not factorise, else empty.
    pre, post : str
        What each neuron keeps for it.
    """

    kind: Kind
    reason: str = ""
    pre: str = ""
    post: str = ""

    @property
    def factorises(self) -> bool:
        """Whether the two neurons can keep it between them."""
        return self.kind in ("pre", "post", "product")


@dataclass(frozen=True)
class _Drive:
    """A drive with the spike that sets it off, and traces among its factors replaced by what they are made of."""

    pre: str
    post: str
    pre_moves: bool
    post_moves: bool
    fault: str


def factorise(updates: Iterable[Update], variables: Mapping[str, Variable]) -> dict[str, Form]:
    """Return the form of every persistent variable that the lines change and that is not learned."""
    return _Analysis(tuple(updates), variables).forms()


def inlined(updates: Iterable[Update], variables: Mapping[str, Variable]) -> tuple[Update, ...]:
    """Return the lines that change persistent variables, with all that is worked out on the way put in."""
    known: dict[str, Expression] = {}
    out = []
    for update in updates:
        assign = update.assign

        def put_in(node: Expression) -> Expression:
            return known.get(node.key, node) if isinstance(node, Read) and node.access == "own" else node

        expression = rewrite(assign.expression, put_in)
        if variables[assign.target].persistent:
            changed = Assign(assign.target, assign.space, expression, assign.phase, assign.owner, assign.text)
            out.append(Update(changed, update.event))
        else:
            known[assign.target] = expression
    return tuple(out)


def without_bounds(expression: Expression, variables: Mapping[str, Variable]) -> Expression:
    """Return what stands within constant bounds: a word saturates at its ends by itself."""
    if not isinstance(expression, Apply) or expression.operator not in ("minimum", "maximum", "clip"):
        return expression
    moving = [
        argument
        for argument in expression.arguments
        if any(isinstance(node, Read) and variables[node.key].value is None for node in walk(argument))
    ]
    return without_bounds(moving[0], variables) if len(moving) == 1 else expression


class _Analysis:
    def __init__(self, updates: tuple[Update, ...], variables: Mapping[str, Variable]) -> None:
        self.variables = variables
        self.updates: dict[str, list[Update]] = {}
        for update in inlined(updates, variables):
            self.updates.setdefault(update.assign.target, []).append(update)
        self.found: dict[str, Form] = {}
        self.open: set[str] = set()

    def forms(self) -> dict[str, Form]:
        return {key: self.form(key) for key in self.updates if not self.variables[key].learned}

    def form(self, key: str) -> Form:
        if key in self.open:
            return Form("synapse", f"it and {_short(key)} follow each other")
        if key not in self.found:
            self.open.add(key)
            self.found[key] = self._judge(key)
            self.open.discard(key)
        return self.found[key]

    def _judge(self, key: str) -> Form:
        keeps: list[Monomial] = []
        drives: list[tuple[Monomial, str]] = []
        gated = set()  # ends whose spike changes how much is kept
        for update in self.updates[key]:
            terms = expand(update.assign.expression)
            if terms is None:
                return Form("synapse", "its equation is no sum of products")
            own = Read(key, "own")
            kept = [term.without(own) for term in terms if own in term.factors]
            if any(_reads(part, key) for term in kept for part in (*term.factors, *term.divisors)):
                return Form("synapse", "it is not linear in itself")
            for term in terms:
                if own not in term.factors:
                    if any(_reads(part, key) for part in (*term.factors, *term.divisors)):
                        return Form("synapse", "it is not linear in itself")
                    drives.append((term, update.event))
            if not update.event:
                keeps += kept
            elif value_of(kept, self.variables) != 1.0:
                gated.add(update.event)
        lasting = any(not update.event for update in self.updates[key])
        value = value_of(keeps, self.variables) if lasting else 1.0
        keepers = {side for term in keeps for side in self._knowers(term)} | gated
        return self._form(
            abs(value) < _ZERO if value is not None else False,
            keepers,
            [self._drive(*each) for each in drives if not _is_zero(each[0])],
            key,
        )

    def _knowers(self, term: Monomial) -> set[str]:
        split = sides(term, self.variables)
        found = {side for side in ("pre", "post") if getattr(split, side)}
        return found | ({"synapse"} if split.own or split.mixed else set())

    def _drive(self, term: Monomial, event: str) -> _Drive:
        split: Sides = sides(term, self.variables)
        pre, post = [split.pre] if split.pre else [], [split.post] if split.post else []
        pre_moves, post_moves = split.pre_moves, split.post_moves
        fault = f"{split.mixed} is known to neither end" if split.mixed else ""
        for key in split.own:
            form = self.form(key) if key in self.updates and not self.variables[key].learned else None
            if form is None or not form.factorises:
                fault = f"it follows {_short(key)}, a word of the synapse"
                continue
            pre += [form.pre] if form.pre else []
            post += [form.post] if form.post else []
            pre_moves |= bool(form.pre)
            post_moves |= bool(form.post)
        if event == "pre":
            pre, pre_moves = ["spike_pre", *pre], True
        elif event == "post":
            post, post_moves = ["spike_post", *post], True
        return _Drive("*".join(pre), "*".join(post), pre_moves, post_moves, fault)

    def _form(self, at_once: bool, keepers: set[str], drives: list[_Drive], key: str) -> Form:
        name = _short(key)
        faults = [drive.fault for drive in drives if drive.fault]
        if at_once:
            pres, posts = {drive.pre for drive in drives}, {drive.post for drive in drives}
            if faults:
                return Form("derived", faults[0])
            if len(pres) > 1 and len(posts) > 1:
                return Form("derived", f"it is a sum of {len(drives)} products of different factors")
            return _made(" + ".join(sorted(pres - {""})), " + ".join(sorted(posts - {""})))
        if faults:
            return Form("synapse", faults[0])
        if "synapse" in keepers:
            return Form("synapse", "how much of it is kept is the synapse's own")
        if keepers == {"pre", "post"}:
            return Form("synapse", "how much of it is kept depends on both neurons")
        inside_pre = next((drive.pre for drive in drives if drive.pre_moves), "")
        inside_post = next((drive.post for drive in drives if drive.post_moves), "")
        if "post" not in keepers and not inside_post and len({drive.post for drive in drives}) <= 1:
            return _made(f"{name} filtered", drives[0].post if drives else "")
        if "pre" not in keepers and not inside_pre and len({drive.pre for drive in drives}) <= 1:
            return _made(drives[0].pre if drives else "", f"{name} filtered")
        return Form("synapse", _why(keepers, inside_pre, inside_post))


def _made(pre: str, post: str) -> Form:
    kind: Kind = "product" if pre and post else "post" if post else "pre"
    return Form(kind, "", pre, post)


def _why(keepers: set[str], inside_pre: str, inside_post: str) -> str:
    if inside_pre and inside_post:
        held = " and what is kept of it depends on that neuron" if "post" in keepers else ""
        return f"{inside_post} changes inside the filter of {inside_pre}{held}"
    side = "post" if "post" in keepers else "pre"
    return f"what is kept of it depends on {side}, and what drives it on the other end"


def _is_zero(term: Monomial) -> bool:
    return any(isinstance(factor, Number) and factor.value == 0 for factor in term.factors)


def _reads(part: Expression, key: str) -> bool:
    return any(isinstance(node, Read) and node.key == key for node in walk(part))


def _short(key: str) -> str:
    return key.rpartition(".")[2]
