"""The set-up: the lists of packages agree, and the launcher does what its header says."""

import os
import re
import shutil
import signal
import subprocess
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
LAUNCHER = TOP / "liface"

# other names on conda-forge
CONDA_NAMES = {"gmsh": "python-gmsh", "matplotlib": "matplotlib-base"}
# what only conda-forge has
CONDA_ONLY = {"python", "pip", "fenics-dolfinx", "petsc", "openmpi", "libblas", "adios4dolfinx"}


def names(file: str) -> list[str]:
    """Read a package list."""
    lines = (line.partition("#")[0].strip() for line in (TOP / file).read_text().splitlines())
    return [line for line in lines if line]


def pyproject() -> dict:
    """Read the project table."""
    return tomllib.loads((TOP / "pyproject.toml").read_text())["project"]


def split(requirement: str) -> tuple[str, str]:
    """Split `name==1.2` into the name and what is asked of it, `==` written as conda's `=`."""
    match = re.fullmatch(r"([A-Za-z0-9-]+)(.*)", requirement)
    assert match, requirement
    return match[1], match[2].replace("==", "=")


def conda() -> dict[str, str]:
    """Read the dependencies of environment.yml."""
    lines = (TOP / "environment.yml").read_text().partition("\ndependencies:")[2].splitlines()
    lines = [line.removeprefix("      - ").removeprefix("  - ") for line in lines]
    wanted = [line for line in lines if line and not line.startswith(" ") and line != "pip:"]
    return dict(split(line.strip()) for line in wanted)


def test_environment_and_pyproject_name_the_same_versions():
    project = pyproject()
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    ours = {CONDA_NAMES.get(name, name): asked for name, asked in map(split, wanted)}
    assert {name: asked for name, asked in conda().items() if name not in CONDA_ONLY} == ours


def test_everything_from_pypi_is_pinned_or_comes_with_dolfinx():
    project = pyproject()
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    loose = {name for name, asked in map(split, wanted) if not asked.startswith("=")}
    assert loose == {"h5py", "numpy", "scipy"}
    assert not loose & {"fenics-dolfinx", "petsc4py", "mpi4py"}


def test_the_launcher_reads_the_same_requirements_as_pip_does():
    project = pyproject()
    script = re.search(r"^requirements\(\) \{.*?^}", LAUNCHER.read_text(), re.M | re.S)
    assert script
    out = subprocess.run(
        ["sh", "-c", f"top=$1; {script[0]}\nrequirements", "sh", TOP],
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    assert out.stdout.splitlines() == wanted


def test_supported_dolfinx_is_the_same_everywhere():
    supported = re.search(r"^supported=(\S+)", LAUNCHER.read_text(), re.M)
    assert supported
    assert conda()["fenics-dolfinx"] == f"={supported[1]}"
    assert conda()["python"].lstrip("=") >= pyproject()["requires-python"].lstrip(">=")


@pytest.mark.parametrize("file", ["packages.txt", "packages-all.txt"])
def test_package_lists_are_names_once_each(file):
    found = names(file)
    assert found
    assert len(found) == len(set(found))
    for name in found:
        assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name), name


def test_second_list_is_only_what_the_first_lacks():
    assert not set(names("packages.txt")) & set(names("packages-all.txt"))
    assert "bubblewrap" in names("packages.txt"), "the launcher enters the root with it"


def test_containerfile_has_no_list_of_its_own():
    text = (TOP / "Containerfile").read_text()
    assert re.search(r"^COPY packages\.txt ", text, re.M)
    assert re.search(r"^COPY pyproject\.toml ", text, re.M)
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    ours = names("packages.txt") + [split(r)[0] for r in pyproject()["dependencies"]]
    # "python3-venv" and the like would be a second list
    assert [
        name for name in ours if re.search(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])", code)
    ] == []


FILES = ["liface", "Containerfile", ".ci/run", "packages.txt", "packages-all.txt"]


@pytest.mark.parametrize("file", [*FILES, "environment.yml", "pyproject.toml", "tests/run.py"])
def test_no_host_name(file):
    text = (TOP / file).read_text()
    assert re.findall(r"\w+://[\w.-]+|\b[\w-]+\.(?:org|com|net|io|dev|edu)\b", text) == []


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
@pytest.mark.parametrize("file", ["liface", ".ci/run"])
def test_shell_syntax(file, shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell}")
    subprocess.run([shell, "-n", TOP / file], check=True)


def test_scripts_are_executable():
    assert os.access(LAUNCHER, os.X_OK)
    assert os.access(TOP / ".ci/run", os.X_OK)


# --- the launcher within an environment ---------------------------------------------------------


def launch(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    launcher: Path = LAUNCHER,
    limit: float = 30,
) -> subprocess.CompletedProcess[str]:
    """Run the launcher; `env` replaces the whole environment."""
    return subprocess.run(
        [launcher, *arguments],
        env={**os.environ, "LIFACE_INSIDE": "test"} if env is None else env,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=limit,
        start_new_session=True,
    )


