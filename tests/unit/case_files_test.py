"""Files and folders that are no case, output that can't be written, words that make no sense."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import pytest

from solver.__main__ import main
from solver.gathering import split_options

TOP = Path(__file__).parent.parent.parent
GOOD = TOP / "tests" / "bad_cases" / "_good.toml"
WRITTEN = sorted(path for path in (TOP / "tests" / "bad_cases").glob("[!_]*.toml"))
NOBODY = 65534


def liface(*words: object, **how: object) -> subprocess.CompletedProcess[str]:
    """Runs the program in a process of its own, as from a shell."""
    command = [sys.executable, "-m", "solver", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(TOP), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment, **how
    )


def one_line(text: str, *words: str) -> None:
    """Asserts that the text is one line without traceback that has the words."""
    assert len(text.splitlines()) == 1, text
    assert "Traceback" not in text
    for word in words:
        assert word in text, text


# what is wrong, how the file is made, words of the message
FILES = [
    ("missing", lambda path: None, "no such file"),
    ("folder", lambda path: path.mkdir(), "a folder without a case"),
    ("garbage of 10 MB", lambda path: path.write_bytes(os.urandom(10_000_000)), "larger than 1 MB"),
    ("text of 10 MB", lambda path: path.write_text("a = 1\n" * 1_700_000), "larger than 1 MB"),
    ("garbage", lambda path: path.write_bytes(bytes(range(255, 0, -1))), "UTF-8"),
    ("Latin 1", lambda path: path.write_bytes(b'title = "Ni\xf1o"'), "0xf1 in line 1"),
    ("UTF-16", lambda path: path.write_text('title = "x"', encoding="utf-16"), "UTF-8"),
    ("zeros", lambda path: path.write_bytes(bytes(1000)), "not TOML"),
    ("no TOML", lambda path: path.write_text("<html>\n"), "line 1"),
    ("key twice", lambda path: path.write_text('title = "x"\ntitle = "y"\n'), "line 2"),
    ("open text", lambda path: path.write_text('title = "x\n'), "not TOML"),
    ("deep list", lambda path: path.write_text("a = " + "[" * 3000), "nested too deeply"),
    ("deep list of lines", lambda path: path.write_text("a = " + "[\n" * 90000), "too deeply"),
    ("deep table", lambda path: path.write_text("a = " + "{a=" * 20 + "1" + "}" * 20), "deeply"),
    ("deep key", lambda path: path.write_text("a." * 1900 + "a = 1"), "nested too deeply"),
    ("long line", lambda path: path.write_text("#" * 5000), "line 1 with 5000 characters"),
    ("pipe", lambda path: os.mkfifo(path), "a pipe, socket or device"),
    ("device", lambda path: path.symlink_to("/dev/zero"), "a pipe, socket or device"),
    ("link to nothing", lambda path: path.symlink_to("nowhere"), "no such file"),
    ("link to itself", lambda path: path.symlink_to(path.name), "can't be read"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), [row[1:] for row in FILES], ids=[r[0] for r in FILES])
@pytest.mark.parametrize("command", ["run", "check", "mesh"])
def test_what_is_no_case_is_told_in_one_line(tmp_path, capsys, monkeypatch, command, make, words):
    path = tmp_path / "case.toml"
    make(path)
    monkeypatch.chdir(tmp_path)
    begin = time.perf_counter()
    assert main([command, str(path)]) == 2
    assert time.perf_counter() - begin < 20.0
    printed = capsys.readouterr()
    assert printed.out == ""
    if command == "mesh" and path.is_dir():
        words = "a folder"
    one_line(printed.err, "case.toml: ", words)
    assert sorted(tmp_path.iterdir()) == [path] * os.path.lexists(path)


def test_an_empty_file_misses_what_every_case_needs(tmp_path, capsys):
    path = tmp_path / "case.toml"
    path.touch()
    assert main(["check", str(path)]) == 2
    keys = [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()]
    assert keys == ["title", "geometry"]


def test_a_mark_of_byte_order_is_skipped(tmp_path, capsys):
    path = tmp_path / "case.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.read_bytes())
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == "1 case(s) ok\n"


def test_thousands_of_unknown_keys_end_with_a_count(tmp_path, capsys):
    path = tmp_path / "case.toml"
    path.write_text("".join(f"key{n} = 1\n" for n in range(50_000)) + GOOD.read_text("utf-8"))
    begin = time.perf_counter()
    assert main(["check", str(path)]) == 2
    assert time.perf_counter() - begin < 60.0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 51
    assert lines[-1].endswith("more faults")


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_written_cases_have_the_faults_that_their_comments_announce(path, capsys):
    """Lines "# fault: key | words" of the file name its faults."""
    assert main(["check", str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    text = path.read_text(encoding="utf-8")
    announced = [
        line.removeprefix("# fault: ").split(" | ")
        for line in text.splitlines()
        if line.startswith("# fault: ")
    ]
    assert announced
    for key, words in announced:
        told = [line for line in lines if line.split(": ")[1].split(" = ")[0] == key]
        assert len(told) == 1, (key, lines)
        assert words in told[0]
    assert len(lines) == len(announced), lines


def test_a_link_that_leads_out_of_the_folder_is_no_base(tmp_path, capsys):
    inner = tmp_path / "inner"
    inner.mkdir()
    shutil.copy(GOOD, tmp_path / "other.toml")
    (inner / "other.toml").symlink_to(tmp_path / "other.toml")
    (inner / "case.toml").write_text('base = "other.toml"\ntitle = "x"\n', encoding="utf-8")
    assert main(["check", str(inner / "case.toml")]) == 2
    one_line(capsys.readouterr().err, 'base = "other.toml"', "also behind links")


def test_a_pipe_is_no_base(tmp_path, capsys):
    os.mkfifo(tmp_path / "other.toml")
    (tmp_path / "case.toml").write_text('base = "other.toml"\ntitle = "x"\n', encoding="utf-8")
    assert main(["check", str(tmp_path / "case.toml")]) == 2
    one_line(capsys.readouterr().err, "other.toml: a pipe, socket or device")


# --- folders of cases


def test_a_folder_stands_for_its_cases_but_not_for_bases(tmp_path, capsys):
    for name in ("b.toml", "a.toml", "_base.toml", "notes.txt"):
        shutil.copy(GOOD, tmp_path / name)
    (tmp_path / "sub").mkdir()
    shutil.copy(GOOD, tmp_path / "sub" / "c.toml")
    assert main(["check", str(tmp_path), str(tmp_path / "a.toml")]) == 0
    assert capsys.readouterr().out == "2 case(s) ok\n"
    assert main(["check", str(tmp_path / "_base.toml")]) == 0
    assert capsys.readouterr().out == "1 case(s) ok\n"


def test_faults_of_all_files_are_told(tmp_path, capsys):
    (tmp_path / "a.toml").write_text("x", encoding="utf-8")
    (tmp_path / "b.toml").write_text("y", encoding="utf-8")
    assert main(["run", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [Path(line.split(": ")[0]).name for line in lines] == ["a.toml", "b.toml"]


# --- output that can't be written


def a_file(folder: Path) -> Path:
    path = folder / "file"
    path.write_text("kept", encoding="utf-8")
    return path


OUTPUTS = [
    ("a file", a_file),
    ("below a file", lambda folder: a_file(folder) / "out"),
    ("below no folder can be", lambda folder: Path("/proc/self/out")),
    ("a name too long", lambda folder: folder / ("x" * 300)),
    ("no name", lambda folder: folder / "a\0b"),
]


@pytest.mark.parametrize("make", [row[1] for row in OUTPUTS], ids=[row[0] for row in OUTPUTS])
@pytest.mark.parametrize("command", ["run", "mesh"])
def test_output_that_cannot_be_written_fails_before_anything_is_solved(
    tmp_path, capsys, command, make
):
    out = make(tmp_path)
    assert main([command, str(GOOD), "--out", str(out)]) == 1
    one_line(capsys.readouterr().err, "the output folder can't be written")
    assert [path.read_text() for path in tmp_path.iterdir()] in ([], ["kept"])


@pytest.fixture
def open_folder():
    """A folder that everyone may read, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def as_nobody() -> dict[str, int]:
    """How to run a process without the rights of root."""
    if os.geteuid() != 0:
        return {}
    if liface("--help", user=NOBODY, group=NOBODY, cwd="/").returncode != 0:
        pytest.skip("the program can't be run by another user here")
    return {"user": NOBODY, "group": NOBODY}


