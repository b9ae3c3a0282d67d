"""Pictures of results: what was recorded, how it was learned.

Every function draws into ``ax`` (a new figure by default) and returns it. matplotlib is imported when a picture is
made; saving one never touches the user's backend.
"""

from neuro_rtrrl.plot.curves import learning_curve_picture, learning_curves
from neuro_rtrrl.plot.save import KINDS, picture
from neuro_rtrrl.plot.spike_figures import psth, raster, rates
from neuro_rtrrl.plot.style import PALETTE, thousands
from neuro_rtrrl.plot.traces import activity, by_trial, dopamine, value_map, voltages
from neuro_rtrrl.plot.weight_figures import weight_histogram, weights

__all__ = [
    "KINDS",
    "PALETTE",
    "activity",
    "by_trial",
    "dopamine",
    "learning_curve_picture",
    "learning_curves",
    "picture",
    "psth",
    "raster",
    "rates",
    "thousands",
    "value_map",
    "voltages",
    "weight_histogram",
    "weights",
]
