"""What a run leaves behind: episodes, recordings, learned weights, provenance, and their folder."""

from neuro_rtrrl.results.episodes import Episodes
from neuro_rtrrl.results.folder import ResultsFolder, load_results
from neuro_rtrrl.results.provenance import collect_provenance
from neuro_rtrrl.results.recorder import Recorder
from neuro_rtrrl.results.result import Result
from neuro_rtrrl.results.weights import Weights

__all__ = ["Episodes", "Recorder", "Result", "ResultsFolder", "Weights", "collect_provenance", "load_results"]