def test_no_permission_to_read(open_folder):
    path = open_folder / "case.toml"
    shutil.copy(GOOD, path)
    path.chmod(0o000)
    how = as_nobody()
    done = liface("check", path, cwd="/", **how)
    assert done.returncode == 2
    one_line(done.stderr, "can't be read (Permission denied)")
    path.chmod(0o644)
    assert liface("check", path, cwd="/", **how).returncode == 0
    open_folder.chmod(0o000)
    done = liface("check", open_folder, cwd="/", **how)
    assert done.returncode == 2
    one_line(done.stderr, "can't be read (Permission denied)")
    open_folder.chmod(0o755)


def test_no_permission_to_write(open_folder):
    path = open_folder / "case.toml"
    shutil.copy(GOOD, path)
    path.chmod(0o644)
    open_folder.chmod(0o555)
    for out in (open_folder / "out", open_folder):
        done = liface("run", path, "--out", out, cwd="/", **as_nobody())
        assert done.returncode == 1
        one_line(done.stderr, "the output folder can't be written (Permission denied)")
    open_folder.chmod(0o755)
    assert sorted(open_folder.iterdir()) == [path]


# --- the command line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["rum", "x.toml"], "'run'"),
        (["run", "x.toml", "--outt", "y"], "--outt"),
        (["run", "x.toml", "--out"], "--out"),
        (["check", "-q", "x.toml"], "-q"),
        (["mesh", "a.toml", "b.toml"], "b.toml"),
        (["--verbose"], "--verbose"),
        (["check", "a\0b"], "can't be read"),
        (["check", "\n"], "no such file"),
        (["check", ""], ""),
        (["check", "x" * 5000], "can't be read"),
    ],
)
def test_words_that_make_no_sense(capsys, monkeypatch, tmp_path, words, told):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    one_line(printed.err, told)


