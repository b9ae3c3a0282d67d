"""Exchange with other tools through NIR, the neuromorphic intermediate representation (Pedersen et al. 2024).

What NIR says exactly goes into the NIR file; the rest into a side file beside it. Both are read back together.
"""

from neuro_rtrrl.exchange.exporting import Exported, export_nir
from neuro_rtrrl.exchange.importing import Imported, import_nir
from neuro_rtrrl.exchange.network import Cut, Network, Node, network_of

__all__ = ["Cut", "Exported", "Imported", "Network", "Node", "export_nir", "import_nir", "network_of"]
