"""The camera: a drawn sheet is posed, lit, seen through a lens and a sensor, and compressed; truth goes the same way."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.types import BgrImage, Box
from train.sheets import DigitMap, Drawn, Sheet, draw_sheet
from train.surfaces import Field, Light


@dataclass(frozen=True)
class Pose:
    """How the sheet lies before the camera; the default fills the frame with it.

    shift_x, shift_y: in frame widths and heights. rotation: radians. tilt_x, tilt_y: how much further away one side is
    than the middle (0.2 is plain to see). zoom: 1 fits the sheet into the frame.
    """

    shift_x: float = 0.0
    shift_y: float = 0.0
    rotation: float = 0.0
    tilt_x: float = 0.0
    tilt_y: float = 0.0
    zoom: float = 1.0

    def matrix(self, sheet: tuple[int, int], frame: tuple[int, int]) -> npt.NDArray[np.float64]:
        """The homography, float64 (3, 3), from pixels of the sheet to pixels of the frame; sizes are (width, height)."""
        fit = self.zoom * min(frame[0] / sheet[0], frame[1] / sheet[1])
        half = max(sheet) / 2
        to_middle = np.array([[1, 0, -sheet[0] / 2], [0, 1, -sheet[1] / 2], [0, 0, 1]])
        cos, sin = np.cos(self.rotation), np.sin(self.rotation)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        tilt = np.array([[1, 0, 0], [0, 1, 0], [self.tilt_x / half, self.tilt_y / half, 1]])
        place = np.array([[fit, 0, frame[0] * (0.5 + self.shift_x)], [0, fit, frame[1] * (0.5 + self.shift_y)], [0, 0, 1]])
        matrix: npt.NDArray[np.float64] = place @ tilt @ turn @ to_middle
        return matrix


@dataclass(frozen=True)
class Camera:
    """What light, lens and sensor do to a picture of `size` (width, height) pixels.

    exposure: factor on all light. cast: factors on blue, green, red. slope: how much darker one side is, 0..1, towards
    `slope_angle` (radians). shadow: how much light a hard-edged shadow takes, 0..1; shadow_at: where its edge crosses the
    middle, -1..1; shadow_angle in radians. vignette: light lost in the corners, 0..1. glare: strength of reflections.
    blur_px: sigma of the lens. motion_px, motion_angle: a moving hand. noise: standard deviation, of 1. jpeg: quality.
    streaks: whether reflections are long and run into white, as those of lamps on a board are. sharpen: strength of the
    halo that a phone draws along edges. contrast: factor about middle grey. grey: no colour. bilevel: black and white
    only, as scanners make it. shrink: a messenger made it smaller by this factor and it was enlarged again. jpeg_twice:
    quality of a second compression, on another grid; 0 for none.
    """

    size: tuple[int, int] = (640, 480)
    exposure: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    slope: float = 0.0
    slope_angle: float = 0.0
    shadow: float = 0.0
    shadow_at: float = 0.0
    shadow_angle: float = 0.3
    vignette: float = 0.0
    glare: float = 0.0
    blur_px: float = 0.6
    motion_px: float = 0.0
    motion_angle: float = 0.0
    noise: float = 0.01
    jpeg: int = 90
    streaks: bool = False
    sharpen: float = 0.0
    contrast: float = 1.0
    grey: bool = False
    bilevel: bool = False
    shrink: float = 1.0
    jpeg_twice: int = 0

    @property
    def softness_px(self) -> float:
        """About the standard deviation of all that blurs a point."""
        # A uniform smear and a pixel that was larger once count with the deviation of a box.
        return float(np.sqrt(self.blur_px**2 + self.motion_px**2 / 12 + (self.shrink**2 - 1) / 12 + 0.25))


@dataclass(frozen=True, eq=False)
class Front:
    """What is before the sheet, in the frame: colour float32 (H, W, 3) and how far it covers, float32 (H, W), 0..1."""

    colour: Light
    cover: Field


@dataclass(frozen=True)
class PageDigit:
    """A digit that is on the picture: its label and the tight box of its ink, in pixels of the picture."""

    label: int
    box: Box


@dataclass(frozen=True, eq=False)
class Page:
    """A picture, uint8 (H, W, 3) BGR, and what must be read on it, in reading order.

    doubtful: how many more digits there are that one may or may not make out; they are not among `digits`.
    """

    image: BgrImage
    digits: tuple[PageDigit, ...]
    numbers: tuple[str, ...]
    doubtful: int = 0


def render_page(
    sheet: Sheet,
    camera: Camera,
    rng: np.random.Generator,
    *,
    pose: Pose = Pose(),
    backdrop: Light | None = None,
    front: Front | None = None,
    strict: bool = False,
) -> Page:
    """Write on the sheet and photograph it; see `photograph` for `backdrop`, `front` and `strict`."""
    return photograph(draw_sheet(sheet, rng), camera, rng, pose=pose, backdrop=backdrop, front=front, strict=strict)


def photograph(
    drawn: Drawn,
    camera: Camera,
    rng: np.random.Generator,
    *,
    pose: Pose = Pose(),
    backdrop: Light | None = None,
    front: Front | None = None,
    strict: bool = False,
) -> Page:
    """Take the picture; the truth holds digits that are whole on it and can be made out, and numbers all of such digits.

    backdrop: float32 (H, W, 3) of the camera's size, seen where the sheet does not reach; without one, the surface goes on.
    front: what is before the sheet. strict: a digit that is cut by the frame or hidden so far that it is neither a digit nor
    none is doubtful.
    """
    height, width = drawn.digits.shape
    matrix = pose.matrix((width, height), camera.size)
    light = _warp(drawn, matrix, camera.size, backdrop)
    digits = np.asarray(cv2.warpPerspective(drawn.digits, matrix, camera.size, flags=cv2.INTER_NEAREST), np.int16)
    shown = {index: _shown(drawn, index, matrix, camera.size, front) for index in range(len(drawn.labels))} if strict else {}
    partly = sum(1 - _MAX_DOUBTFUL_GONE < share < 1 - _MAX_HIDDEN for share in shown.values())
    whole = {index for index, share in shown.items() if share >= 1 - _MAX_HIDDEN} if strict else None
    found = _found(drawn, digits, matrix, whole)
    if front is not None:
        light += front.cover[..., None] * (front.colour - light)
        found = {index: box for index, box in found.items() if not _hidden(digits, index, box, front.cover)}
    image = _expose(light, camera, rng)
    clear = {index: min(_clarity(image, digits, index, box), _sharpness(box, camera)) for index, box in found.items()}
    doubtful = partly + sum(_DOUBTFUL < value < 1 for value in clear.values())
    found = {index: box for index, box in found.items() if clear[index] >= 1}
    truth = tuple(PageDigit(drawn.labels[index], found[index]) for index in sorted(found))
    numbers = tuple(
        "".join(str(drawn.labels[index]) for index in number)
        for number in drawn.numbers
        if all(index in found for index in number)
    )
    return Page(image, truth, numbers, doubtful)


MIN_PX = 7
"""Digits smaller than that are not in the truth."""
_MIN_CONTRAST = (5.0, 0.04)
"""Grey levels between ink and ground below which nobody sees a digit: on black, and more by so much of the ground's own."""
_MIN_TO_GROUND = 1.3
"""The same, in standard deviations of the ground about its local mean, as its median deviation gives them."""
_MIN_TO_BLUR = 7.0
"""Of a digit's longer side, in standard deviations of the blur."""
_DOUBTFUL = 0.5
"""From that share of the least contrast on, some can read a digit."""
_MAX_HIDDEN = 0.08
_MAX_DOUBTFUL_GONE = 0.6
"""Of a digit's ink, cut off or hidden: from that share on nobody takes the rest for the digit."""