@pytest.mark.parametrize("command", ["run", "check", "mesh"])
def test_a_command_without_a_path_shows_its_help(capsys, command):
    assert main([command]) == 2
    printed = capsys.readouterr()
    assert printed.out.startswith(f"Usage: liface {command} ")
    one_line(printed.err, "path")


def test_version(capsys):
    assert main(["--version"]) == 0
    declared = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert capsys.readouterr().out == f"liface {declared}\n"


def test_help_names_the_commands(capsys):
    assert main([]) == 0
    said = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert said == capsys.readouterr().out
    assert all(f"  {name} " in said for name in ("run", "check", "mesh", "schema"))


def test_options_of_petsc_are_kept_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()

    def apart(text: str) -> tuple[str, str]:
        ours, petsc = split_options(text.split())
        return " ".join(ours), " ".join(petsc)

    assert apart("run a.toml -ksp_view") == ("run a.toml", "-ksp_view")
    assert apart("run -ksp_view a.toml") == ("run a.toml", "-ksp_view")
    assert apart("run -ksp_view folder") == ("run folder", "-ksp_view")
    assert apart("run a.toml -pc_type lu --out x") == ("run a.toml --out x", "-pc_type lu")
    assert apart("run -ksp_rtol 1e-3 a.toml") == ("run a.toml", "-ksp_rtol 1e-3")
    assert apart("run -ksp_rtol -1 a.toml") == ("run a.toml", "-ksp_rtol -1")
    assert apart("run a.toml -- -ksp_view x.toml") == ("run a.toml", "-ksp_view x.toml")
    assert apart("check -ksp_view a.toml") == ("check -ksp_view a.toml", "")


