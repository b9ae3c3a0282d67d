"""The counts themselves, with how each comes about; :mod:`tests.golden.test_every_rule` says of which circuits.

A synapse stands as (cell, projection that learns, counts); ``mul`` stands for multiply in the comments.
"""

from __future__ import annotations


def counts(local=None, eligibility=None, change=None, optimiser=None):
    return {
        "local_trace": local or {},
        "eligibility_trace": eligibility or {},
        "weight_change": change or {},
        "optimiser": optimiser or {},
    }


SGD = {"multiply": 1}  # step = learning_rate*gradient
GRADIENT_AND_STEP = {"multiply": 1, "add": 1}  # gradient = modulator*e; w + step

# --- synapses -------------------------------------------------------------------------------------------------------

SYNAPSES = {
    # nothing learns
    "fixed": ("ctrnn", "", counts()),
    # e = (discount*trace_decay)*e + error*r, and a critic's error is 1        1 mul 1 add
    "td_lambda": ("ctrnn", "to_ventral", counts(None, {"multiply": 1, "add": 1}, GRADIENT_AND_STEP, SGD)),
    # old = (discount*trace_decay)*e, written three times                      3 mul
    # e = old + (r - old)*int(abs(r) >= abs(old))                              2 add 1 mul
    # abs(r), once a neuron; abs(old); the comparison                          3 compare
    "td_lambda_replacing": (
        "ctrnn",
        "to_ventral",
        counts(None, {"multiply": 4, "add": 2, "compare": 3}, GRADIENT_AND_STEP, SGD),
    ),
    # gradient = modulator*e - c; w + step                                     1 mul 2 add
    # drift = sum of (w - before)*r                                            1 mul 2 add
    # overlap = sum of e*r                                                     1 mul 1 add
    # 1 - (learning_rate*discount*trace_decay)*overlap, once a neuron          1 mul 1 add
    # e = (discount*trace_decay)*e + (that)*r; c = drift*r                     3 mul 1 add
    "td_lambda_dutch": (
        "ctrnn",
        "to_ventral",
        counts(None, {"multiply": 4, "add": 2}, {"multiply": 3, "add": 5}, SGD),
    ),
    # of two synapses onto two actions: modulator*e; w + step                  1 mul 1 add each
    # overlap = sum of e*error*r                                               2 mul 1 add each
    # (1 - (constant)*overlap)*error, once a neuron                            2 mul 1 add each
    # e = (discount*trace_decay)*e + (that)*r                                  2 mul 1 add each
    "td_lambda_dutch_actor": (
        "ctrnn",
        "to_dorsal",
        counts(None, {"multiply": 8, "add": 4}, {"multiply": 6, "add": 4}, {"multiply": 2}),
    ),
    # j = j + (dt/tau)*(slope*r - j), tau the same for all and fixed           2 mul 2 add
    # e = (discount*trace_decay)*e + feedback*j                                2 mul 1 add
    "rflo_td": (
        "ctrnn",
        "afferent",
        counts({"multiply": 2, "add": 2}, {"multiply": 2, "add": 1}, GRADIENT_AND_STEP, SGD),
    ),
    # old = (discount*trace_decay)*e three times, new = feedback*j twice       5 mul
    # e = old + (new - old)*int(abs(new) >= abs(old))                          2 add 1 mul 3 compare
    "rflo_td_replacing": (
        "ctrnn",
        "afferent",
        counts({"multiply": 2, "add": 2}, {"multiply": 6, "add": 2, "compare": 3}, GRADIENT_AND_STEP, SGD),
    ),
    # overlap = sum of e*feedback*j                                            2 mul 1 add
    # (1 - (constant)*overlap)*feedback, once a neuron                         2 mul 1 add
    # e = (discount*trace_decay)*e + (that)*j                                  2 mul 1 add
    "rflo_td_dutch": (
        "ctrnn",
        "afferent",
        counts({"multiply": 2, "add": 2}, {"multiply": 4, "add": 2}, {"multiply": 3, "add": 2}, SGD),
    ),
    # slope*(1/tau), once a neuron                                             1 mul
    # j = j + dt*((that)*r - (1/dt)*j)                                         3 mul 2 add
    "one_step_td": (
        "ctrnn",
        "afferent",
        counts({"multiply": 4, "add": 2}, {"multiply": 2, "add": 1}, GRADIENT_AND_STEP, SGD),
    ),
    # j = j + dt*(slope*r - j)/dt                                              1 mul 2 add
    "local_mse": (
        "ctrnn",
        "afferent",
        counts({"multiply": 1, "add": 2}, {"multiply": 2, "add": 1}, GRADIENT_AND_STEP, SGD),
    ),
    # what the machine follows, for one neuron, one parameter and no loop (see influence.py):
    # c = a*slope; (1 - a)*J, c*(0); their sum                                 3 mul 1 add
    # the immediate c*r, added                                                 1 mul 1 add
    # credit = feedback*J                                                      1 mac
    # e = (discount*trace_decay)*e + credit                                    1 mul 1 add
    "rtrl_td": (
        "ctrnn",
        "afferent",
        counts({"multiply": 4, "add": 2, "mac": 1}, {"multiply": 1, "add": 1}, GRADIENT_AND_STEP, SGD),
    ),
    # of two synapses from two errors: e = (discount*trace_decay)*e + error*r  2 mul 1 add each
    "kolen_pollack": (
        "ctrnn",
        "feedback",
        counts(None, {"multiply": 4, "add": 2}, {"multiply": 2, "add": 2}, {"multiply": 2}),
    ),
    "kolen_pollack_re": (
        "lru",
        "feedback_re",
        counts(None, {"multiply": 4, "add": 2}, {"multiply": 2, "add": 2}, {"multiply": 2}),
    ),
    "kolen_pollack_im": (
        "lru",
        "feedback_im",
        counts(None, {"multiply": 4, "add": 2}, {"multiply": 2, "add": 2}, {"multiply": 2}),
    ),
    # p_re = p_re + (l_re*p_re - l_im*p_im + gain*r - p_re)                    3 mul 4 add
    # p_im = p_im + (l_im*p_re + l_re*p_im - p_im)                             2 mul 3 add
    # e = (discount*trace_decay)*e + feedback*p_re + feedback*p_im             3 mul 2 add
    # for the slopes of an lru are 1; those of an rtu are two mul more, once a neuron
    "diagonal_rtrl_re": (
        "lru",
        "afferent_re",
        counts({"multiply": 5, "add": 7}, {"multiply": 3, "add": 2}, GRADIENT_AND_STEP, SGD),
    ),
    # the same, with gain*r in p_im
    "diagonal_rtrl_im": (
        "lru",
        "afferent_im",
        counts({"multiply": 5, "add": 7}, {"multiply": 3, "add": 2}, GRADIENT_AND_STEP, SGD),
    ),
    # j = j + (z*r - z*j)                                                      2 mul 2 add
    "gated_rtrl_candidate": (
        "mingru",
        "afferent",
        counts({"multiply": 2, "add": 2}, {"multiply": 2, "add": 1}, GRADIENT_AND_STEP, SGD),
    ),
    # j = j + (gate_slope*r - z*j)                                             2 mul 2 add
    "gated_rtrl_gate": (
        "mingru",
        "gate",
        counts({"multiply": 2, "add": 2}, {"multiply": 2, "add": 1}, GRADIENT_AND_STEP, SGD),
    ),
    # x = x - (dt/tau)*x                                                       1 mul 1 add
    # y = y + (psi*(x - beta*y) - (dt/tau_adaptation)*y)                       3 mul 3 add
    # j = j + (psi*(x - beta*y) - (dt/tau_readout)*j)                          3 mul 3 add
    # e = (discount*trace_decay)*e + feedback*j                                2 mul 1 add
    "e_prop": (
        "alif, recurrent",
        "recurrent",
        counts({"multiply": 7, "add": 7}, {"multiply": 2, "add": 1}, GRADIENT_AND_STEP, SGD),
    ),
    # x = x + (dt/tau)*(r - x)                                                 1 mul 2 add
    # that again in the place of x, in y and in j                              2 mul 4 add more
    "e_prop_input": (
        "alif",
        "afferent",
        counts({"multiply": 9, "add": 12}, {"multiply": 2, "add": 1}, GRADIENT_AND_STEP, SGD),
    ),
    # x as above; j = j + (psi*x - (dt/tau_readout)*j)                         3 mul 3 add
    "e_prop_lif": (
        "lif, recurrent",
        "recurrent",
        counts({"multiply": 3, "add": 3}, {"multiply": 2, "add": 1}, GRADIENT_AND_STEP, SGD),
    ),
    # x = x + (dt/tau)*(r - x), and that again in the place of x in j          4 mul 6 add
    "e_prop_lif_input": (
        "lif",
        "afferent",
        counts({"multiply": 4, "add": 6}, {"multiply": 2, "add": 1}, GRADIENT_AND_STEP, SGD),
    ),
}

