"""What is told of the contact of lithium at faces."""

from collections.abc import Iterator

from solver.carrier_system import System
from solver.contact_schema import Voids
from solver.face_contact import contacts, critical_stripping, voids_of
from solver.march_states import Marched
from solver.quantities import Quantity
from solver.units import in_unit
from solver.vacancies import History, vacancy_current

DENSITY = "mA/cm^2"


def contact_quantities(system: System, found: Marched) -> Iterator[Quantity]:
    """Share in contact, voids, critical stripping currents of the faces where contact changes."""
    laws = contacts(system.case)
    for name, voids in voids_of(system.case).items():
        if found.x is not None and name in system.voids:
            mean, least, _ = system.contact_of(found.x, name)
            text = "Mean share of the face in contact, at the end."
            yield Quantity(f"contact_fraction.{name}", mean, "1", meaning=text)
            text = "The least of any place of the face."
            yield Quantity(f"contact_fraction_min.{name}", least, "1", meaning=text)
            text = "Volume of the voids over the area of the face, at the end."
            volume = (1.0 - mean) * voids.depth
            yield Quantity(f"void_volume.{name}", volume, "um", meaning=text)
        if voids.vacancies is not None:
            text = "That vacancies carry away steadily, F D x/(V_Li L): no void begins."
            value = in_unit(vacancy_current(voids), DENSITY)
            yield Quantity(f"vacancy_current_density.{name}", value, DENSITY, meaning=text)
            if system.programme.steps:
                yield from _vacancies(system, found, name, voids)
        text = "Above it an even face loses all contact, however long that takes."
        value = in_unit(critical_stripping(laws[name]), DENSITY)
        yield Quantity(f"critical_stripping_current_density.{name}", value, DENSITY, meaning=text)
    if found.ends[-1].reason == "contact":
        text = "Time at which a face has no more than its least_contact left."
        yield Quantity("contact_loss_time", found.moments[-1].time, "s", meaning=text)


def _vacancies(system: System, found: Marched, name: str, voids: Voids) -> Iterator[Quantity]:
    """Vacancies at a face under its mean current density, as they diffuse in time."""
    contact = next(c for c in system.model.contacts if c.name == name)
    beside = [c for c in system.model.contacts if c.terminal == contact.terminal]
    area = sum(system.area[c.name] for c in beside)
    sign = 1.0 if contact.terminal == system.driven else -1.0
    history = History(voids, tuple((m.time, sign * m.current / area) for m in found.moments))
    text = "Share of the sites at the face that are vacant above equilibrium, if no void took any."
    yield Quantity(f"vacancy_excess.{name}", history.last, "1", meaning=text)
    begin = history.begin()
    if begin is not None:
        text = "Time at which vacancies at the face come to the excess at which voids begin."
        yield Quantity(f"void_start_time.{name}", begin, "s", meaning=text)
