"""Settings from a file: what they set, what wins over what, and what a mistake gets."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from camdigits import cli
from camdigits.cli.settings_file import configurable, settings_document, settings_in_force
from camdigits.errors import UsageError
from camdigits.runtime.places import settings_path
from tests.fakes import unprivileged_folder

PAPER = str(Path(__file__).resolve().parent.parent / "fixtures" / "paper.jpg")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    code = ended.value.code
    assert isinstance(code, int)
    return code


def write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(*arguments) == 0
    return capsys.readouterr().out


class TestUse:
    def test_the_file_of_the_platform_sets_the_defaults(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert not output(capsys, "read", PAPER).startswith("{")
        write(settings_path(), '[read]\nformat = "jsonl"\n')
        assert output(capsys, "read", PAPER).startswith('{"schema"')

    def test_a_named_file_takes_its_place(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write(settings_path(), '[read]\nformat = "jsonl"\n')
        other = write(tmp_path / "other.toml", '[read]\nformat = "csv"\n')
        assert output(capsys, "read", PAPER, "--config", other).startswith("source,")

    @pytest.mark.parametrize("command", [("read", PAPER), ("settings",)])
    def test_the_file_of_the_platform_may_be_out_of_reach(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setattr("camdigits.cli.settings_file.settings_path", lambda: tmp_path / "file" / "camdigits.toml")
        assert run(*command) == 0
        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("command", [("read", PAPER), ("settings",)])
    def test_of_one_that_may_not_be_read_a_line_is_said(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
    ) -> None:
        with unprivileged_folder() as folder:
            closed = folder / "closed"
            closed.mkdir()
            write(closed / "camdigits.toml", '[read]\nformat = "jsonl"\n')
            monkeypatch.setattr("camdigits.cli.settings_file.settings_path", lambda: closed / "camdigits.toml")
            closed.chmod(0)
            assert run(*command) == 0
            printed = capsys.readouterr()
            assert printed.err.splitlines() == [
                f"camdigits: {closed / 'camdigits.toml'}: cannot be read (permission denied), and sets nothing; "
                "name another file by --config"
            ]
            assert "jsonl" not in printed.out
            assert run(*command, "--config", str(closed / "camdigits.toml")) == 2
            closed.chmod(0o700)

    def test_a_mark_before_the_text_as_editors_on_windows_write_it_is_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfthreshold = 0.25\n")
        (threshold, *_) = (s.value for s in settings_in_force(cli.commands, tmp_path / "a.toml") if s.name == "threshold")
        assert threshold == 0.25

    def test_a_number_is_a_path_as_on_the_command_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        config = write(tmp_path / "a.toml", "[read]\noutput = 2026\n")
        assert "output = 2026" in output(capsys, "settings", "--config", config)
        assert output(capsys, "read", PAPER, "--config", config) == ""
        assert (tmp_path / "2026").read_text(encoding="utf-8").strip()

    def test_flags_win_over_tables_and_tables_over_the_rest(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        config = write(tmp_path / "a.toml", 'threshold = 1.0\n[read]\nthreshold = 0.5\nformat = "text"\n')
        assert output(capsys, "read", PAPER, "--config", config).strip()
        assert not output(capsys, "read", PAPER, "--config", config, "--threshold", "1").strip()
        config = write(tmp_path / "b.toml", "threshold = 1.0\n[evaluate]\nthreshold = 0.5\n")
        assert not output(capsys, "read", PAPER, "--config", config).strip()


class TestPrinted:
    def test_says_what_is_in_force_and_from_where(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        config = write(tmp_path / "a.toml", 'threshold = 0.7\n[read]\nformat = "csv"\n')
        printed = output(capsys, "settings", "--config", config)
        assert f"threshold = 0.7  # {config}" in printed
        assert f'format = "csv"  # {config}' in printed
        assert 'model = "camdigits"  # default' in printed
        assert "# output is not set" in printed

    def test_names_the_file_that_is_not_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert output(capsys, "settings").startswith(f"# {settings_path()} (not there)")

    def test_can_be_read_back_as_a_settings_file(self, tmp_path: Path) -> None:
        first = write(
            tmp_path / "a.toml", 'rotate = 90\n[read]\nannotate = "a \\"b\\" \\\\ é"\nevery = 3\n[evaluate]\nclips = true\n'
        )
        document = "\n".join(settings_document(settings_in_force(cli.commands, Path(first)), Path(first)))
        second = write(tmp_path / "b.toml", document)
        assert tomllib.loads(document)["read"]["annotate"] == 'a "b" \\ é'

        def values(path: str) -> list[tuple[str, str, str]]:
            return [(s.command, s.name, str(s.value)) for s in settings_in_force(cli.commands, Path(path)) if s.name != "size"]

        assert values(first) == values(second)

    def test_every_flag_is_a_setting(self) -> None:
        names = set(tomllib.loads("\n".join(settings_document(settings_in_force(cli.commands, None), None))))
        assert {"read", "evaluate", "threshold", "model"} <= names
        for command in cli.commands.commands.values():
            flags = {option.lstrip("-") for each in command.params for option in each.opts if option.startswith("--")}
            assert (flags - {"config"} if "config" in flags else set()) == set(configurable(command))


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("treshold = 0.6", "there is no setting treshold; the nearest is threshold"),
            ('[red]\nformat = "csv"', r"there is no setting \[red\]; the nearest is \[read\]"),
            ("[read]\nevry = 2", r"there is no setting evry of \[read\]; the nearest is every of \[read\]"),
            ("[live]\nevery = 5", r"there is no setting every of \[live\]"),
            ("threshold = 'much'", "threshold: 'much' is not a valid float"),
            ("threshold = [0.5]", "threshold is one number or text"),
            ('model = "a\\u0000b"', r'model is one number or text, not "a\\u0000b"'),
            ('snapshots = "a\\u0000b"', "snapshots is one number or text"),
            ("[evaluate]\nclips = 1", "clips is true or false, not 1"),
            ("[read]\nevery = 0", "every: 0 is not in the range"),
            ("[read]\nevery = 2.7", "every: '2.7' is not a valid integer"),
            ("size = '3by4'", "size: a size is written like 1280x720, not '3by4'"),
            ("threshold =", r"is not TOML \(Invalid value \(at"),
            ("a = " + 5000 * "[", "is not TOML"),
        ],
    )
    def test_are_told_with_the_file_and_in_one_line(
        self, text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        config = write(tmp_path / "a.toml", text)
        with pytest.raises(UsageError, match=f"^{re.escape(config)}: {complaint}"):
            list(settings_in_force(cli.commands, Path(config)))
        assert run("settings", "--config", config) == 2
        assert capsys.readouterr().err.count("\n") == 1

    def test_a_command_hears_of_them_before_it_does_anything(self, tmp_path: Path) -> None:
        assert run("read", PAPER, "--config", write(tmp_path / "a.toml", "[read]\nformat = 'cvs'")) == 2
        assert run("read", PAPER, "--config", str(tmp_path / "none.toml")) == 2
        (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
        assert run("read", PAPER, "--config", str(tmp_path / "bytes.toml")) == 2
