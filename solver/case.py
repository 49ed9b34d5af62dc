"""Loads a case file: reads it, merges its bases, checks everything, converts to working units."""

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from meshes.geometry import Geometry, dimension
from solver import assemble, growing, impedance_tables, known, march_tables, schema, tables, units
from solver.checks import case_faults, provenance_faults
from solver.effective_tables import Effective
from solver.faults import CaseError, Fault, Finding, KeyPath, as_given, key_path, split_table_key
from solver.measured import read_spectrum
from solver.messages import schema_findings
from solver.partial import Part, sound_part
from solver.reading import Source, combined, file_of, inside, merged, read_chain
from solver.schema import Case
from solver.study_checks import given_lengths
from solver.values import Setting

__all__ = ["Case", "CaseError", "Fault", "load_case", "with_value"]


def load_case(
    path: Path | str, require_provenance: bool = False, change: dict[str, Any] | None = None
) -> Case:
    """Loads and checks a case file with its bases and variants; nothing is computed.

    Args:
        path: The case file.
        require_provenance: Whether every physical value must say where it comes from.
        change: Tables that the file is taken to have besides its own.

    Returns:
        The case in working units.

    Raises:
        CaseError: Holds every fault of the case.
    """
    chain = read_chain(Path(path))
    data = merged(combined(chain), change or {})
    case, faults = _build(data, chain, (), require_provenance)
    own = list(faults)
    variants: dict[str, Case] = {}
    for name, change in _variant_tables(data):
        varied, more = _variant(name, change, data, chain, require_provenance)
        faults += [fault for fault in more if not _told(fault, name, own)]
        if varied is not None:
            variants[name] = varied
    if case is not None and not faults:
        faults += _cell_faults(case)
    if faults or case is None:
        raise CaseError(faults)
    return dataclasses.replace(case, variants=variants)


def _cell_faults(case: Case) -> list[Fault]:
    """What is wrong with the cells of a study that the case itself does not have."""
    found: list[Fault] = []
    if case.study is None:
        return found
    name = "factors" if case.study.factors else "sizes"
    for place, cell in enumerate(case.study.cells):
        try:
            with_settings(case, growing.settings(case.geometry, cell))
        except CaseError as error:
            key = key_path(("study", name, place))
            found += [dataclasses.replace(f, key=f"{key}: {f.key}") for f in error.faults]
    return found


def _told(fault: Fault, variant: str, known: list[Fault]) -> bool:
    """Whether a fault of a variant is one of the case itself, or inside of such a one."""
    key = fault.key.removeprefix(f"{key_path(('variants', variant))}.")
    return any(
        (other.key == key and other.allowed == fault.allowed) or key.startswith(f"{other.key}.")
        for other in known
        if other.key
    )


def _build(
    data: dict[str, Any], chain: tuple[Source, ...], prefix: tuple[str, ...], provenance: bool
) -> tuple[Case | None, list[Fault]]:
    """One case from one table: the case without variants, or its faults.

    Args:
        data: The merged table.
        chain: The files it comes from.
        prefix: Key path of the table for messages: () or ("variants", name).
        provenance: Whether every value must have a source.
    """
    path = chain[0].path
    findings: list[Finding] = []
    part: Part | None = None
    try:
        file = tables.CaseFile.model_validate(data)
    except ValidationError as error:
        found = schema_findings(error, data)
        findings = [finding for finding, _ in found]
        part = sound_part(data, [(finding.path, unknown) for finding, unknown in found])
    else:
        part = Part(file, frozenset(), {})
    shape = None
    if part is not None:
        shape, more = _checked(part, data, path, provenance)
        findings += more
    if findings or part is None:
        return None, [_fault(finding, chain, prefix) for finding in findings]
    return dataclasses.replace(_converted(part.file, shape, chain), table=data), []


def _checked(
    part: Part, data: dict[str, Any], path: Path, provenance: bool
) -> tuple[Geometry | None, list[Finding]]:
    """The geometry of a case, and what is wrong beyond the form of its tables."""
    findings = _mesh_file_findings(data, path)
    if findings:
        part = part.without_geometry()
    table = part.file.geometry
    shape = None if table is None else assemble.geometry(table, path.parent)
    findings += part.own(case_faults(part.file, shape))
    if provenance:
        findings += part.own(provenance_faults(part.file, path))
    return shape, findings


