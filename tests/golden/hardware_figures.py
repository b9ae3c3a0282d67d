"""What the reference page on hardware says, line by line; :mod:`tests.golden.test_hardware_figures` compares.

(profile, figure, value, unit, scope, grade). A value is a number, ``>=`` or ``<=`` a bound, ``a..b`` a range. The
grade is the page's, but D where the number is our arithmetic on it, and S where the page names no primary source.
"""

from __future__ import annotations

LOIHI_PRICES = (
    ("energy.synaptic_operation", ">=23.6", "pJ", "marginal"),
    ("energy.synaptic_update", "120", "pJ", "marginal"),
    ("energy.neuron_update_active", "81", "pJ", "marginal"),
    ("energy.neuron_update_inactive", "52", "pJ", "marginal"),
    ("energy.spike_within_tile", "1.7", "pJ", "marginal"),
    ("latency.synaptic_operation", "<=3.5", "ns", ""),
    ("latency.synaptic_update", "6.1", "ns", ""),
    ("latency.neuron_update_active", "8.4", "ns", ""),
    ("latency.neuron_update_inactive", "5.3", "ns", ""),
    ("latency.barrier", "113..465", "ns", ""),
)

FIGURES = (
    *(("loihi1", *figure, "Q") for figure in LOIHI_PRICES),
    ("loihi1", "energy.hop", "3.0..4.0", "pJ", "marginal", "D"),  # two directions; their mean is ours
    ("loihi1", "energy.static_power", "104", "mW", "all_in", "D"),
    ("loihi1", "latency.step_throttled", "1", "ms", "", "Q"),
    ("loihi1", "latency.step_unthrottled", "5.8..13", "us", "", "Q"),
    ("loihi1", "capacity.cores", "128", "1", "", "Q"),
    ("loihi1", "capacity.compartments_per_core", "1024", "1", "", "Q"),
    ("loihi1", "capacity.in_axons_per_core", "4096", "1", "", "Q"),
    ("loihi1", "capacity.out_axons_per_core", "4096", "1", "", "Q"),
    ("loihi1", "capacity.learning_epoch_steps", "1..63", "1", "", "Q"),
    ("loihi1", "memory.synaptic_state_per_core", "128", "KB", "", "Q"),
    ("loihi1", "word_widths.weight", "1..9", "bit", "", "Q"),
    ("loihi1", "word_widths.delay", "6", "bit", "", "Q"),
    ("loihi1", "word_widths.tag", "9", "bit", "", "Q"),
    ("loihi1", "word_widths.trace", "7", "bit", "", "Q"),
    ("loihi1", "word_widths.learning_accumulator", "16", "bit", "", "Q"),
    ("loihi1", "word_widths.current", "23", "bit", "", "Q"),
    ("loihi1", "word_widths.voltage", "23", "bit", "", "Q"),
    ("loihi1", "word_widths.decay", "12", "bit", "", "Q"),
    # Loihi 1's prices, flagged as a proxy
    *(("loihi2_proxy", *figure, "D") for figure in LOIHI_PRICES),
    ("loihi2_proxy", "energy.hop", "3.0..4.0", "pJ", "marginal", "D"),
    ("loihi2_proxy", "capacity.cores", "128", "1", "", "S"),
    ("loihi2_proxy", "capacity.neurons_per_chip", "1e6", "1", "", "S"),
    ("loihi2_proxy", "capacity.synapses_per_chip", "120e6", "1", "", "S"),
    ("loihi2_proxy", "word_widths.message", "32", "bit", "", "S"),
    ("loihi2_proxy", "word_widths.weight", "9", "bit", "", "P"),  # 8 and sign
    ("loihi2_proxy", "word_widths.tag", "9", "bit", "", "P"),
    ("loihi2_proxy", "word_widths.trace", "7", "bit", "", "P"),
    ("loihi2_proxy", "word_widths.trace_fraction", "8", "bit", "", "P"),
    ("loihi2_proxy", "word_widths.learning_accumulator", "16", "bit", "", "P"),  # 15 and sign
    ("loihi2_proxy", "word_widths.learning_constant", "8", "bit", "", "P"),
    ("loihi2_proxy", "measured.hala_point_synapse", "6.8", "pJ", "", "D"),
    ("loihi2_proxy", "measured.clp_snn_sample", "0.05", "mJ", "", "P"),
    ("loihi2_proxy", "measured.clp_snn_time", "0.33", "ms", "", "P"),
    ("spinnaker1", "energy.static_power", "0.36", "W", "all_in", "P"),
    ("spinnaker1", "energy.busy_power", "1", "W", "all_in", "P"),
    ("spinnaker1", "energy.spike_within_tile", "0.8", "nJ", "marginal", "P"),
    ("spinnaker1", "energy.synaptic_operation", "13.3", "nJ", "all_in", "S"),
    ("spinnaker1", "energy.neuron_update_active", "26", "nJ", "all_in", "S"),
    ("spinnaker1", "energy.neuron_update_inactive", "26", "nJ", "all_in", "S"),
    ("spinnaker1", "word_widths.weight", "16", "bit", "", "P"),
    ("spinnaker1", "word_widths.delay", "4", "bit", "", "D"),  # 1 to 16 ticks
    ("spinnaker1", "latency.step_throttled", "1", "ms", "", "P"),
    ("spinnaker1", "capacity.cores", "18", "1", "", "P"),
    ("spinnaker2@0.5V", "clock.frequency", "150", "MHz", "", "Q"),
    ("spinnaker2@0.8V", "clock.frequency", "300", "MHz", "", "Q"),
    ("spinnaker2@0.5V", "energy.static_power", "235.4", "mW", "all_in", "Q"),
    ("spinnaker2@0.8V", "energy.static_power", "564.7", "mW", "all_in", "Q"),
    ("spinnaker2@0.5V", "energy.busy_power", "424.6", "mW", "all_in", "Q"),
    ("spinnaker2@0.8V", "energy.busy_power", "1247.9", "mW", "all_in", "Q"),
    ("spinnaker2@0.5V", "energy.mac.int8", "0.72", "pJ", "all_in", "D"),
    ("spinnaker2@0.5V", "energy.processor_cycle", "8.3", "pJ", "marginal", "D"),
    ("spinnaker2@0.8V", "energy.processor_cycle", "15.0", "pJ", "marginal", "D"),
    ("spinnaker2@0.5V", "energy.synaptic_operation", "207", "pJ", "marginal", "D"),
    ("spinnaker2@0.8V", "energy.synaptic_operation", "375", "pJ", "marginal", "D"),
    ("spinnaker2@0.5V", "capacity.cores", "148", "1", "", "Q"),
    ("spinnaker2@0.5V", "capacity.macs_per_core", "64", "1", "", "Q"),
    ("spinnaker2@0.5V", "memory.memory_per_core", "128", "KB", "", "Q"),
    ("spinnaker2@0.5V", "memory.external_memory_per_chip", "2", "GB", "", "Q"),
    ("spinnaker2@0.5V", "measured.e_prop_memory", "680", "KB", "", "P"),
    ("brainscales2", "capacity.neurons_per_chip", "512", "1", "", "P"),
    ("brainscales2", "capacity.synapses_per_chip", "131072", "1", "", "P"),
    ("brainscales2", "capacity.acceleration", "1000", "1", "", "P"),
    ("brainscales2", "word_widths.weight", "6", "bit", "", "P"),
    ("brainscales2", "energy.busy_power", "57", "mW", "all_in", "P"),
    ("brainscales2", "measured.ecg_energy", "192", "uJ", "", "P"),
    ("brainscales2", "measured.ecg_time", "276", "us", "", "P"),
    ("truenorth", "energy.synaptic_operation", "2.30", "pJ", "marginal", "D"),
    ("truenorth", "energy.static_power", "64.4", "mW", "all_in", "D"),
    ("truenorth", "energy.hop", "2.3", "pJ", "marginal", "Q"),
    ("truenorth", "energy.memory_read", "3.008", "pJ", "marginal", "D"),  # 64 bit of 47 fJ
    ("truenorth", "capacity.cores", "4096", "1", "", "Q"),
    ("truenorth", "capacity.neurons_per_core", "256", "1", "", "Q"),
    ("truenorth", "capacity.in_axons_per_core", "256", "1", "", "Q"),
    ("truenorth", "word_widths.weight", "1", "bit", "", "Q"),
    ("truenorth", "latency.step_throttled", "1", "ms", "", "Q"),
    ("reckon", "energy.synaptic_operation", "5.3", "pJ", "all_in", "P"),
    ("reckon", "energy.busy_power", "<=50", "uW", "all_in", "P"),
    ("reckon", "capacity.inputs", "256", "1", "", "P"),
    ("reckon", "capacity.recurrent_neurons", "256", "1", "", "P"),
    ("reckon", "capacity.outputs", "16", "1", "", "P"),
    ("reckon", "word_widths.weight", "8", "bit", "", "P"),
    ("reckon", "word_widths.trace_pre", "12", "bit", "", "P"),
    ("reckon", "word_widths.trace_post", "12", "bit", "", "P"),
    ("reckon", "word_widths.trace_output", "10", "bit", "", "P"),
    ("reckon", "word_widths.voltage", "16", "bit", "", "P"),
    ("odin", "energy.static_power", "27.3", "uW", "all_in", "Q"),
    ("odin", "energy.idle_cycle", "1.78", "pJ", "marginal", "Q"),  # 1.78 uW/MHz
    ("odin", "energy.synaptic_operation", "8.43", "pJ", "marginal", "Q"),
    ("odin", "capacity.neurons_per_chip", "256", "1", "", "Q"),
    ("odin", "capacity.synapses_per_chip", "65536", "1", "", "Q"),
    ("odin", "word_widths.weight", "3", "bit", "", "Q"),  # and one that enables learning
    ("odin@75MHz", "clock.frequency", "75", "MHz", "", "Q"),
    ("odin@1.3MHz", "clock.frequency", "1.3", "MHz", "", "Q"),
    ("odin@1.3MHz", "latency.synaptic_operation", "1538", "ns", "", "D"),  # 1 / 650 kSOP/s
    ("seneca", "energy.synaptic_operation", "2.8", "pJ", "all_in", "P"),
    ("akida", "capacity.cores", "80", "1", "", "P"),
    ("akida", "word_widths.weight", "1..4", "bit", "", "P"),
    ("xylo", "energy.busy_power", "291", "uW", "all_in", "P"),
    ("xylo", "measured.inference", "6.6", "uJ", "", "P"),
    ("cmos45", "energy.add.int8", "0.03", "pJ", "marginal", "P"),
    ("cmos45", "energy.multiply.int8", "0.2", "pJ", "marginal", "P"),
    ("cmos45", "energy.add.int32", "0.1", "pJ", "marginal", "P"),
    ("cmos45", "energy.multiply.int32", "3.1", "pJ", "marginal", "P"),
    ("cmos45", "energy.add.fp16", "0.4", "pJ", "marginal", "P"),
    ("cmos45", "energy.multiply.fp16", "1.1", "pJ", "marginal", "P"),
    ("cmos45", "energy.add.fp32", "0.9", "pJ", "marginal", "P"),
    ("cmos45", "energy.multiply.fp32", "3.7", "pJ", "marginal", "P"),
    ("cmos45", "energy.memory_read", "10", "pJ", "marginal", "P"),
    ("cmos45", "memory.sram", "8", "KB", "", "P"),
    ("cmos7", "energy.add.fp32", "0.38", "pJ", "marginal", "S"),
    ("cmos7", "energy.multiply.fp32", "1.31", "pJ", "marginal", "S"),
    ("cmos7", "energy.mac.fp32", "1.69", "pJ", "marginal", "S"),
    ("cmos7", "energy.memory_read", "7.5", "pJ", "marginal", "S"),
    ("cmos7", "energy.memory_write", "7.5", "pJ", "marginal", "S"),
    ("cmos7", "memory.sram", "8", "KB", "", "S"),
    *(
        figure
        for name, memory in (("h100", "80"), ("h200", "141"))
        for figure in (
            (name, "energy.busy_power", "<=700", "W", "all_in", "P"),
            (name, "energy.add.fp32", ">=10.5", "pJ", "all_in", "D"),  # 700 W over 66.9 TFLOP/s
            (name, "energy.mac.fp16", ">=1.42", "pJ", "all_in", "D"),  # 2 * 700 W over 989
            (name, "energy.mac.int8", ">=0.707", "pJ", "all_in", "D"),  # 2 * 700 W over 1979
            (name, "memory.memory_per_chip", memory, "GB", "", "P"),
        )
    ),
    ("h100", "latency.memory_read", ">=2.3881", "ps", "", "D"),  # 8 byte over 3.35 TB/s
    ("h200", "latency.memory_read", ">=1.6667", "ps", "", "D"),  # 8 byte over 4.8 TB/s
    (
        "jetson_orin_nano",
        "energy.busy_power",
        "3.1..8.2",
        "W",
        "all_in",
        "S",
    ),  # Q there; names no publication
    ("cortex_m4@0.5V", "energy.processor_cycle", "8.3", "pJ", "marginal", "D"),
    ("cortex_m4@0.8V", "energy.processor_cycle", "15", "pJ", "marginal", "D"),
)

NULL = (
    ("loihi1", "barrier trace_decay three_factor_update memory_read memory_write host_io"),
    ("loihi2_proxy", "three_factor_update static_power"),
    ("spinnaker1", "synaptic_update three_factor_update"),
    ("spinnaker2", "synaptic_update three_factor_update"),
    ("brainscales2", "synaptic_operation synaptic_update three_factor_update"),
    ("truenorth", "synaptic_update three_factor_update"),
    ("reckon", "synaptic_update three_factor_update"),
    ("akida", "synaptic_operation"),
    ("xylo", "synaptic_operation"),
    ("cmos7", "divide.fp32 transcendental.fp32 compare.fp32"),
)
"""Prices that the page says nobody has published."""