def test_an_unexpected_error_is_one_line_with_a_log(tmp_path, capsys, monkeypatch):
    def broken(path: object, **_: object) -> None:
        raise RuntimeError(f"broken\nat {path}")

    monkeypatch.setattr("solver.__main__.load_case", broken)
    assert main(["run", str(GOOD), "--out", str(tmp_path)]) == 1
    one_line(capsys.readouterr().err, "internal error: RuntimeError: broken", "error.log")
    log = (tmp_path / "error.log").read_text(encoding="utf-8")
    assert "Traceback" in log and "broken" in log
    assert main(["check", str(GOOD)]) == 1
    said = capsys.readouterr().err
    one_line(said, "internal error")
    kept = Path(said.split("(log: ")[1].rstrip(")\n"))
    assert "Traceback" in kept.read_text(encoding="utf-8")
    kept.unlink()


# --- in a process of its own


def test_the_program_itself(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(GOOD.read_text("utf-8").replace("[regions.film]", "[regions.flim]"))
    done = liface("run", path, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "out").exists()
    done = liface("check", GOOD)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 case(s) ok\n", "")


def test_checking_needs_neither_the_solver_nor_gmsh():
    code = (
        "import sys; from solver.__main__ import main; status = main(sys.argv[1:]);"
        "heavy = {'dolfinx', 'petsc4py', 'mpi4py', 'gmsh', 'pyvista', 'meshio'} & set(sys.modules);"
        "sys.exit(f'{status} {heavy}' if status or heavy else 0)"
    )
    command = [sys.executable, "-c", code, "check", str(GOOD)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=TOP)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="there is no mpirun")
def test_two_ranks_tell_a_fault_once(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(GOOD.read_text("utf-8").replace("[regions.film]", "[regions.flim]"))
    for words, status, out, err in (
        (["run", path], 2, 0, 2),
        (["check", GOOD], 0, 1, 0),
        (["run"], 2, len(liface("run").stdout.splitlines()), 1),
        (["--version"], 0, 1, 0),
    ):
        command = ["mpirun", "-n", "2", sys.executable, "-m", "solver", *map(str, words)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, cwd=TOP
        )
        assert done.returncode == status
        # mpirun adds its own words about a status that is not 0
        lines = [
            line for line in done.stderr.splitlines() if line.startswith((str(path), "liface:"))
        ]
        assert (len(done.stdout.splitlines()), len(lines)) == (out, err), done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="there is no mpirun")
@pytest.mark.parametrize(
    ("words", "status", "lines"),
    [(["check", "CASE"], 2, 2), (["run"], 2, 1), (["check", GOOD], 0, 0)],
)
def test_the_launcher_finds_the_status_of_ranks_and_mpirun_is_silent(
    words, status, lines, tmp_path
):
    path = tmp_path / "case.toml"
    path.write_text(GOOD.read_text("utf-8").replace("[regions.film]", "[regions.flim]"))
    left = tmp_path / "status"
    left.touch()
    done = subprocess.run(
        ["mpirun", "-n", "2", sys.executable, "-m", "mpi4py", "-m", "solver"]
        + [str(path if word == "CASE" else word) for word in words],
        capture_output=True, text=True, timeout=120, check=False, cwd=TOP,
        env={**os.environ, "LIFACE_STATUS": str(left)},
    )  # fmt: skip
    assert done.returncode == 0
    assert int(left.read_text() or "0") == status
    assert len(done.stderr.splitlines()) == lines, done.stderr