def _mesh_file_findings(data: dict[str, Any], path: Path) -> list[Finding]:
    """Whether the mesh file, if there is one, may be read: it lies where the case lies."""
    geometry = data.get("geometry")
    if not isinstance(geometry, dict):
        return []
    places: list[tuple[KeyPath, Any]] = []
    if "shape" not in geometry:
        places.append((("geometry", "mesh_file"), geometry.get("mesh_file")))
    places.append((("geometry", "file"), geometry.get("file")))
    faces = geometry.get("faces")
    for index, face in enumerate(faces if isinstance(faces, list) else []):
        if isinstance(face, dict):
            places.append((("geometry", "faces", index, "height_map"), face.get("height_map")))
    findings: list[Finding] = []
    spectrum = data.get("impedance")
    measured = spectrum.get("measured") if isinstance(spectrum, dict) else None
    if isinstance(measured, dict):
        places.append((("impedance", "measured", "file"), measured.get("file")))
    for place, name in places:
        if isinstance(name, str):
            try:
                file = inside(path, key_path(place), name)
                if isinstance(measured, dict) and place[0] == "impedance":
                    read_spectrum(file, per_area="area" not in measured)
            except CaseError as error:
                findings += [Finding(place, f.given, f.allowed, f.nearest) for f in error.faults]
            except ValueError as error:
                findings.append(Finding(place, as_given(name), str(error)))
    return findings


def _fault(finding: Finding, chain: tuple[Source, ...], prefix: tuple[str, ...]) -> Fault:
    file = file_of(chain, (*prefix, *finding.path))
    key = key_path((*prefix, *finding.path))
    return Fault(file, key, finding.given, finding.allowed, finding.nearest)


def _converted(file: tables.CaseFile, shape: Geometry | None, chain: tuple[Source, ...]) -> Case:
    plane = shape is not None and dimension(shape) == "plane"
    return Case(
        title=file.title,
        question=file.question,
        paper=file.paper,
        path=chain[0].path,
        geometry=assemble.with_touched(shape, file),
        regions={name: assemble.region(law) for name, law in file.regions.items()},
        boundaries={name: assemble.boundary(law) for name, law in file.boundaries.items()},
        interfaces={name: assemble.interface(law) for name, law in file.interfaces.items()},
        numerics=assemble.numerics(file.numerics),
        output=schema.Output(file.output.fields, file.output.pictures),
        specimens=tuple(assemble.specimen(table) for table in file.specimens),
        references=tuple(assemble.reference(table, plane) for table in file.references),
        calibrate=_calibration(file, plane),
        variants={},
        balance=file.balance,
        inputs=assemble.inputs(file),
        sources=tuple((source.path.name, source.content) for source in chain),
        mechanics=assemble.mechanics(file),
        solve_for=_solve_for(file, plane),
        map=_map(file),
        effective=_effective(file.effective),
        study=_study(file),
        programme=march_tables.programme(file.programme),
        impedance=impedance_tables.impedance(file.impedance, chain[0].path.parent),
    )


def _effective(table: Effective | None) -> schema.Effective | None:
    if table is None:
        return None
    return schema.Effective(
        table.conductivity, table.stiffness, table.three_point, table.uniform_tractions
    )


def _study(file: tables.CaseFile) -> schema.Study | None:
    table = file.study
    if table is None:
        return None
    first = 0 if file.geometry is None else dict(file.geometry)["seed"]
    given = given_lengths(file)
    cells = tuple(growing.lengths(table.keys, table.sizes, table.factors, given))
    return schema.Study(
        table.quantity, cells, table.factors or (), table.seed, table.seeds, first,
        table.accuracy.number, table.confidence.number,
    )  # fmt: skip


def _solve_for(file: tables.CaseFile, plane: bool) -> schema.SolveFor | None:
    table = file.solve_for
    if table is None:
        return None
    value = assemble.values(file)[table.parameter]
    kind = value.kinds[0]
    text = table.bracket[0] if table.bracket else value.value
    unit_text = units.split(text)[1] if isinstance(text, str) else ""
    unit = units.parse(f"1 {unit_text}", kind)
    target, _ = known.read_quantity(table.quantity, table.target, plane)
    bracket = None
    if table.bracket is not None:
        low, high = (units.parse(end, kind) / unit for end in table.bracket)
        bracket = (low, high)
    start = value.number / unit
    return schema.SolveFor(
        table.parameter, unit_text, unit, bracket, start, table.quantity, float(target), table.name
    )


def with_setting(case: Case, parameter: str, text: str, keep: bool = False) -> Case:
    """The case with another text for one of its values; it has no references.

    Args:
        case: A case.
        parameter: Key path of a value that its file gives.
        text: The value with its unit.
        keep: Whether [solve_for] stays.

    Raises:
        CaseError: With this value the case makes no sense.
    """
    return with_settings(case, {parameter: text}, keep)


