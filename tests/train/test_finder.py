"""What the finder learns by."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import SameProcess
from train.pages import write_pages
from train.tiles import Targets, targets_of

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("keras") is None or importlib.util.find_spec("matplotlib") is None,
        reason="training needs the extra `train`",
    ),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # TensorFlow under NumPy 2
]


@pytest.fixture(scope="module")
def wanted() -> Targets:
    """What is to be found on a tile with a 4 and a 9."""
    boxes = np.array([(50, 60, 12, 20), (120, 100, 14, 18)], np.float32)
    heat, weight, label, size = targets_of(boxes, np.array([4, 9]))
    return Targets(heat[None], weight[None], label[None], size[None])


def maps_for(wanted: Targets, right: float = 6.0) -> np.ndarray:
    """The maps of a finder that knows."""
    maps = np.zeros((*wanted.heat.shape, 13), np.float32)
    maps[..., 0] = np.where(wanted.heat == 1, right, -right)
    maps[..., 1:11] = 8 * (wanted.label[..., None] == np.arange(10))
    maps[..., 11:] = wanted.size
    return maps


def loss_of(wanted: Targets, maps: np.ndarray) -> float:
    from train.finder import as_answers, finder_loss

    return float(finder_loss(as_answers(wanted), maps))


def test_the_loss_of_right_maps_is_next_to_nothing_and_every_mistake_costs(wanted: Targets) -> None:
    right = maps_for(wanted)
    assert loss_of(wanted, right) < 0.1
    centre = np.argwhere(wanted.heat == 1)[0]
    missed, false, named, sized = (right.copy() for _ in range(4))
    missed[(*centre, 0)] = -6
    false[0, 5, 5, 0] = 6
    named[..., 1:11] = named[..., 1:11][..., ::-1]
    sized[..., 11] += 1
    for wrong in (missed, false, named, sized):
        assert loss_of(wanted, wrong) > loss_of(wanted, right) + 0.2


def test_what_is_not_asked_costs_nothing(wanted: Targets) -> None:
    weight = wanted.weight.copy()
    weight[0, :10, :10] = 0
    maps = maps_for(wanted)
    maps[0, 5, 5, 0] = 6
    assert loss_of(wanted._replace(weight=weight), maps) == pytest.approx(loss_of(wanted, maps_for(wanted)), abs=1e-3)


def test_a_finder_is_trained_resumed_and_exported_from_rendered_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from camdigits.runtime.models import ModelCard, file_entry, load_finder
    from train import export, finder, fit

    write_pages(tmp_path / "pages", 20, 3)
    monkeypatch.setattr(finder, "TILES_PER_EPOCH", 32)
    monkeypatch.setattr(finder, "MEASURED_TILES", 4)
    monkeypatch.setattr(fit, "RECIPES", {"finder": replace(fit.RECIPES["finder"], epochs=1, further_epochs=1)})
    monkeypatch.setattr(export, "CALIBRATION_TILES", 4)
    models, runs = tmp_path / "models", tmp_path / "runs"
    pages = ["--pages", str(tmp_path / "pages")]
    command = ["--recipe", "finder", *pages, "--models", str(models), "--runs", str(runs)]
    monkeypatch.setattr(finder, "ProcessPoolExecutor", SameProcess)
    for resume in ([], ["--resume"]):
        result = CliRunner().invoke(fit.main, [*command, *resume], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    card = ModelCard.read(models / "finder.json")
    assert (card.training["runs"], card.training["epochs"]) == (2, 2)
    assert card.parameters < 600_000
    assert (runs / "finder" / "learning_curves.png").stat().st_size > 1000

    result = CliRunner().invoke(export.main, ["--model", str(models / "finder.keras"), *pages], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    path = models / "finder.tflite"
    assert path.stat().st_size < 1e6
    assert ModelCard.read(models / "finder.json").files[path.name] == file_entry(path)
    picture = np.random.default_rng(0).random((64, 96)).astype(np.float32)
    assert load_finder(path)(picture).shape == (16, 24, 13)


def test_without_pages_the_finder_cannot_be_trained(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from train import fit

    result = CliRunner().invoke(fit.main, ["--recipe", "finder", "--models", str(tmp_path), "--runs", str(tmp_path)])
    assert result.exit_code == 2
    assert "--pages" in result.output
