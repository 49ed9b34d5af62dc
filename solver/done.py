"""Whether a folder has the results of a case already."""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

from solver import output, provenance
from solver.read_files import contents
from solver.resolved import resolved_toml
from solver.schema import Case

SOLVED = "solved"


def is_done(case: Case, out: Path, whole: Collection[str] = (SOLVED,)) -> bool:
    """True if the folder holds results of this very case, its files and these very sources.

    Args:
        case: The case.
        out: The folder.
        whole: What the run may have called itself.
    """
    try:
        results = json.loads((out / output.RESULTS).read_bytes())
    except (OSError, ValueError):
        return False
    return bool(
        isinstance(results, dict)
        and results.get("status") in whole
        and results.get("input_hash") == hashlib.sha256(resolved_toml(case).encode()).hexdigest()
        and results.get("files", {}) == contents(case)
        and results.get("source_hash") == provenance.source_hash()
    )