BIAS_OF_A_TRACE = {"multiply": 2, "add": 1}  # e = (discount*trace_decay)*e + feedback*j
PARAMETERS = {
    # e = (discount*trace_decay)*e + error, and a critic's error is 1
    ("td_lambda", "ventral.bias"): counts(None, {"multiply": 1, "add": 1}, GRADIENT_AND_STEP, SGD),
    # old three times, |1| a constant: e = old + (1 - old)*int(1 >= abs(old))  4 mul 2 add 2 compare
    ("td_lambda_replacing", "ventral.bias"): counts(
        None, {"multiply": 4, "add": 2, "compare": 2}, GRADIENT_AND_STEP, SGD
    ),
    # gradient = modulator*e - c; bias + step; drift = bias - before           1 mul 3 add
    # overlap = e                                                              nothing
    # e = (discount*trace_decay)*e + (1 - (constant)*overlap); c = drift       2 mul 2 add
    ("td_lambda_dutch", "ventral.bias"): counts(
        None, {"multiply": 2, "add": 2}, {"multiply": 1, "add": 3}, SGD
    ),
    # overlap = e; e as above
    ("td_lambda_dutch_actor", "ventral.bias"): counts(
        None, {"multiply": 2, "add": 2}, GRADIENT_AND_STEP, SGD
    ),
    # j = j + (dt/tau)*(slope - j)                                             1 mul 2 add
    ("rflo_td", "bias"): counts({"multiply": 1, "add": 2}, BIAS_OF_A_TRACE, GRADIENT_AND_STEP, SGD),
    # dt/tau is the neuron's, shared with h (phase forward); interval/tau      1 divide
    # j = j + (dt/tau)*((interval/tau)*(h - phi) - j)                          2 mul 3 add
    # change = modulator*e; tau = maximum(tau + interval*step, tau_minimum)    2 mul 1 add 1 compare
    ("rflo_td", "tau"): counts(
        {"multiply": 2, "add": 3, "divide": 1},
        BIAS_OF_A_TRACE,
        {"multiply": 2, "add": 1, "compare": 1},
        SGD,
    ),
    # old three times, new twice, one product; as for a synapse
    ("rflo_td_replacing", "bias"): counts(
        {"multiply": 1, "add": 2}, {"multiply": 6, "add": 2, "compare": 3}, GRADIENT_AND_STEP, SGD
    ),
    ("rflo_td_replacing", "tau"): counts(
        {"multiply": 2, "add": 3, "divide": 1},
        {"multiply": 6, "add": 2, "compare": 3},
        {"multiply": 2, "add": 1, "compare": 1},
        SGD,
    ),
    # overlap = e*feedback*j                                                   2 mul
    # e = (discount*trace_decay)*e + (1 - (constant)*overlap)*feedback*j       4 mul 2 add
    ("rflo_td_dutch", "bias"): counts(
        {"multiply": 1, "add": 2}, {"multiply": 4, "add": 2}, {"multiply": 3, "add": 1}, SGD
    ),
    ("rflo_td_dutch", "tau"): counts(
        {"multiply": 2, "add": 3, "divide": 1},
        {"multiply": 4, "add": 2},
        {"multiply": 4, "add": 1, "compare": 1},
        SGD,
    ),
    # j = j + dt*(slope*(1/tau) - (1/dt)*j)                                    3 mul 2 add
    ("one_step_td", "bias"): counts({"multiply": 3, "add": 2}, BIAS_OF_A_TRACE, GRADIENT_AND_STEP, SGD),
    # interval/(tau*tau)                                                       1 mul 1 divide
    # j = j + dt*((that)*(h - phi) - (1/dt)*j)                                 3 mul 3 add
    ("one_step_td", "tau"): counts(
        {"multiply": 4, "add": 3, "divide": 1},
        BIAS_OF_A_TRACE,
        {"multiply": 2, "add": 1, "compare": 1},
        SGD,
    ),
    # j = j + dt*(slope - j)/dt                                                2 add
    ("local_mse", "bias"): counts({"add": 2}, BIAS_OF_A_TRACE, GRADIENT_AND_STEP, SGD),
    # c; two of an entry and their sum; the immediate is added                 3 mul 2 add; credit 1 mac
    ("rtrl_td", "bias"): counts(
        {"multiply": 3, "add": 2, "mac": 1}, {"multiply": 1, "add": 1}, GRADIENT_AND_STEP, SGD
    ),
    # besides, 1 - a and a, and of the immediate an add, a mul and a divide    4 mul 4 add 2 divide; credit 1 mac
    # e = (discount*trace_decay)*e + interval*credit                           2 mul 1 add
    ("rtrl_td", "tau"): counts(
        {"multiply": 4, "add": 4, "divide": 2, "mac": 1},
        {"multiply": 2, "add": 1},
        {"multiply": 2, "add": 1, "compare": 1},
        SGD,
    ),
    # p = p + (l*p - l*p - decay*kept - p), both parts                         3 mul 4 add each
    # for the gain of an lru does not follow nu
    # e = (discount*trace_decay)*e + feedback*p, both parts                    3 mul 2 add
    # change = modulator*e; maximum(nu + step, nu_minimum)                     1 mul 1 add 1 compare
    ("diagonal_rtrl_re", "nu"): counts(
        {"multiply": 6, "add": 8},
        {"multiply": 3, "add": 2},
        {"multiply": 1, "add": 1, "compare": 1},
        SGD,
    ),
    # p_re with -(phase*kept_im), p_im with phase*kept_re                      3 mul 4 add each
    ("diagonal_rtrl_re", "theta"): counts(
        {"multiply": 6, "add": 8}, {"multiply": 3, "add": 2}, GRADIENT_AND_STEP, SGD
    ),
    # p with driven                                                            2 mul 4 add each
    ("diagonal_rtrl_re", "gamma_log"): counts(
        {"multiply": 4, "add": 8}, {"multiply": 3, "add": 2}, GRADIENT_AND_STEP, SGD
    ),
    # j = j + (z - z*j)                                                        1 mul 2 add
    ("gated_rtrl_candidate", "bias"): counts(
        {"multiply": 1, "add": 2}, BIAS_OF_A_TRACE, GRADIENT_AND_STEP, SGD
    ),
    ("gated_rtrl_candidate", "bias_gate"): counts(
        {"multiply": 1, "add": 2}, BIAS_OF_A_TRACE, GRADIENT_AND_STEP, SGD
    ),
    # as a synapse from a rate that is always 1
    ("e_prop", "bias"): counts({"multiply": 9, "add": 12}, BIAS_OF_A_TRACE, GRADIENT_AND_STEP, SGD),
    ("e_prop_lif", "bias"): counts({"multiply": 4, "add": 6}, BIAS_OF_A_TRACE, GRADIENT_AND_STEP, SGD),
}
#: rules that have the very same declarations of parameters as another one
SHARED = {
    "diagonal_rtrl_im": "diagonal_rtrl_re",
    "gated_rtrl_gate": "gated_rtrl_candidate",
    "e_prop_input": "e_prop",
    "e_prop_lif_input": "e_prop_lif",
}
#: of an actor by degrees: its circuit is another one, and its test below
BY_DEGREES = "log_deviation"

