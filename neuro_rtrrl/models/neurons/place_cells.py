"""Poisson neurons that fire the more the nearer their input is to the centre of their field."""

from neuro_rtrrl.models.declarations import NeuronModel, Parameter

PLACE_CELLS = NeuronModel(
    name="place_cells",
    summary="Poisson neurons; the rate is a Gaussian of the squared distance that the rule place_field sends.",
    source="Frémaux, Sprekeler & Gerstner 2013 (place cells); O'Keefe & Burgess 1996 (Gaussian fields)",
    parameters=(
        Parameter("rate_maximum", "hertz", default=400.0, minimum=0.0, description="rate in the centre"),
        Parameter(
            "width",
            minimum=0.0,
            positive=True,
            description="standard deviation of the field, in the units of what is encoded",
        ),
    ),
    inputs=("u",),
    equations="rate = rate_maximum*exp(-u/(2*width*width))",
    threshold="chance < rate*dt",
    senders={"spikes": ("spike",)},
    noise=("chance",),
)
