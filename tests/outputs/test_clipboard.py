"""The clipboard, where there is none: with one it is tested in the real window."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from camdigits.errors import OutputError
from camdigits.outputs.clipboard import copy_text


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is always a clipboard here")
def test_where_there_is_no_clipboard_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(OutputError, match=r"2021 is not copied: .*install xclip"):
        copy_text("2021")