OPTIMISERS = {
    "sgd": SGD,
    # two powers, once for all                                                 2 mul
    # m = beta_1*m + (1 - beta_1)*gradient                                     2 mul 1 add
    # s = beta_2*s + (1 - beta_2)*gradient*gradient                            3 mul 1 add
    # learning_rate/(1 - power_1), 1/(1 - power_2), once for all               2 add 2 divide
    # step = (that)*m/(sqrt((that)*s) + epsilon)                               2 mul 1 add 1 divide 1 transcendental
    "adam": {"multiply": 9, "add": 5, "divide": 3, "transcendental": 1},
    # besides: age + 1; half_life/(half_life + age); learning_rate*pace        1 mul 2 add 1 divide, once for all
    "adam_annealed": {"multiply": 10, "add": 7, "divide": 4, "transcendental": 1},
    # load = sum of abs(gradient)                                              1 compare 1 add
    # maximum(1, 1/maximum(abs(modulator), epsilon)), once for all             3 compare 1 divide
    # (kappa*learning_rate)*(that), once for all; times load, once a neuron    2 mul
    # learning_rate/maximum(that, 1), once a neuron                            1 divide 1 compare
    # step = (that)*gradient                                                   1 mul
    "obgd": {"multiply": 3, "add": 1, "divide": 2, "compare": 5},
}
MORE = {"adam_annealed": ", half_life: 1000"}
