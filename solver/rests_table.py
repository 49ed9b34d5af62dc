"""What a critical current density rests on, as a table and in words for the report."""

from collections.abc import Callable
from pathlib import Path

from mpi4py import MPI

from solver import output
from solver.rests_on import NAME, Rest, rests_on
from solver.simulate import Solution

UNIT = "mA/cm^2"
HEADS = (
    "input", "value", "role", "source", "exponent", "range from", "range to",
    "at the start of the range", "at its end",
)  # fmt: skip


def write_rests(
    solution: Solution, folder: Path, comm: MPI.Intracomm, progress: Callable[[str], None]
) -> tuple[str, ...]:
    """Find out, write the table (rank 0) and return what is to be said; collective.

    Raises:
        OutputError: The table cannot be written.
    """
    rests = rests_on(solution.case, solution.quantities, comm, progress)
    if rests and comm.rank == 0:
        output.write_atomic(folder / output.RESTS_ON, table_of_rests(rests))
    return told(rests)


def table_of_rests(rests: tuple[Rest, ...]) -> str:
    """As comma-separated values; texts in quotes."""
    lines = [",".join([*HEADS[:-2], *(f"{NAME} {head} / {UNIT}" for head in HEADS[-2:])])]
    for rest in rests:
        texts = [rest.key, rest.text, rest.role, rest.source, f"{rest.exponent:.6g}"]
        texts += list(rest.ends or ("", ""))
        texts += ["" if number is None else f"{number:.9g}" for number in rest.at_ends]
        lines.append(",".join('"' + text.replace('"', '""') + '"' for text in texts))
    return "\n".join(lines) + "\n"


def told(rests: tuple[Rest, ...]) -> tuple[str, ...]:
    """Sentences for the report."""
    said = []
    for rest in rests:
        source = f", {rest.source}" if rest.source else ""
        text = (
            f"{NAME} rests on {rest.key} = {rest.text} ({rest.role or 'no role'}{source}): it goes "
            f"with the power {rest.exponent:.3g} of it"
        )
        low, high = rest.at_ends
        if rest.ends is not None and low is not None and high is not None:
            text += f"; from {rest.ends[0]} to {rest.ends[1]} it is {low:.4g} to {high:.4g} {UNIT}"
        said.append(f"{text}.")
    if said:
        said.append("Inputs are moved one at a time; ranges are no probabilities.")
    return tuple(said)
