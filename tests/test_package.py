"""The wheel carries all that reading needs, and nothing that training needs."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from camdigits.devices.models import BUNDLED

ROOT = Path(__file__).resolve().parent.parent
BUILDERS = (
    (["uv"], ["build", "--wheel", "--out-dir"]),
    ([sys.executable, "-m", "build"], ["--wheel", "--outdir"]),
    ([sys.executable, "-m", "pip"], ["wheel", "--no-deps", "--wheel-dir"]),
)
UNREACHABLE = re.compile(
    r"failed to fetch|error sending request|connection|could not find a version|dns|offline", re.IGNORECASE
)
TRAINING = {"train", "tensorflow", "matplotlib", "h5py"}


def builder() -> list[str]:
    """The first builder that is here, up to the option that takes the folder."""
    for program, arguments in BUILDERS:
        if (
            shutil.which(program[0])
            and not subprocess.run([*program, "--version"], capture_output=True, check=False).returncode
        ):
            return [*program, *arguments]
    pytest.skip("neither uv, build nor pip is here to build a wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    out = tmp_path_factory.mktemp("wheel")
    done = subprocess.run([*builder(), str(out), str(ROOT)], cwd=out, capture_output=True, text=True, check=False)
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip("the build backend cannot be fetched: no network")
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("camdigits-*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


@pytest.mark.parametrize("network", BUNDLED.values())
def test_the_networks_are_in_it_with_their_cards(wheel: zipfile.ZipFile, network: str) -> None:
    name = f"camdigits/models/{network}"
    card = f"{name.removesuffix('.tflite')}.json"
    assert {name, card} <= set(wheel.namelist())
    assert wheel.read(name) == (ROOT / "models" / network).read_bytes()
    assert json.loads(wheel.read(card))["files"][network]["bytes"] == wheel.getinfo(name).file_size


def test_the_demo_and_the_types_are_in_it(wheel: zipfile.ZipFile) -> None:
    assert {"camdigits/assets/demo.mp4", "camdigits/py.typed"} <= set(wheel.namelist())


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
    (metadata,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    required = re.findall(r"^Requires-Dist: ([\w.-]+)([^\n]*)$", wheel.read(metadata).decode(), re.MULTILINE)
    plain = {name for name, condition in required if "extra ==" not in condition}
    assert {"numpy", "opencv-python", "ai-edge-litert"} <= plain
    assert not plain & {"tensorflow", "keras", "matplotlib"}
    assert {"tensorflow", "keras"} <= {name for name, condition in required if "extra == 'train'" in condition}


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
