"""Results in the formats of other tools: Neurodata Without Borders, Neo, CSV."""

from neuro_rtrrl.formats.csv_files import to_csv
from neuro_rtrrl.formats.neo_block import save_neo, to_neo
from neuro_rtrrl.formats.nwb_file import to_nwb

__all__ = ["save_neo", "to_csv", "to_neo", "to_nwb"]
