"""A circuit as a program for a chip: dependency-free C, learning included, in float32 or in words of fixed length."""

from neuro_rtrrl.deploy.files import Sources
from neuro_rtrrl.deploy.source import check_exportable, write_sources

__all__ = ["Sources", "check_exportable", "write_sources"]
