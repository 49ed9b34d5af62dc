"""Pictures and report of a finished run, each made in a process of its own."""

import os
import subprocess
import sys
import time
from pathlib import Path

from solver.output import LOGGER
from solver.provenance import SOURCES

POSTPROCESSING_LIMIT = 300.0  # s


def run_postprocessing(folder: Path, pictures: bool) -> None:
    """Draw the pictures and write the report, each in a process of its own, on rank 0.

    Drawing can end a process without a Python exception (no usable OpenGL), and that must not be
    the solver's. A failure is logged as a warning; the results are whole without pictures.
    """
    # The processes must not think that they are ranks of this job.
    mpi = ("OMPI_", "PMIX_", "PMI_", "PRTE_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(mpi)}
    for module in (["solver.pictures"] if pictures else []) + ["solver.report"]:
        command = [sys.executable, "-m", module, str(folder.resolve())]
        began = time.monotonic()
        try:
            done = subprocess.run(
                command, cwd=SOURCES, env=environment, stdin=subprocess.DEVNULL,
                capture_output=True, timeout=POSTPROCESSING_LIMIT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            LOGGER.warning("%s: not finished after %.0f s", module, POSTPROCESSING_LIMIT)
            continue
        text = done.stderr.decode(errors="replace").strip()
        if done.returncode:
            LOGGER.warning("%s failed with status %d: %s", module, done.returncode, text[-4000:])
        else:
            LOGGER.info("time  %-24s %9.2f s", module, time.monotonic() - began)
            if text:
                LOGGER.info("%s: %s", module, text[-4000:])
