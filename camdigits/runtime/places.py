"""Places of a user's own files: each platform has its folders for settings and for data."""

from __future__ import annotations

from pathlib import Path

APP = "camdigits"
"""The app's name in paths."""
SETTINGS_FILE = f"{APP}.toml"
"""Name of the settings file."""


def settings_path() -> Path:
    """Return the default settings file, which need not exist."""
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False) / SETTINGS_FILE


def data_folder() -> Path:
    """Return the folder of the user's corrections and what was learnt from them, which need not exist. Nothing in it is ever
    sent anywhere."""
    from platformdirs import user_data_path

    return user_data_path(APP, appauthor=False)