def test_exit_status_is_the_programs():
    assert launch("exec", "sh", "-c", "exit 37").returncode == 37
    assert launch("exec", "true").returncode == 0


def test_arguments_pass_unchanged():
    arguments = ["", "a b", "*", "$HOME", "'", '"', "\\", "-n", "line\nline", "ü"]
    out = launch("python", "-c", "import sys; print(ascii(sys.argv[1:]))", *arguments)
    assert out.stdout.strip() == ascii(arguments)


def test_called_through_a_symlink_from_elsewhere(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/first").symlink_to("second")
    (tmp_path / "bin/second").symlink_to(LAUNCHER)
    out = launch("exec", "pwd", cwd=tmp_path, launcher=tmp_path / "bin/first")
    assert out.stdout.strip() == str(tmp_path)
    assert out.returncode == 0


@pytest.mark.skipif(not shutil.which("mpirun"), reason="no mpirun")
def test_ranks():
    out = launch(
        "-n",
        "3",
        "exec",
        "sh",
        "-c",
        "echo $OMP_NUM_THREADS; sleep 0.3; exit 5",
        env={
            **{
                k: v for k, v in os.environ.items() if not k.startswith(("OMPI_", "PMIX_", "PRTE_"))
            },
            "LIFACE_INSIDE": "test",
            "PRTE_MCA_prte_tmpdir_base": os.environ.get("PRTE_MCA_prte_tmpdir_base", "/tmp"),
        },
    )
    assert out.stdout.count("1\n") >= 1
    assert out.returncode == 5


@pytest.mark.parametrize("ranks", [[], ["0"], ["two"], ["-1"], [""]])
def test_wrong_number_of_ranks(ranks):
    out = launch("-n", *ranks)
    assert out.returncode == 2
    assert "number of ranks" in out.stderr


# --- the launcher outside: with stand-ins for the host's tools ------------------------------------


class Host:
    """A host of stand-ins: a PATH with only the tools named, and a log of the calls."""

    TOOLS = (
        "sh bash cat sed sha256sum uname readlink mkdir rm id grep awk cut date du df sleep tail "
        "flock setsid env true touch mv tr"
    ).split()

    def __init__(self, folder: Path):
        """Start with the tools that every host has."""
        self.bin = folder / "bin"
        self.cache = folder / "cache"
        self.bin.mkdir()
        for tool in self.TOOLS:
            path = shutil.which(tool)
            assert path, tool
            (self.bin / tool).symlink_to(path)
        self.env = {"PATH": str(self.bin), "HOME": str(folder), "XDG_CACHE_HOME": str(self.cache)}

    def tool(self, name: str, script: str) -> None:
        """Add a tool, or replace one."""
        (self.bin / name).unlink(missing_ok=True)
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def debian(self) -> None:
        """Add what a Debian-family host has; its apt reaches no mirror."""
        for name in ("dpkg-deb", "perl", "newuidmap", "apt-config"):
            self.tool(name, "exit 0")
        self.tool("apt-get", "exit 100")
        # drops the options, as there may be no right to unshare here
        self.tool("unshare", 'while :; do case $1 in -*) shift ;; *) exec "$@" ;; esac; done')

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Call the launcher on this host."""
        return launch(*arguments, env={**self.env, **env})

    def left(self) -> list[str]:
        """What lies in the cache folder, but for the log and the lock."""
        folder = self.cache / "liface"
        found = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return [name for name in found if name not in ("build.log", "lock")]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_bare_host_is_told_what_to_do(host):
    out = host.run("exec", "true")
    assert out.returncode == 2
    assert "neither conda nor apt-get" in out.stderr


def test_current_python_is_used_if_it_has_dolfinx(host):
    host.tool("python3", "exit 0")
    host.tool("apt-get", "echo never >&2; exit 1")
    out = host.run("exec", "sh", "-c", 'echo "$LIFACE_INSIDE $PYTHONPATH"')
    assert out.stdout.strip() == f"current {TOP}"
    assert host.left() == []


def test_activated_conda_environment_wins(host, tmp_path):
    supported = conda()["fenics-dolfinx"].lstrip("=")
    site = tmp_path / "env/lib/python3.13/site-packages"
    (site / f"fenics_dolfinx-{supported}.0.dist-info").mkdir(parents=True)
    out = host.run("exec", "sh", "-c", "echo $LIFACE_INSIDE", CONDA_PREFIX=str(tmp_path / "env"))
    assert out.stdout.strip() == "current"
    other = tmp_path / "other/lib/python3.13/site-packages/fenics_dolfinx-0.1.0.dist-info"
    other.mkdir(parents=True)
    assert host.run("exec", "true", CONDA_PREFIX=str(tmp_path / "other")).returncode == 2


def test_choice_can_be_made_by_hand(host):
    host.tool("python3", "exit 1")
    out = host.run("exec", "true", LIFACE_ENV="current")
    assert out.returncode == 2
    assert "LIFACE_ENV=current, but" in out.stderr
    host.tool("python3", "exit 0")
    assert host.run("exec", "true", LIFACE_ENV="current").returncode == 0
    out = host.run("exec", "true", LIFACE_ENV="nonsense")
    assert out.returncode == 2
    assert "nonsense" in out.stderr


def test_second_lane_is_a_root_of_its_own(host):
    host.debian()
    out = host.run("exec", "true", LIFACE_SUITE="sid")
    assert out.returncode == 2
    assert "cannot get Debian sid" in out.stderr
    out = host.run("exec", "true", LIFACE_SUITE="bookworm")
    assert out.returncode == 2
    assert "LIFACE_SUITE is 'bookworm'; it may be trixie or sid" in out.stderr
    roots = {
        host.run("exec", "true", LIFACE_ENV="root", LIFACE_SUITE=s).stderr for s in ("", "sid")
    }
    assert len(roots) == 2


CONDA = """
echo call >>"$HOME/calls"
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/bin" "$2/etc/conda/activate.d"
echo 'export ACTIVATED=yes' >"$2/etc/conda/activate.d/a.sh"
"""


def test_conda_environment_is_made_once(host, tmp_path):
    host.tool("micromamba", CONDA)
    for _ in range(2):
        out = host.run("exec", "sh", "-c", 'echo "$LIFACE_INSIDE $ACTIVATED"; exit 3')
        assert out.stdout.strip() == "conda yes", out.stderr
        assert out.returncode == 3
    assert (tmp_path / "calls").read_text() == "call\n"


@pytest.mark.parametrize("works", [True, False])
def test_current_python_with_dolfinx_comes_before_what_was_made(host, tmp_path, works):
    host.tool("micromamba", CONDA)
    supported = conda()["fenics-dolfinx"].lstrip("=")
    site = tmp_path / "lib/python3.13/site-packages"  # of the Python in tmp_path/bin

    def chosen() -> str:
        return host.run("exec", "sh", "-c", "echo $LIFACE_INSIDE").stdout.strip()

    assert chosen() == "conda"
    (site / f"fenics_dolfinx-{supported}.0.dist-info").mkdir(parents=True)
    host.tool("python3", f"exit {0 if works else 1}")
    assert chosen() == ("current" if works else "conda")


def test_failed_conda_environment_is_removed(host):
    host.tool("micromamba", CONDA + "exit 1")
    out = host.run("exec", "true")
    assert out.returncode == 2
    assert "micromamba could not make" in out.stderr
    assert host.left() == []


def test_no_network(host):
    host.debian()
    out = host.run("exec", "true", LIFACE_ENV="root")
    assert out.returncode == 2
    assert "no network" in out.stderr
    assert host.left() == []


def test_no_disk(host):
    host.debian()
    host.tool("df", "echo head; echo dev 1 1 2000000 1 /")
    out = host.run("exec", "true", LIFACE_ENV="root")
    assert out.returncode == 2
    assert "not enough disk: 1 GB free" in out.stderr
    assert host.left() == []


def test_no_right_to_make_namespaces(host):
    host.debian()
    host.tool("unshare", "exit 1")
    out = host.run("exec", "true", LIFACE_ENV="root")
    assert out.returncode == 2
    assert "cannot build the Debian root" in out.stderr


def test_cache_folder_that_cannot_be_written(host):
    host.debian()
    out = host.run("exec", "true", LIFACE_ENV="root", XDG_CACHE_HOME="/proc/nothing")
    assert out.returncode == 2
    assert "cannot write to the cache folder" in out.stderr
    out = host.run("exec", "true", LIFACE_ENV="root", XDG_CACHE_HOME="", HOME="")
    assert "HOME is not set" in out.stderr


def test_ranks_started_outside_are_refused_for_the_root(host):
    host.debian()
    out = host.run("exec", "true", LIFACE_ENV="root", OMPI_COMM_WORLD_SIZE="2")
    assert out.returncode == 2
    assert "-n N" in out.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_build_leaves_nothing(host, tmp_path, number, status):
    host.debian()
    # the download hangs in a process that ignores what it can
    host.tool("apt-get", 'trap "" INT; echo $$ >"$HOME/pid"; sleep 60')
    with subprocess.Popen(
        [LAUNCHER, "exec", "true"],
        env={**host.env, "LIFACE_ENV": "root"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        for _ in range(100):
            if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
                break
            time.sleep(0.05)
        builder = int((tmp_path / "pid").read_text())
        os.killpg(process.pid, number)
        assert process.wait(20) == status
    assert not Path(f"/proc/{builder}").exists()
    assert host.left() in ([], ["debs"])


def test_second_start_waits_for_the_first(host, tmp_path):
    host.debian()
    (host.cache / "liface").mkdir(parents=True)
    lock = host.cache / "liface/lock"
    with subprocess.Popen(["flock", lock, "sleep", "1"]):
        time.sleep(0.3)
        out = host.run("exec", "true", LIFACE_ENV="root")
    assert "waiting for it" in out.stderr
    assert "no network" in out.stderr  # its own turn came
