"""Whether learned feedback has what it follows: forward synapses that make the same steps."""

from __future__ import annotations

from neuro_rtrrl.graph.circuit import Circuit, PlasticityGroup, Projection
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.graph.equations import rule_reads

__all__ = ["learned_feedback_follows_the_forward_synapses"]


def learned_feedback_follows_the_forward_synapses(context: Context, circuit: Circuit) -> None:
    """Feedback meets forward weights only if both make the same steps, with the same numbers."""
    for name, projection in circuit.projections.items():
        written = context.spec.projections[name]
        mirrored = projection.rule.mirrors
        if written.feedback == "learned" and not mirrored:
            context.problem(
                ("projections", name, "feedback"),
                "learned feedback follows a rule that mirrors the forward one, and this projection "
                + (f"follows '{projection.rule.name}'" if projection.group else "names none"),
                found="learned",
                available=("kolen_pollack", "kolen_pollack_re", "kolen_pollack_im"),
                hint="add 'plasticity:' with the name of a group with 'rule: kolen_pollack'",
            )
        elif mirrored and written.feedback not in (None, "learned"):
            context.problem(
                ("projections", name, "feedback"),
                f"rule '{projection.rule.name}' learns the feedback, and this says '{written.feedback}'",
                found=written.feedback,
                hint="write 'feedback: learned'",
            )
        elif mirrored:
            _compare(context, circuit, projection, mirrored)


def _compare(context: Context, circuit: Circuit, feedback: Projection, mirrored: str) -> None:
    path: Path = ("projections", feedback.name, "plasticity")
    there, back = feedback.target.population, feedback.source.population
    forward = [
        each
        for each in circuit.projections.values()
        if (each.source.population, each.target.population) == (there, back)
        and f"{circuit.populations[there].model.senders[each.source.port][0]}_post"
        in rule_reads(feedback.rule)
    ]
    group = circuit.plasticity[feedback.group or ""]
    theirs = circuit.plasticity.get(forward[0].group or "") if forward else None
    if theirs is None or theirs.rule.name != mirrored:
        what = (
            f"'{forward[0].name}' {f'follows {theirs.rule.name!r}' if theirs else 'does not learn'}"
            if forward
            else f"no projection leads from '{there}' to '{back}' with what it reads"
        )
        context.problem(
            path,
            f"rule '{feedback.rule.name}' makes the steps of forward synapses with the rule '{mirrored}', and {what}",
            found=feedback.group or "",
            hint=f"let the synapses from '{there}' to '{back}' follow '{mirrored}', or use fixed feedback",
        )
        return
    for key in _differences(group, theirs):
        context.problem(
            path,
            f"feedback and forward synapses ('{forward[0].name}', group '{theirs.name}') would make different steps: "
            f"they differ in '{key}'",
            found=feedback.group or "",
            hint="give both groups the same optimiser and the same numbers",
        )


def _differences(one: PlasticityGroup, other: PlasticityGroup) -> list[str]:
    found = [] if one.modulator == other.modulator else ["modulator"]
    if one.optimiser != other.optimiser:
        return [*found, "optimiser"]
    shared = one.parameters.keys() & other.parameters.keys()
    return found + sorted(key for key in shared if one.parameters[key] != other.parameters[key])
