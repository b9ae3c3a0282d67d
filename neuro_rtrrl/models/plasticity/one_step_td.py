"""TD(lambda) with the gradient of one step: truncated backpropagation through time, BPTT(1), without going back."""

from neuro_rtrrl.models.plasticity.rflo_td import local_trace_td

#: ``x/tau - j/dt`` makes one Euler step forget all that j was: what is left is the derivative of that step, the state
#: before it held
ONE_STEP_TD = local_trace_td(
    "one_step_td",
    "As rflo_td, with the gradient through one integration step only: the local trace remembers nothing.",
    "Williams & Peng 1990 (truncated BPTT); Lemmel & Grosu 2025, Algorithms 1 and 2",
    follows={
        "w": "dj/dt = slope_post*r_pre/tau_post - j/dt",
        "bias": "dj/dt = slope/tau - j/dt",
        "tau": "dj/dt = (h - phi)*decision_interval/(tau*tau) - j/dt",
    },
)
