"""Linear recurrent unit: a diagonal complex recurrence, which local traces differentiate exactly."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter, State

NU = Parameter("nu", description="log of how fast it forgets: Lambda has the modulus exp(-exp(nu))")
THETA = Parameter("theta", description="log of the angle in radians by which Lambda turns, once a decision")
NU_MINIMUM = Parameter(
    "nu_minimum",
    # where |Lambda| reaches 1 nothing is forgotten any more, states and traces grow without bound
    default=-9.2,
    description="lower bound of a learned nu; the default keeps the modulus at 0.9999 or less",
)
COMPLEX_STATE = (
    State("x_re", description="membrane state, real part"),
    State("x_im", description="membrane state, imaginary part"),
)
COMPLEX_INPUTS = (
    *("u_re", "u_im"),
    *("feedback_re", "entropy_feedback_re", "feedback_im", "entropy_feedback_im"),
)
COMPLEX_RECEIVERS = {
    "re": ("u_re",),
    "im": ("u_im",),
    "feedback_re": ("feedback_re", "entropy_feedback_re"),
    "feedback_im": ("feedback_im", "entropy_feedback_im"),
}
#: one Euler step of length decision_interval is x' = Lambda x + gain (u_re + i u_im)
COMPLEX_RECURRENCE = """
    lambda_re = radius*cos(phase)
    lambda_im = radius*sin(phase)
    kept_re = lambda_re*x_re - lambda_im*x_im
    kept_im = lambda_im*x_re + lambda_re*x_im
    driven_re = input_gain*u_re
    driven_im = input_gain*u_im
    dx_re/dt = (kept_re + driven_re - x_re)/decision_interval
    dx_im/dt = (kept_im + driven_im - x_im)/decision_interval
"""

LRU = NeuronModel(
    name="lru",
    summary="Linear recurrent unit, x' = Lambda x + exp(gamma_log) u with a complex Lambda for each neuron.",
    source="Orvieto et al. 2023, sections 3.3 and 3.4; Lemmel & Grosu 2025, appendix",
    parameters=(
        NU,
        THETA,
        Parameter("gamma_log", description="log of the gain of the input"),
        NU_MINIMUM,
    ),
    states=COMPLEX_STATE,
    inputs=COMPLEX_INPUTS,
    # decay, phase and log_gain_by_nu tell diagonal_rtrl how Lambda and the gain depend on nu and theta
    equations=f"""
        decay = exp(nu)
        phase = exp(theta)
        radius = exp(-decay)
        input_gain = exp(gamma_log)
        log_gain_by_nu = 0
        {COMPLEX_RECURRENCE}
    """,
    readout="""
        re = x_re
        im = x_im
        slope_re = 1
        slope_im = 1
    """,
    senders={"re": ("re",), "im": ("im",)},
    receivers=COMPLEX_RECEIVERS,
)
