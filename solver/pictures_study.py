"""The picture of a study: realisations, their mean and its confidence against the size."""

from collections.abc import Sequence
from pathlib import Path

from solver import drawing, units
from solver.statistics import Sample


def study_picture(
    samples: Sequence[Sample], quantity: str, unit: str, confidence: float, title: str, path: Path
) -> None:
    """Write the picture."""
    figure = drawing.new_figure(4.5)
    axes = figure.add_subplot()
    sizes = [units.parse(sample.size, "length") for sample in samples]
    for size, sample in zip(sizes, samples, strict=True):
        axes.plot([size] * len(sample.values), sample.values, "o", color="#9aa5b1", markersize=3)
    means = [sample.mean for sample in samples]
    halves = [sample.half_width(confidence) for sample in samples]
    axes.errorbar(sizes, means, halves, color="#1d3557", marker="s", capsize=4)
    axes.set_xlabel("size of the cell / µm")
    axes.set_ylabel(f"{quantity} / {unit}")
    axes.set_title(drawing.heading(f"Mean over seeds with its {confidence:.0%} interval", title))
    drawing.save(figure, path)
