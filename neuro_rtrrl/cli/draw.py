"""``neuro-rtrrl draw``."""

from __future__ import annotations

from pathlib import Path

from neuro_rtrrl.cli.output import print_json
from neuro_rtrrl.drawing import draw
from neuro_rtrrl.graph import load_circuit

__all__ = ["run_draw"]


def run_draw(file: str, settings: list[str], out: Path | None, json: bool) -> int:
    """Write the picture, SVG and PNG unless one file is named."""
    circuit = load_circuit(file, settings)
    stem = Path(Path(file).stem)
    targets = [out] if out is not None else [stem.with_suffix(".svg"), stem.with_suffix(".png")]
    picture = draw(circuit)
    written = [str(picture.save(target)) for target in targets]
    if json:
        print_json({"pictures": written})
    else:
        for path in written:
            print(f"wrote {path}")
    return 0
