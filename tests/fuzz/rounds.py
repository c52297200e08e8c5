"""How long is fuzzed: the same few examples each time, or new ones for `CAMDIGITS_FUZZ_MINUTES`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

MINUTES = float(os.environ.get("CAMDIGITS_FUZZ_MINUTES", "0"))
"""For how many minutes all fuzz tests together look for something new; 0 for one round of what is always the same."""


def fuzzing(examples: int) -> settings:
    """The settings of a fuzz test of so many examples a round. Not a profile: that would hold for all other tests as well."""
    unhurried = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(
        max_examples=examples, deadline=None, derandomize=not MINUTES, print_blob=True, suppress_health_check=unhurried
    )
