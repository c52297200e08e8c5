"""Where a user's own files lie: each platform has its folders for settings and for data."""

from __future__ import annotations

from pathlib import Path

APP = "camdigits"
SETTINGS_FILE = f"{APP}.toml"


def settings_path() -> Path:
    """The settings file that is read when none is named; it need not be there."""
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False) / SETTINGS_FILE


def data_folder() -> Path:
    """Where what the user said and what was learnt of it is kept; it need not be there. Nothing of it is ever sent anywhere."""
    from platformdirs import user_data_path

    return user_data_path(APP, appauthor=False)
