"""The diagram in the docstring of `camdigits` is the path that a picture takes by default."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from pathlib import Path
from types import CodeType, FrameType, FunctionType

import pytest

import camdigits
from camdigits import vision

PICTURE = Path(__file__).parent / "fixtures" / "paper.jpg"


def names_of(docstring: str) -> tuple[list[str], list[str]]:
    """The functions and the types of the diagram, each in its order."""
    (diagram,) = re.findall(r"^    Frame -> .*(?:\n     .*)*", docstring, re.MULTILINE)
    words = re.findall(r"\w+", re.sub(r"\(.*?\)", "", diagram))
    return [word for word in words if word.islower()], [word for word in words if not word.islower()]


FUNCTIONS, TYPES = names_of(camdigits.__doc__ or "")


def public() -> dict[str, object]:
    """What the modules of `camdigits.vision` define, by name."""
    modules = [importlib.import_module(f"{vision.__name__}.{module.name}") for module in pkgutil.iter_modules(vision.__path__)]
    return {name: value for module in modules for name, value in vars(module).items() if not name.startswith("_")}


@pytest.fixture(scope="module")
def called() -> list[CodeType]:
    """The code of the functions that read a picture, in the order of their first calls."""
    recognizer = camdigits.Recognizer()
    first_calls: dict[CodeType, None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            first_calls.setdefault(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        recognizer.recognize(PICTURE)
    finally:
        sys.setprofile(before)
    return list(first_calls)


def test_the_diagram_begins_with_a_frame_and_ends_with_a_scene() -> None:
    assert len(FUNCTIONS) > 10
    assert (TYPES[0], TYPES[-1]) == ("Frame", "Scene")


@pytest.mark.parametrize("name", dict.fromkeys([*FUNCTIONS, *TYPES]))
def test_each_name_of_the_diagram_is_one_of_vision(name: str) -> None:
    assert name in public()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_of_the_diagram_is_called(called: list[CodeType], name: str) -> None:
    function = public()[name]
    assert isinstance(function, FunctionType)
    assert function.__code__ in called


def test_the_functions_are_called_in_the_order_of_the_diagram(called: list[CodeType]) -> None:
    codes = {function.__code__: name for name, function in public().items() if isinstance(function, FunctionType)}
    assert [codes[code] for code in called if codes.get(code) in FUNCTIONS] == FUNCTIONS


def test_names_are_told_apart() -> None:
    assert names_of("x\n\n    Frame -> see (the eye), weigh -> Box*\n          -> Scene\n\nmore") == (
        ["see", "weigh"],
        ["Frame", "Box", "Scene"],
    )
