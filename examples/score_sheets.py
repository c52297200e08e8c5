"""Read a folder of score sheets into a table: a row a sheet, a column a score, in the order in which they are read.

    python examples/score_sheets.py scans/ > scores.csv
    python examples/score_sheets.py scans/ --scores 6 --output scores.csv   # sheets with more or fewer are to be checked

The column `check` says what deserves a look on a sheet: scores that are unsure, by their number, and how many there are where
that is not what it should be. Files that cannot be read are told and passed over, and the program exits with 3; 0 is all well.
"""

from __future__ import annotations

import argparse
import csv
import mimetypes
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import camdigits
from camdigits.errors import CamdigitsError, SourceError


def sheets_in(folder: Path) -> list[Path]:
    """The files that are pictures or PDFs by their names, in order."""
    kinds = ((mimetypes.guess_type(path, strict=False)[0] or "", path) for path in sorted(folder.iterdir()))
    return [path for kind, path in kinds if kind.startswith("image/") or kind == "application/pdf"]


def doubts(scene: camdigits.Scene, sure: float, scores: int | None) -> str:
    """What is to be checked on a sheet, for people; "" where nothing is."""
    unsure = [str(count) for count, number in enumerate(scene.numbers, 1) if number.confidence < sure]
    found = len(scene.numbers)
    of_another_count = [f"{found} scores, not {scores}"] if scores not in (None, found) else []
    return "; ".join([*of_another_count, *([f"unsure: {' '.join(unsure)}"] if unsure else [])])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a folder of pictures and PDFs, a sheet each picture and page")
    parser.add_argument("--scores", type=int, metavar="N", help="how many there are on a sheet [any number]")
    parser.add_argument("--sure", type=float, default=0.9, metavar="P", help="check scores of a lower confidence [0.9]")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there [stdout]")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    recognizer = camdigits.Recognizer()
    rows: list[tuple[str, str, list[str]]] = []
    failed = 0
    for path in sheets_in(options.folder):
        try:
            scenes = list(camdigits.stream(path, recognizer))
        except SourceError as error:
            print(f"passed over {error}", file=sys.stderr)
            failed += 1
            continue
        has_pages = path.suffix.lower() == ".pdf" or len(scenes) > 1
        for scene in scenes:
            name = f"{path.name} page {scene.frame + 1}" if has_pages else path.name
            rows.append((name, doubts(scene, options.sure, options.scores), [number.text for number in scene.numbers]))

    max_count = max([len(scores) for _, _, scores in rows] + [options.scores or 0])
    output = options.output.open("w", encoding="utf-8", newline="") if options.output else nullcontext(sys.stdout)
    with output as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["sheet", "check", *(f"score {count}" for count in range(1, max_count + 1))])
        for name, check, scores in rows:
            table.writerow([name, check, *scores, *[""] * (max_count - len(scores))])
    return SourceError.exit_code if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CamdigitsError, OSError) as error:
        sys.exit(str(error))
