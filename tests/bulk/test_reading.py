from __future__ import annotations

from typing import Any

import cv2
import pytest

from camdigits.bulk.reading import Failed, read_source
from camdigits.sources import kinds
from tests.fakes import opencv_error

NOT_ASKED: Any = None
"""In place of a recognizer: no frame comes so far."""


@pytest.mark.parametrize("error", [MemoryError("Unable to allocate 1.1 GiB"), opencv_error(cv2.Error.STS_NO_MEM)])
def test_a_source_for_which_there_is_too_little_memory_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(kinds, "open_source", fail)
    (event,) = read_source("page.png", NOT_ASKED, 1)
    assert isinstance(event, Failed)
    assert event.text.startswith("page.png: passed over, there is too little memory")


def test_other_errors_of_opencv_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise opencv_error(cv2.Error.STS_ASSERT)

    monkeypatch.setattr(kinds, "open_source", fail)
    with pytest.raises(cv2.error):
        list(read_source("page.png", NOT_ASKED, 1))
