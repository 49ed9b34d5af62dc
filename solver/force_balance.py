"""Whether the forces on a body that was solved for balance."""

from solver.equilibrium import State

IMBALANCE = 1e-8  # of the forces, relative: more than that is no equilibrium


class NotInEquilibrium(RuntimeError):
    """The forces on a body that was solved for do not balance."""


def balanced(state: State) -> State:
    """The same state, if its forces balance.

    Raises:
        NotInEquilibrium: They do not.
    """
    if not state.balance <= IMBALANCE:  # NaN as well
        raise NotInEquilibrium(
            f"mechanics: reactions and loads differ by {state.balance:.1e} of their size, more "
            f"than {IMBALANCE:g}: the solver of the displacement has failed"
        )
    return state
