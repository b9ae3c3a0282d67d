"""Pictures of circuits."""

from neuro_rtrrl.drawing.render import Picture, draw

__all__ = ["Picture", "draw"]
