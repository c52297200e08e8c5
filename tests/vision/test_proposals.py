"""What the finder leaves of the threshold's candidates, and what it adds."""

from __future__ import annotations

import numpy as np

from camdigits.vision.candidates import CandidateSet, Chain, Piece
from camdigits.vision.finder import CANVAS_PX, CELL_PX, CHANNELS, USUAL_PX, Maps
from camdigits.vision.proposals import propose
from camdigits.vision.types import Box, Candidate
from tests.vision.test_finder import sees_black, with_block


def candidates_of(*boxes: Box, chains: tuple[Chain, ...] = ()) -> CandidateSet:
    return CandidateSet(tuple(Candidate(box, np.full((box.height, box.width), 255, np.uint8)) for box in boxes), boxes, chains)


BLOCK = Box(100, 80, 30, 40)
ELSEWHERE = Box(500, 300, 30, 40)
PICTURE = with_block(*BLOCK)


def boxes_after(candidate_set: CandidateSet, picture: np.ndarray = PICTURE) -> list[Box]:
    ((found,), _) = propose([candidate_set], picture, sees_black)
    return [candidate.box for candidate in found.candidates]


def test_candidates_stay_where_the_finder_sees_a_digit_and_go_where_it_sees_none() -> None:
    assert boxes_after(candidates_of(ELSEWHERE, BLOCK)) == [BLOCK]


def test_a_digit_that_only_the_finder_sees_becomes_a_candidate_with_the_ink_in_its_box() -> None:
    picture = PICTURE.copy()
    picture[300:340, 500:530] = 0
    picture[306:334, 506:524] = 200
    ((dark, light), _) = propose([candidates_of(BLOCK, Box(520, 300, 30, 40)), candidates_of()], picture, sees_black)
    (found,) = (candidate for candidate in dark.candidates if candidate.from_finder)
    assert found.box.iou(ELSEWHERE) > 0.8
    assert np.count_nonzero(found.mask) == np.count_nonzero(
        picture[found.box.y : found.box.bottom, found.box.x : found.box.right] == 0
    )
    assert (found.support, light.candidates) == (0, ())


def test_ink_that_is_lighter_than_its_ground_is_a_candidate_of_light_ink() -> None:
    """A finder that sees a digit in the middle of every canvas: what is written there is white on black."""

    def sees_middle(picture: np.ndarray) -> Maps:
        maps = np.zeros((picture.shape[0] // CELL_PX, picture.shape[1] // CELL_PX, CHANNELS), np.float32)
        maps[..., 0] = -8
        maps[50, 80, 0] = 4
        maps[..., 11:] = np.log(np.array((16, 22)) / USUAL_PX)
        return maps

    picture = np.full(CANVAS_PX, 30, np.uint8)
    picture[192:212, 318:326] = 230
    ((dark, light), _) = propose([candidates_of(Box(250, 190, 15, 20)), candidates_of()], picture, sees_middle)
    assert dark.candidates == ()
    assert [candidate.box for candidate in light.candidates] == [Box(318, 192, 8, 20)]
    assert propose([candidates_of(Box(250, 190, 15, 20))], picture, sees_middle).candidate_sets[0].candidates == ()


def test_a_chain_keeps_the_pieces_that_are_left_by_their_new_places() -> None:
    chain = Chain(BLOCK, 2, (Piece(0, 0, 1), Piece(2, 1, 2)))
    candidate_set = candidates_of(ELSEWHERE, ELSEWHERE, BLOCK, chains=(chain, Chain(ELSEWHERE, 2, (Piece(1, 0, 1),))))
    left = candidate_set.only(np.array([False, False, True]))
    assert [candidate.box for candidate in left.candidates] == [BLOCK]
    assert left.chains == (Chain(BLOCK, 2, (Piece(0, 1, 2),)),)
    assert left.other_ink == candidate_set.other_ink


def test_without_candidates_the_finder_is_not_asked() -> None:
    def unwanted(_: np.ndarray) -> Maps:
        raise AssertionError

    assert propose([candidates_of()], PICTURE, unwanted).finder_output.levels == ()
