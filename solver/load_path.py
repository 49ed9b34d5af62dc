"""The steps in which a load was applied where one step is not enough, and how far they came.

Large deflections, contact and interfaces that tear apply their load in steps that are cut when
Newton's method fails. After `MOST_CUTS` cuts the load ends where it is: what had converged stays.
"""

from dataclasses import dataclass

MOST_CUTS = 12


@dataclass(frozen=True)
class LoadStep:
    """A converged step.

    Attributes:
        share: Of the load, at its end.
        iterations: Newton steps.
        values: What was measured at its end, by name with unit.
    """

    share: float
    iterations: int
    values: dict[str, float]


@dataclass(frozen=True)
class LoadPath:
    """All converged steps of a load; there is at least one.

    Attributes:
        steps: In their order.
        cuts: How many steps were halved because they failed.
        stopped: Why the end of the load was not reached; "" if it was.
    """

    steps: tuple[LoadStep, ...]
    cuts: int
    stopped: str

    @property
    def reached(self) -> float:
        """Share of the load at the end."""
        return self.steps[-1].share

    @property
    def is_long(self) -> bool:
        """Whether all of the load at once was not what was done."""
        return len(self.steps) + self.cuts > 1

    @property
    def iterations(self) -> int:
        """Newton steps in all."""
        return sum(step.iterations for step in self.steps)


def named_forces(reactions: dict[str, float], axisymmetric: bool) -> dict[str, float]:
    """Forces of supports by name with unit (plane: per depth)."""
    unit = "uN" if axisymmetric else "N/m"
    return {f"force.{name} [{unit}]": force for name, force in reactions.items()}


def why_stopped(error: Exception, share: float) -> str:
    """What to say of a load that ended at a share of it."""
    return (
        f"{error}; converged up to {100.0 * share:.4g} % of the load, after {MOST_CUTS} cuts: "
        "beyond it there may be no equilibrium"
    )


def table_of_path(path: LoadPath) -> str:
    """All converged steps as comma-separated values."""
    names = sorted(path.steps[0].values)
    lines = [",".join(["load [1]", "Newton steps", *names])]
    for step in path.steps:
        row = (step.share, float(step.iterations), *(step.values[name] for name in names))
        lines.append(",".join(f"{value:.12g}" for value in row))
    return "\n".join(lines) + "\n"
