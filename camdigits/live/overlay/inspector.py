"""The inspector: what the network sees of the page, and all that is known of the clicked digit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from camdigits.drawing.lettering import BOLD, REGULAR, width_px, write
from camdigits.drawing.marks import percent
from camdigits.drawing.palette import GREY, INK, MIST, ORANGE, SURE, WHITE
from camdigits.learning.amendments import candidate_at
from camdigits.live.overlay.panels import Chosen, blank_panel, fitting_px, row_px, small_px, title_px
from camdigits.tracking.history import Moment
from camdigits.vision.types import BgrImage, Digit, Evidence, Glyph, Reading, Scene

_TITLE_SEEN, _TITLE_CHOSEN = "What the network sees", "The clicked digit"
"""Titles of the panel, before and after the user has clicked a digit."""
_NOT_A_DIGIT = "-"
"""Reading of a crop that is not a digit."""
_NONE = "none"
"""Name of the eleventh class, 'not a digit', beside the ten digits."""
_WIDEST_READING = "8 100%"
"""The widest text that stands under a crop."""
_PLOT_ROWS = 3
"""Height of the plot of confidences, rows of text."""


def inspector_panel(height: int, scene: Scene, chosen: Chosen | None, size_px: int) -> BgrImage:
    """Return a panel with the mask and the crops with their readings, uint8 (height, W, 3).

    The crops of `scene.digits` come first. Once the user has clicked, the panel shows the clicked place instead: its crop, the
    probability of each digit and of 'not a digit', and its past readings.
    """
    size_px = fitting_px(size_px, height, 12 if chosen is None else 22)
    panel = blank_panel(height, 20 * size_px)
    margin = size_px
    top = margin + row_px(size_px) // 2
    write(panel, _TITLE_SEEN if chosen is None else _TITLE_CHOSEN, margin, top, title_px(size_px), INK, BOLD)
    room = panel[top + row_px(size_px) // 2 :, margin : panel.shape[1] - margin]
    if chosen is not None:
        _draw_chosen(room, scene, chosen, size_px)
    elif scene.evidence is None or not scene.evidence.mask.size:
        write(room, "nothing was read yet", 0, size_px, size_px, GREY)
    else:
        mask = _mask_view(scene.evidence, room.shape[1], max(room.shape[0] // 2, 1))
        room[: mask.shape[0], : mask.shape[1]] = mask[: room.shape[0]]
        _draw_crops(room[mask.shape[0] + size_px // 2 :], _in_reading_order(scene.evidence, scene.digits), size_px)
    return panel


def _draw_chosen(room: BgrImage, scene: Scene, chosen: Chosen, size_px: int) -> None:
    row = row_px(size_px)
    place = candidate_at(scene, chosen.box)
    crop_px = 28 * max(round(6 * size_px / 28), 1)
    left = crop_px + size_px
    if place is not None and scene.evidence is not None:
        _paste(room, enlarged(scene.evidence.glyphs[place, ..., 0], crop_px), 0, 0)
    else:
        _paste(room, np.full((crop_px, crop_px, 3), MIST, np.uint8), 0, 0)
    facts = ["what is it? type 0 to 9"] if chosen.digit is None else []
    if chosen.digit is not None:
        write(room, str(chosen.digit.label), left, round(2.6 * size_px), 3 * size_px, INK, BOLD)
        facts = [percent(chosen.digit.confidence)]
        if chosen.digit.track is not None:
            facts.append(f"track {chosen.digit.track}")
    for number, fact in enumerate(facts):
        write(room, fact, left, round(2.6 * size_px) + (number + 1) * row, small_px(size_px), INK)
    top = crop_px + size_px // 2
    write(room, "the network alone, of this crop", 0, top + size_px, small_px(size_px), GREY)
    top += row
    probabilities = (
        scene.evidence.probabilities[place]
        if place is not None and scene.evidence is not None and len(scene.evidence.probabilities)
        else None
    )
    _draw_probabilities(room[top:], probabilities, size_px)
    top += 11 * row + size_px // 2
    if chosen.moments:
        write(room, "confidence through time", 0, top + size_px, small_px(size_px), GREY)
        _draw_moments(room[top + row : top + row + _PLOT_ROWS * row], chosen.moments, size_px)


def _draw_probabilities(room: BgrImage, probabilities: np.ndarray | None, size_px: int) -> None:
    """Draw a bar for each class, 0 to 9 and 'not a digit'."""
    row = row_px(size_px)
    left, right = width_px(_NONE, size_px, BOLD) + size_px // 2, room.shape[1] - width_px("100%", size_px) - size_px // 2
    best = None if probabilities is None else int(probabilities.argmax())
    for label, name in enumerate([*map(str, range(10)), _NONE]):
        baseline = label * row + size_px
        weight = BOLD if label == best else REGULAR
        write(room, name, 0, baseline, size_px, INK, weight)
        track = room[label * row + size_px // 4 : label * row + size_px, left:right]
        track[:] = MIST
        if probabilities is not None and label < len(probabilities):
            track[:, : round(float(probabilities[label]) * (right - left))] = ORANGE if name == _NONE else SURE
            write(room, percent(float(probabilities[label])), right + size_px // 2, baseline, size_px, INK, weight)


def _draw_moments(room: BgrImage, moments: Sequence[Moment], size_px: int) -> None:
    """Draw confidences from the oldest, on the left, to the newest, and the label wherever it changed."""
    height, width = room.shape[:2]
    if height < size_px or width < size_px:
        return
    room[:] = WHITE
    room[-1:] = GREY
    span_s = max(moments[-1].time_s - moments[0].time_s, 1e-6)
    points = [
        (round((moment.time_s - moments[0].time_s) / span_s * (width - 1)), round((1 - moment.confidence) * (height - 2)))
        for moment in moments
    ]
    cv2.polylines(room, [np.array(points, np.int32)], False, SURE, max(size_px // 10, 1), cv2.LINE_AA)
    label = None
    for moment, (x, y) in zip(moments, points, strict=True):
        if moment.label != label:
            label = moment.label
            baseline = y - size_px // 3 if y > size_px * 1.3 else min(y + round(1.2 * size_px), height - 2)
            write(room, str(label), min(x, width - size_px), baseline, small_px(size_px), INK, BOLD)


def _paste(room: BgrImage, picture: BgrImage, left: int, top: int) -> None:
    """Put a picture there, as much of it as fits."""
    there = room[top : top + picture.shape[0], left : left + picture.shape[1]]
    there[:] = picture[: there.shape[0], : there.shape[1]]


def enlarged(glyph: Glyph, side_px: int) -> BgrImage:
    """Return a glyph as a picture with sides of `side_px`."""
    grey = (np.clip(glyph, 0, 1) * 255).astype(np.uint8)
    large = cv2.resize(grey, (side_px, side_px), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR), np.uint8)


def _in_reading_order(evidence: Evidence, digits: Sequence[Digit]) -> list[tuple[Glyph, Reading | None]]:
    """Return crops and their readings: those of `digits` in the same order, then the candidates that are no digits."""
    cells = list(zip(evidence.glyphs[..., 0], _padded(evidence.readings, len(evidence.glyphs)), strict=True))
    places = {digit.box: place for place, digit in enumerate(digits)}
    ranks = [places.get(box, len(digits)) for box in evidence.boxes[: len(cells)]]
    ranks += [len(digits)] * (len(cells) - len(ranks))
    return [cells[index] for index in sorted(range(len(cells)), key=ranks.__getitem__)]


def _draw_crops(room: BgrImage, cells: Sequence[tuple[Glyph, Reading | None]], size_px: int) -> None:
    crop_px = 28 * max(round(2.6 * size_px / 28), 1)
    cell_width = max(crop_px, width_px(_WIDEST_READING, size_px)) + size_px // 2
    cell_height = crop_px + round(1.6 * size_px)
    columns, rows = max(room.shape[1] // cell_width, 1), max((room.shape[0] - size_px) // cell_height, 1)
    shown = cells[: columns * rows]
    for place, (glyph, reading) in enumerate(shown):
        top, left = place // columns * cell_height, place % columns * cell_width
        cell = room[top : top + cell_height, left : left + cell_width]
        _draw_crop(cell, glyph, reading, crop_px, size_px)
    if len(cells) > len(shown):
        write(room, f"and {len(cells) - len(shown)} more", 0, room.shape[0] - size_px // 3, size_px, GREY)


def _draw_crop(cell: BgrImage, glyph: Glyph, reading: Reading | None, crop_px: int, size_px: int) -> None:
    _paste(cell, enlarged(glyph, crop_px), 0, 0)
    small = small_px(size_px)
    baseline = crop_px + size_px
    if reading is None:
        write(cell, _NOT_A_DIGIT, 0, baseline, small, GREY)
    else:
        end = write(cell, str(reading.label), 0, baseline, small, INK, BOLD)
        write(cell, percent(reading.confidence), end + small // 3, baseline, small, INK)


def _mask_view(evidence: Evidence, width: int, height: int) -> BgrImage:
    """Return the mask as dark strokes on white, at most (height, width), with a thin edge."""
    rows, columns = evidence.mask.shape
    scale = min(width / columns, height / rows)
    size = (max(math.floor(columns * scale), 1), max(math.floor(rows * scale), 1))
    small = cv2.resize(evidence.mask, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    view = cv2.cvtColor(np.subtract(255, small, dtype=np.uint8), cv2.COLOR_GRAY2BGR)
    cv2.rectangle(view, (0, 0), (size[0] - 1, size[1] - 1), GREY, 1)
    return np.asarray(view, np.uint8)


def _padded(readings: Iterable[Reading | None], count: int) -> list[Reading | None]:
    known = list(readings)[:count]
    return known + [None] * (count - len(known))
