"""Long-term potentiation gated by a temporal-difference error: spiking actors and critics."""

from neuro_rtrrl.models.declarations import Parameter, PlasticityRule, State
from neuro_rtrrl.models.plasticity.stdp_dopamine import BOUNDED

TD_LTP = PlasticityRule(
    name="td_ltp",
    summary="Postsynaptic spike times presynaptic potential, through a kernel, times the modulator.",
    source="Fremaux, Sprekeler & Gerstner 2013, Eqs. 17 (TD-LTP) and 18",
    parameters=(
        Parameter("learning_rate", "volt", minimum=0.0, description="eta"),
        Parameter(
            "tau_membrane",
            "second",
            default=20e-3,
            minimum=0.0,
            positive=True,
            description="potential's decay",
        ),
        Parameter(
            "tau_synapse", "second", default=5e-3, minimum=0.0, positive=True, description="potential's rise"
        ),
        Parameter(
            "tau_rise", "second", default=50e-3, minimum=0.0, positive=True, description="kernel's rise"
        ),
        Parameter(
            "tau_decay", "second", default=200e-3, minimum=0.0, positive=True, description="kernel's decay"
        ),
        Parameter(
            "expected_rate",
            "hertz",
            default=0.0,
            minimum=0.0,
            description="postsynaptic rate that counts as none",
        ),
        Parameter("w_minimum", "volt", default=0.0, description="lower bound of the weight"),
        Parameter("w_maximum", "volt", description="upper bound of the weight"),
    ),
    states=(
        State("w", "volt", role="weight", resets=False),
        State("charge", role="local_trace", description="presynaptic spikes, decaying with tau_synapse"),
        State("psp", role="local_trace", description="postsynaptic potential of this synapse, of size 1"),
        State(
            "coincidence",
            role="eligibility_trace",
            description="spikes times potential, decaying with tau_rise",
        ),
        State("e", "hertz", role="eligibility_trace", description="the same through the whole kernel"),
    ),
    dynamics=f"""
        dcharge/dt = -charge/tau_synapse
        dpsp/dt = charge/tau_synapse - psp/tau_membrane
        dcoincidence/dt = -expected_rate*psp - coincidence/tau_rise
        de/dt = (coincidence/tau_rise - e)/tau_decay
        dw/dt = {BOUNDED.format(change="learning_rate*e*modulator", low="w_minimum")}
    """,
    on_pre="""
        v_post += w
        charge += 1
    """,
    on_post="coincidence = coincidence + psp",
)