def with_settings(case: Case, settings: Mapping[str, Setting], keep: bool = False) -> Case:
    """The same with several values at once, by key path; numbers without unit may be new keys."""
    gone = ("map", "study", "references", "variants", *(() if keep else ("solve_for",)))
    data = copy.deepcopy({key: value for key, value in case.table.items() if key not in gone})
    for parameter, text in settings.items():
        *above, last = split_table_key(parameter)
        item: Any = data
        for part in above:
            item = item[part]
        there = item.get(last) if isinstance(item, dict) else item[last]
        item[last] = _with_text(there, str(text)) if isinstance(there, dict) else text
    chain = (Source(case.path, b"", data),)
    varied, faults = _build(data, chain, (), False)
    if faults or varied is None:
        raise CaseError(faults)
    return dataclasses.replace(varied, sources=case.sources)


def _with_text(given: dict[str, Any], text: str) -> dict[str, Any]:
    """A value with another text; a range is that of what was given, not of what may be tried."""
    changed = {**given, "value": text}
    try:
        ends = [units.parse_any(str(end))[0] for end in given.get("range", ())]
        if not ends or min(ends) <= units.parse_any(text)[0] <= max(ends):
            return changed
    except units.UnitError:
        return changed  # the tables say what is wrong
    source = f"tried instead of {given.get('value')}, out of its range"
    return {"value": text, "role": "definition", "source": source}


def _map(file: tables.CaseFile) -> schema.Map | None:
    table = file.map
    if table is None:
        return None
    first, other = _along(file, table.parameter, table.values), table.against
    second = None if other is None else _along(file, other.parameter, other.values)
    numbers, unit_text = first.numbers, first.unit_text
    return schema.Map(table.parameter, table.values, numbers, unit_text, table.quantity, second)


def _along(file: tables.CaseFile, parameter: str, texts: tuple[str, ...]) -> schema.Against:
    """Values of one parameter of a map."""
    kind = assemble.values(file)[parameter].kinds[0]
    _, unit_text, _ = units.parse_any(texts[0])
    unit = units.parse(f"1 {unit_text}", kind) if unit_text else 1.0
    numbers = tuple(units.parse(text, kind) / unit for text in texts)
    return schema.Against(parameter, texts, numbers, unit_text)


def _calibration(file: tables.CaseFile, plane: bool) -> schema.Calibration | None:
    table = file.calibrate
    if table is None:
        return None
    kind = assemble.values(file)[table.parameter].kinds[0]
    low, high = (units.parse(text, kind) for text in table.bracket)
    target, unit_text = known.read_quantity(table.quantity, table.target, plane)
    return schema.Calibration(
        parameter=table.parameter,
        bracket=(low, high),
        quantity=table.quantity,
        target=float(target),
        unit_text=unit_text,
        source=table.source,
    )


def _variant_tables(data: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The variants that are tables; the others are faults of the schema already."""
    variants = data.get("variants")
    if not isinstance(variants, dict):
        return []
    return [(name, change) for name, change in variants.items() if isinstance(change, dict)]


def _variant(
    name: str,
    change: dict[str, Any],
    data: dict[str, Any],
    chain: tuple[Source, ...],
    provenance: bool,
) -> tuple[Case | None, list[Fault]]:
    """A variant as a complete case, or its faults."""
    prefix = ("variants", name)
    file = file_of(chain, prefix)
    for key in ("base", "variants"):
        if key in change:
            allowed = "no such key in a variant"
            return None, [Fault(file, key_path((*prefix, key)), as_given(change[key]), allowed)]
    plain = {key: value for key, value in data.items() if key != "variants"}
    varied = merged(plain, change)
    if varied == plain:
        allowed = "a change of at least one value of the case"
        return None, [Fault(file, key_path(prefix), as_given(change), allowed)]
    return _build(varied, chain, prefix, provenance)


def with_value(case: Case, parameter: str, value: float) -> Case:
    """The case with one of its values changed, as a calibration does it.

    Args:
        case: A case.
        parameter: Key path of a conductivity or area-specific resistance that the case gives, as
            "boundaries.window.area_specific_resistance".
        value: In the working system.

    Raises:
        KeyError: The case has no such value.
    """
    for name, law in case.regions.items():
        if parameter == key_path(("regions", name, "conductivity")):
            if isinstance(law, schema.IonicConductor):
                changed = dataclasses.replace(law, conductivity=value)
                return dataclasses.replace(case, regions={**case.regions, name: changed})
    for name, condition in case.boundaries.items():
        if parameter == key_path(("boundaries", name, "area_specific_resistance")):
            if isinstance(condition, schema.Electrode):
                face = dataclasses.replace(condition, area_specific_resistance=value)
                return dataclasses.replace(case, boundaries={**case.boundaries, name: face})
    for name, contact in case.interfaces.items():
        if parameter == key_path(("interfaces", name, "area_specific_resistance")):
            if isinstance(contact, schema.Resistive):
                jump = schema.Resistive(value)
                return dataclasses.replace(case, interfaces={**case.interfaces, name: jump})
    raise KeyError(parameter)
