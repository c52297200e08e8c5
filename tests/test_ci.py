"""The workflow of continuous integration runs what the README says, on all that the project says it runs on."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
JOBS = WORKFLOW["jobs"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SYSTEMS = ["ubuntu-latest", "macos-latest", "windows-latest"]


def commands(job: str) -> list[str]:
    return [line.strip() for step in JOBS[job]["steps"] for line in step.get("run", "").splitlines()]


def test_it_runs_the_test_command_of_the_readme() -> None:
    (test,) = re.findall(r"\*\*Test it\*\*[^\n]*\n\n    ([^\n]+)\n", README)
    assert test in commands("test")
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert test in lines
    assert f"{test} -m long" in lines


def test_it_tests_and_installs_on_every_python_and_system_that_is_promised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    for job in ("test", "install"):
        assert JOBS[job]["strategy"]["matrix"] == {"os": SYSTEMS, "python": promised}
    assert f"Python {promised[0]} to {promised[-1]} on " in README


def test_it_lints_on_the_oldest_and_the_newest_python() -> None:
    pythons = JOBS["test"]["strategy"]["matrix"]["python"]
    (lint,) = (step for step in JOBS["test"]["steps"] if "make lint" in step.get("run", ""))
    assert re.findall(r"matrix\.python == '(3\.\d+)'", lint["if"]) == [pythons[0], pythons[-1]]


def test_the_window_tests_have_what_they_need_on_linux() -> None:
    (listed,) = re.findall(r"^packages=\((.*)\)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    (installed,) = (shlex.split(line) for line in commands("test") if "apt-get install" in line)
    assert set(listed.split()) <= set(installed)


def test_it_builds_the_documentation_with_warnings_as_errors_and_keeps_it() -> None:
    assert "uv run --extra docs make docs" in commands("docs")
    assert "mkdocs build --strict" in (ROOT / "Makefile").read_text(encoding="utf-8")
    (kept,) = (step["with"] for step in JOBS["docs"]["steps"] if step.get("uses", "").startswith("actions/upload-artifact@"))
    assert kept == {"name": "site", "path": "site/", "if-no-files-found": "error"}


def test_it_may_only_read_but_where_it_publishes_a_tag() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    asking = {name: job["permissions"] for name, job in JOBS.items() if "permissions" in job}
    assert asking == {"publish": {"id-token": "write"}}
    assert JOBS["publish"]["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert set(JOBS["publish"]["needs"]) == {"test", "install"}
