"""The wheel carries all that the app needs and nothing that training needs; the sdist builds the same wheel."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

import camdigits
from camdigits.runtime.models import BUNDLED

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TRAINING = {"train", "tensorflow", "matplotlib", "h5py"}


def build(kind: str, source: Path, out: Path) -> Path:
    """Build the `kind` ("wheel" or "sdist") of `source` with the backend that is installed here: nothing is fetched."""
    pytest.importorskip("hatchling", reason="the build backend is not here: it is in the extra dev")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(out)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("camdigits-*.whl" if kind == "wheel" else "camdigits-*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of this checkout, unpacked."""
    out = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build("sdist", ROOT, out)) as archive:
        # What Python 3.11.4 brought, by a way that older ones pass over.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(out)
    (unpacked,) = (path for path in out.iterdir() if path.is_dir())
    return unpacked


def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


@pytest.mark.parametrize("network", BUNDLED.values())
def test_the_networks_are_in_it_with_their_cards(wheel: zipfile.ZipFile, network: str) -> None:
    name = f"camdigits/models/{network}"
    card = f"{name.removesuffix('.tflite')}.json"
    assert {name, card} <= set(wheel.namelist())
    assert wheel.read(name) == (ROOT / "models" / network).read_bytes()
    assert json.loads(wheel.read(card))["files"][network]["bytes"] == wheel.getinfo(name).file_size


def test_of_files_that_are_no_modules_only_these_are_in_it(wheel: zipfile.ZipFile) -> None:
    package = {name for name in wheel.namelist() if name.startswith("camdigits/") and not name.endswith(".py")}
    networks = {
        f"camdigits/models/{Path(network).with_suffix(kind)}"
        for network in (*BUNDLED.values(), "finder.tflite")
        for kind in (".tflite", ".json")
    }
    assert package == {"camdigits/assets/demo.mp4", "camdigits/assets/glyphs.npz", "camdigits/py.typed"} | networks


def test_every_module_is_in_it_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if name.endswith(".py")}
    assert packed == {path.relative_to(ROOT).as_posix() for path in (ROOT / "camdigits").rglob("*.py")}
    assert {name.split("/")[0].split("-")[0] for name in wheel.namelist()} == {"camdigits"}


def test_it_stays_small(wheel: zipfile.ZipFile) -> None:
    assert wheel.filename is not None
    assert Path(wheel.filename).stat().st_size < 8e6


def test_the_command_is_in_it(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "camdigits = camdigits.cli:main" in wheel.read(entry_points).decode()


def test_its_modules_import_nothing_of_training(wheel: zipfile.ZipFile) -> None:
    found = {
        (name, module)
        for name in wheel.namelist()
        if name.endswith(".py")
        for module in _imports(wheel.read(name).decode())
        if module.split(".")[0] in TRAINING
    }
    assert found == set()


def test_plain_dependencies_leave_training_to_its_extra(wheel: zipfile.ZipFile) -> None:
    required = [re.split(r"(?![\w.-])", line, maxsplit=1) for line in metadata(wheel).get_all("Requires-Dist", [])]
    plain = {name for name, condition in required if "extra ==" not in condition}
    assert {"numpy", "opencv-python", "ai-edge-litert"} <= plain
    assert not plain & {"tensorflow", "keras", "matplotlib"}
    assert {"tensorflow", "keras"} <= {name for name, condition in required if "extra == 'train'" in condition}


def test_it_tells_who_it_is_and_every_python_it_runs_on(wheel: zipfile.ZipFile) -> None:
    details = metadata(wheel)
    assert (details["Name"], details["Version"], details["License-Expression"]) == ("camdigits", PROJECT["version"], "MIT")
    least, beyond = (int(minor) for minor in re.findall(r"3\.(\d+)", PROJECT["requires-python"]))
    pythons = re.findall(r"Python :: 3\.(\d+)", "\n".join(details.get_all("Classifier", [])))
    assert [int(minor) for minor in pythons] == list(range(least, beyond))


def test_the_version_stands_in_one_place() -> None:
    assert camdigits.__version__ == PROJECT["version"]


def test_the_version_is_looked_up_only_when_it_is_asked_for() -> None:
    script = (
        "import sys; before = set(sys.modules); import camdigits; loaded = set(sys.modules) - before\n"
        "print('importlib.metadata' in loaded, '__version__' in dir(camdigits), camdigits.__version__)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", PROJECT["version"]]


def test_the_sdist_builds_the_same_wheel(wheel: zipfile.ZipFile, sdist: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(build("wheel", sdist, tmp_path)) as again:
        assert {name: again.read(name) for name in again.namelist()} == {name: wheel.read(name) for name in wheel.namelist()}


def test_the_sdist_has_the_tests_and_none_of_the_pictures_of_the_docs(sdist: Path) -> None:
    assert (sdist / "tests" / "fixtures" / "truth.json").is_file()
    assert not (sdist / "docs" / "images").exists()
    assert (sdist / "mkdocs.yml").is_file()


def test_what_lies_about_in_a_checkout_stays_out_of_the_sdist(sdist: Path, tmp_path: Path) -> None:
    (sdist / "pages").mkdir()
    (sdist / "pages" / "rendered.jpg").write_bytes(b"a page")
    (sdist / "report.html").write_text("a report", encoding="utf-8")
    with tarfile.open(build("sdist", sdist, tmp_path)) as archive:
        assert not [name for name in archive.getnames() if name.endswith(("rendered.jpg", "report.html"))]


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