def _shown(drawn: Drawn, index: int, matrix: npt.NDArray[np.float64], size: tuple[int, int], front: Front | None) -> float:
    """How much of a digit's ink is in the frame and not behind what is before the sheet, 0..1; 1 for one without ink."""
    box = drawn.boxes[index]
    rows, columns = np.nonzero(drawn.digits[box.y : box.bottom, box.x : box.right] == index + 1)
    if not len(rows):
        return 1.0
    points = np.column_stack([columns + box.x, rows + box.y]).astype(np.float64)[:: max(1, len(rows) // 2000)]
    seen = np.round(cv2.perspectiveTransform(points[None], matrix)[0]).astype(int)
    there = (seen >= 0).all(axis=1) & (seen < size).all(axis=1)
    if front is None:
        return float(there.mean())
    inside = seen[there]
    return float((front.cover[inside[:, 1], inside[:, 0]] <= 0.5).sum() / len(seen))


def _hidden(digits: DigitMap, index: int, box: Box, cover: Field) -> bool:
    area = np.s_[box.y : box.bottom, box.x : box.right]
    return float((cover[area][digits[area] == index + 1] > 0.5).mean()) > _MAX_HIDDEN


def _sharpness(box: Box, camera: Camera) -> float:
    return max(box.width, box.height) / (_MIN_TO_BLUR * camera.softness_px)


def _clarity(image: BgrImage, digits: DigitMap, index: int, box: Box) -> float:
    """How well a digit can be made out: 1 and more for one that can, 0 for one that is too small."""
    if max(box.width, box.height) < MIN_PX:
        return 0.0
    around = max(2, max(box.width, box.height) // 5)
    area = np.s_[max(box.y - around, 0) : box.bottom + around, max(box.x - around, 0) : box.right + around]
    seen, mine = image[area].astype(np.float32), digits[area] == index + 1
    bare = (cv2.dilate((digits[area] > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) == 0).astype(np.float32)
    if bare.sum() < 4:
        return 1.0
    # The ground next to each pixel, so that the edge of a shadow counts neither as ink nor as texture.
    reach = (2 * around + 1, 2 * around + 1)
    near = cv2.blur(seen * bare[..., None], reach) / np.maximum(cv2.blur(bare, reach), 1e-3)[..., None]
    beyond = seen - near
    contrast = np.abs(beyond[mine].mean(axis=0))
    # The median: a table's rule or a letter beside the digit does not hide it, a pattern all around does.
    texture = 1.48 * np.median(np.abs(beyond[bare > 0]), axis=0)
    min_contrast = _MIN_CONTRAST[0] + _MIN_CONTRAST[1] * near[mine].mean(axis=0)
    return float((contrast / np.maximum(min_contrast, _MIN_TO_GROUND * texture)).max())


def _warp(drawn: Drawn, matrix: npt.NDArray[np.float64], size: tuple[int, int], backdrop: Light | None) -> Light:
    there = cv2.warpPerspective(np.ones(drawn.digits.shape, np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    if backdrop is None:
        if there.min() > 0.999:
            return _seen(drawn.colour, matrix, size)
        behind = _seen(drawn.ground, matrix, size)
    else:
        # The sheet throws a soft shadow on what it lies on.
        fall = cv2.GaussianBlur(np.roll(there, (size[1] // 80, size[0] // 100), (0, 1)), (0, 0), max(size[0] / 80, 1.0))
        behind = np.asarray(backdrop * (1 - 0.5 * fall)[..., None], np.float32)
    return np.asarray(behind + there[..., None] * (_seen(drawn.colour, matrix, size) - behind), np.float32)


def _seen(colour: Light, matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> Light:
    shrink = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    if shrink < 0.8:
        # A camera's pixel gathers all the light that falls on it; warpPerspective only samples.
        colour = np.asarray(cv2.GaussianBlur(colour, (0, 0), 0.45 / shrink), np.float32)
    seen = cv2.warpPerspective(colour, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(seen, np.float32)


def _found(drawn: Drawn, digits: DigitMap, matrix: npt.NDArray[np.float64], whole: set[int] | None = None) -> dict[int, Box]:
    """The boxes of the digits that are whole on the picture: index -> box; `whole` says which are, where that is known."""
    rows, columns = np.nonzero(digits)
    owners = digits[rows, columns].astype(int) - 1
    count = len(drawn.labels)
    low, high = np.full((count, 2), np.iinfo(np.int64).max), np.full((count, 2), -1)
    for axis, places in enumerate((columns, rows)):
        np.minimum.at(low[:, axis], owners, places)
        np.maximum.at(high[:, axis], owners, places)
    height, width = digits.shape
    found = {}
    for index in np.flatnonzero(high[:, 0] >= 0):
        box = drawn.boxes[index]
        corners = np.array([[[box.x, box.y], [box.right, box.y], [box.right, box.bottom], [box.x, box.bottom]]], np.float64)
        seen = cv2.perspectiveTransform(corners, matrix)[0]
        slack = 0.08 * float(np.ptp(seen, axis=0).max())
        inside = bool((seen >= -slack).all() and (seen <= np.array([width, height]) + slack).all())
        if inside if whole is None else int(index) in whole:
            (left, top), (right, bottom) = low[index], high[index] + 1
            found[int(index)] = Box(int(left), int(top), int(right - left), int(bottom - top))
    return found


def _expose(light: Light, camera: Camera, rng: np.random.Generator) -> BgrImage:
    shape = (camera.size[1], camera.size[0])
    light = light * (_lighting(shape, camera) * camera.exposure)[..., None] * np.array(camera.cast, np.float32)
    if camera.glare:
        light = light + camera.glare * (_streaks if camera.streaks else _glare)(shape, rng)[..., None]
    # Highlights roll off as a sensor's curve has them, instead of clipping hard.
    light = np.where(light > 0.85, 0.85 + 0.15 * np.tanh((light - 0.85) / 0.15), light)
    if camera.contrast != 1:
        light = 0.5 + camera.contrast * (light - 0.5)
    if camera.blur_px > 0.2:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), camera.blur_px), np.float32)
    if camera.motion_px > 1:
        light = np.asarray(cv2.filter2D(light, -1, _motion(camera.motion_px, camera.motion_angle)), np.float32)
    if camera.noise:
        noise = rng.standard_normal(light.shape, dtype=np.float32) * (0.6 + 0.6 * np.sqrt(np.clip(light, 0, 1)))
        light = light + camera.noise * cv2.GaussianBlur(noise, (0, 0), 0.5) * 1.6
    if camera.sharpen:
        light = light + camera.sharpen * (light - cv2.GaussianBlur(light, (0, 0), 1.5))
    image: BgrImage = np.clip(light * 255 + 0.5, 0, 255).astype(np.uint8)
    return _store(image, camera)


def _store(image: BgrImage, camera: Camera) -> BgrImage:
    """What scanners, files and messengers do to a picture; its size stays."""
    if camera.grey or camera.bilevel:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if camera.bilevel:
            grey = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]
        image = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    if camera.jpeg < 100:
        image = _compressed(image, camera.jpeg)
    if camera.shrink > 1:
        small = cv2.resize(image, None, fx=1 / camera.shrink, fy=1 / camera.shrink, interpolation=cv2.INTER_AREA)
        small = _compressed(np.asarray(small, np.uint8), camera.jpeg_twice or 75)
        image = np.asarray(cv2.resize(small, camera.size, interpolation=cv2.INTER_CUBIC), np.uint8)
    elif camera.jpeg_twice:
        shifted = _compressed(np.roll(image, (3, 3), (0, 1)), camera.jpeg_twice)
        image = np.ascontiguousarray(np.roll(shifted, (-3, -3), (0, 1)))
    return image


def _compressed(image: BgrImage, quality: int) -> BgrImage:
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _lighting(shape: tuple[int, int], camera: Camera) -> Field:
    """How much light reaches each pixel, 0..1."""
    rows, columns = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    field = 1 - camera.slope * (0.5 + 0.5 * np.clip(_along(columns, rows, camera.slope_angle), -1, 1))
    field *= 1 - camera.vignette * np.clip((columns**2 + rows**2) / 2, 0, 1) ** 1.3
    if camera.shadow:
        # Its edge bends a little, as that of a hand or a phone does.
        edge = _along(columns, rows, camera.shadow_angle) - camera.shadow_at + 0.06 * np.sin(4 * rows + 3 * columns)
        field *= 1 - camera.shadow / (1 + np.exp(-np.clip(edge * 90, -30, 30)))
    return np.asarray(field, np.float32)


def _along(columns: Field, rows: Field, angle: float) -> Field:
    return np.asarray(columns * np.cos(angle) + rows * np.sin(angle), np.float32)


def _glare(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Reflections of windows and lamps: soft bright patches."""
    height, width = shape
    glare = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        middle = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        axes = (int(rng.uniform(0.03, 0.12) * width), int(rng.uniform(0.03, 0.15) * height))
        cv2.ellipse(glare, middle, axes, float(rng.uniform(-30, 30)), 0, 360, 1.0, -1)
    spread = cv2.GaussianBlur(glare, (0, 0), width / 14)
    return (0.5 * cv2.GaussianBlur(glare, (0, 0), width / 60) + 0.8 * spread).astype(np.float32)


def _streaks(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Lamps mirrored in a smooth board: long bands, white in the middle, with a soft edge."""
    height, width = shape
    glare = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 3))):
        middle = rng.uniform((0, 0), (width, height))
        reach = rng.uniform(0.15, 0.6) * width * np.array([np.cos(turn := rng.uniform(0, np.pi)), np.sin(turn)])
        ends = [np.round(middle + sign * reach).astype(int).tolist() for sign in (-1, 1)]
        cv2.line(glare, ends[0], ends[1], 1.0, max(2, int(rng.uniform(0.01, 0.06) * width)))
    near, far = (cv2.GaussianBlur(glare, (0, 0), width / part) for part in (90, 18))
    return (1.2 * near + 0.8 * far).astype(np.float32)


def _motion(length_px: float, angle: float) -> Field:
    """A kernel that smears over `length_px`."""
    reach = int(np.ceil(length_px / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    offset = np.array([np.cos(angle), np.sin(angle)]) * length_px / 2
    ends = [np.round((np.array([reach, reach]) + sign * offset) * 16).astype(int).tolist() for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_8, 4)
    return np.asarray(kernel / kernel.sum(), np.float32)
