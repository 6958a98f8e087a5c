"""The colours of the matplotlib figures, for the page."""

from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex

from reproductions.evaluation.plots.overlay import HEAT, OUTLINE
from reproductions.evaluation.plots.style import ACCENT, WEIGHTS, even_lightness

# In the dark theme 0 is as dark as the page and 1 is bright.
NIGHT = "#14181d"
_BLUES = LinearSegmentedColormap.from_list("night", [NIGHT, "#153a63", "#1f69ad", "#58a3dc", "#a9d4f5", "#eaf5ff"])
STEPS = 64


def colours() -> dict[str, list[str] | str]:
    """Ramps from 0 to 1, as lists of hexadecimal colours; and the colours of gold links and outlines."""
    return {
        "weights": _ramp(WEIGHTS),
        "night": _ramp(even_lightness(_BLUES, "night")),
        "gold": ACCENT,
        "heat": _ramp(HEAT),
        "outline": OUTLINE,
    }


def _ramp(colours: Colormap) -> list[str]:
    return [to_hex(colours(step / STEPS)) for step in range(STEPS + 1)]
