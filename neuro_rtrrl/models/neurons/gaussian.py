"""Gaussian readout: the actor that acts by degrees."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter

GAUSSIAN = NeuronModel(
    name="gaussian",
    summary="Acts by degrees: a normal distribution around the input, its deviation the neuron's own to learn.",
    source="Williams 1992, section 6 (Gaussian units); Box & Muller 1958; Lemmel & Grosu 2025 (continuous actions)",
    parameters=(
        Parameter("bias", default=0.0, description="constant input"),
        Parameter(
            "log_deviation",
            default=-0.7,
            description="log of the deviation, in halves of what the task allows; if learned, it finds its own",
        ),
        Parameter(
            "log_deviation_minimum", default=-3.0, description="lower bound of a learned log_deviation"
        ),
        Parameter("log_deviation_maximum", default=0.5, description="upper bound of a learned log_deviation"),
    ),
    inputs=("u",),
    chances=("chance_radius", "chance_angle"),
    # What entropy_rate pays for is not the entropy, which has no gradient towards the middle of what the task allows
    # and no end: it is minus the divergence from the standard normal, whose gradients are -r and 1 - deviation**2.
    readout="""
        r = u + bias
        deviation = exp(log_deviation)
        entropy = sum_population(log_deviation + 1.4189385332046727)
        entropy_error = -r
    """,
    # log pi is the sum over the population of -(sampled - r)**2/(2*deviation**2) - log_deviation - log(2*pi)/2; its
    # gradient is taken of the sample as it came, before what lies outside the task's bounds is cut off
    on_choice="""
        normal = sqrt(-2*log(1 - chance_radius))*cos(6.283185307179586*chance_angle)
        sampled = r + deviation*normal
        action = clip(sampled, -1, 1)
        error = normal/deviation
        log_deviation_error = normal*normal - 1
    """,
    senders={"r": ("r",), "error": ("error", "entropy_error")},
)
