"""The work that opens a crack through a film over layers that yield: closure work of the section.

The load is applied with the crack held closed. Then the forces R at the nodes of its face are
reduced from all to nothing in steps s = 1 .. 0, while the plastic strains go on from where they
are; every step is an equilibrium. Per length of a channel through a film of thickness h

    G_ss = -(2/h) sum 1/2 (s_n + s_n+1) R . (u_n+1 - u_n)        (half of the body is meshed)

Between elastic layers it is the difference of the energies, 2 (Pi_closed - Pi_open)/h. Over layers
that yield it is larger; as a release rate of a channelling crack it is an estimate, since the
front of a channel loads and unloads them along another path than a section that opens all at once.

Where something below yields, the film's foot blunts: there the opening jumps, and the node at the
foot moves with the film. Held in the plane of symmetry that node alone would carry a force that
dies out with the logarithm of its cells only.

Back of the envelope (shear lag): yielding holds the film by tau_y = sigma_y/sqrt(3), its
stress rises by tau_y/h per length from the crack, over the length l = sigma h/tau_y. Released down
to s sigma the crack opens by (1 - s)^2 sigma^2 h/(2 E' tau_y) to each side, hence
G_ss = sigma^3 h/(3 E' tau_y) for sigma >> tau_y and a body much wider than l.

Source: Rybicki & Kanninen 1977, Eng. Fract. Mech. 9, 931 (closure work); Hu & Evans 1989, Acta
Metall. 37, 917 (cracks in films on substrates that yield).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from petsc4py import PETSc

from solver.equilibrium import FREE, Equilibrium
from solver.evolution import LOAD_STEPS, MOST_CUTS, Evolution, Step
from solver.hooke import Floats
from solver.inelastic import Inelastic, Reached
from solver.point_fields import Integral
from solver.solve import SolveFailed

HALVINGS = 6  # of the cells at the film's foot: where layers yield the stress there is bounded
FIRST = 0.125  # of the largest step: the first one has none before it to go on from
LEAST = 1e-9  # of the forces: less than that is nothing


@dataclass(frozen=True)
class Opened:
    """A crack that was held closed and has been let go.

    Attributes:
        evolution: All steps, those with the closed crack first.
        rate: G_ss, J/m^2; None if the steps stopped before all forces were gone.
        error: What the steps leave in it, J/m^2, from the sum over every other of them.
        stress: Mean stress on the closed crack, MPa.
    """

    evolution: Evolution
    rate: float | None
    error: float
    stress: float


def open_crack(
    closed: Inelastic,
    opened: Inelastic,
    evolution: Evolution,
    thickness: float,
    steps: int | None,
    watch: Callable[[Reached, float], dict[str, float]],
) -> Opened:
    """Reduces the forces that hold a crack closed to nothing; collective.

    Args:
        closed: The body under all of its load with the support `crack`.
        opened: The same on the same mesh without that support, untouched.
        evolution: Of the closed body.
        thickness: Of the film, um.
        steps: How many; None: as many as those of a load.
        watch: What to measure after every step, given the share of the forces that is left.
    """
    comm, last = opened.comm, evolution.last
    rows = closed.held.rows["crack"]
    stress = closed.held.sign["crack"] * comm.allreduce(float(last.left[rows].sum())) / thickness
    rows = rows[opened.held.state[rows] == FREE]
    holding = np.zeros(len(last.left))
    holding[rows] = last.left[rows]
    loads = opened.external.array_r.copy()
    _continue(closed, opened)

    def place() -> Floats:
        return np.asarray(opened.displacement.x.array[: len(holding)].copy())

    taken, integral = list(evolution.steps), Integral(opened)
    start, inner, moved = place(), last.inner, place()
    path = [(1.0, 0.0)]  # share of the forces, and how far their nodes have gone against them
    largest = 1.0 / (steps or LOAD_STEPS)
    share, size, done, failures, cuts = 1.0, FIRST * largest, 0.0, 0, evolution.cuts
    before_last, stopped = opened.unknowns.copy(), ""
    while share > 0.0:
        goal = share - size if share - size > LEAST else 0.0
        before = opened.unknowns.copy()
        if done > 0.0 and failures == 0:  # go on as in the last step
            ahead = (share - goal) / done
            opened.unknowns.axpby(-ahead, 1.0 + ahead, before_last)
        opened.external.array[:] = loads + goal * holding
        try:
            reached = opened.step(1.0, 0.0)
        except SolveFailed as error:
            before.copy(opened.unknowns)
            failures, cuts, size = failures + 1, cuts + 1, 0.5 * (share - goal)
            if failures > MOST_CUTS:
                stopped = f"{error} with {100.0 * share:.4g} % of the forces left on the crack"
                stopped += f", after {MOST_CUTS} cuts of the step"
                break
            continue
        opened.accept(reached)
        now = place()
        work = 0.5 * float((inner + reached.inner) @ (now - moved))
        lost = {n: a.equivalent * a.increment for n, a in reached.answers.items()}
        work = taken[-1].work + comm.allreduce(work)
        spent = taken[-1].dissipated + integral(lost)
        values = watch(reached, goal)
        taken.append(Step(0.0, 1.0, 0.0, reached.iterations, work, spent, values))
        path.append((goal, -comm.allreduce(float(holding @ (now - start)))))
        done, before_last = share - goal, before
        size = done if failures else min(largest, 1.5 * max(size, done))
        share, failures = goal, 0
        inner, moved, last = reached.inner, now, reached
    whole = Evolution(tuple(taken), last, cuts, stopped)
    per_length = 2.0 / thickness
    fine, coarse = closure_work(path), closure_work([*path[:-1:2], path[-1]])
    rate = None if stopped else per_length * fine
    return Opened(whole, rate, per_length * abs(coarse - fine) / 3.0, stress)


def elastic_answer(closed: Inelastic, held: Equilibrium) -> PETSc.Vec:
    """Unknowns of the closed body under all of the load if nothing yields (pressures: none)."""
    moved = held.solve().displacement
    u = closed.given.duplicate()
    u.array[:] = moved.x.array[: u.getLocalSize()]
    u.axpy(-1.0, closed.given)
    y = held.reduced_motion(u)
    found = closed.unknowns.duplicate()
    found.set(0.0)
    found.array[: y.getLocalSize()] = y.array_r
    return found


def closure_work(path: list[tuple[float, float]]) -> float:
    """Work of forces that fade, by the trapezoidal rule.

    Args:
        path: Share of the forces, and their sum times their way so far, pJ (plane: pJ/um).
    """
    shares, ways = np.array(path).T
    return float(0.5 * ((shares[1:] + shares[:-1]) * np.diff(ways)).sum())


def _continue(closed: Inelastic, opened: Inelastic) -> None:
    """Gives the opened body the state of the closed one."""
    opened.history, opened.scale = closed.history, closed.scale
    u = opened.given.duplicate()
    u.array[:] = closed.displacement.x.array[: u.getLocalSize()]
    u.axpy(-1.0, opened.given)
    y = opened.held.reduced_motion(u)
    pressures = closed.unknowns.array_r[closed.expansion.getLocalSize()[1] :]
    opened.unknowns.array[:] = np.concatenate([y.array_r, pressures])
    opened.load = 1.0
    opened.put(opened.unknowns)
