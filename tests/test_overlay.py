"""The overlay of a prediction and the truth: three kinds of pixel, told apart without colour."""

import numpy as np

from shipdash.ui.overlay import AGREED, GROUND, INVENTED, MISSED, _sample, overlay
from shipdash.ui.run.probe_strip import GAP, strip


def halves():
    """Truth on the left half and the middle, prediction on the middle and the right."""
    truth, predicted = np.zeros((2, 32, 48), bool)
    truth[:, :32] = True
    predicted[:, 16:] = True
    return truth, predicted


def test_agreed_pixels_are_full_and_the_rest_is_ground():
    """One colour each; nothing is drawn where there is neither truth nor prediction."""
    truth, predicted = halves()
    picture = np.asarray(overlay(truth, predicted))
    assert (picture[:, 16:32] == AGREED).all()
    assert (np.asarray(overlay(truth & ~truth, predicted & ~predicted)) == GROUND).all()


def test_missed_is_outlined_and_invented_is_striped():
    """Each without its colours: a rim around an even area, and lines through the other."""
    truth, predicted = halves()
    grey = np.asarray(overlay(truth, predicted, scale=4).convert("L")).astype(int)
    missed, invented = grey[:, :64], grey[:, 128:]
    assert len(np.unique(missed[8:-8, 8:-8])) == 1
    assert (missed[0] > missed[32, 32] + 60).all()
    middle = invented[64]
    assert np.count_nonzero(np.diff(middle)) > 8
    assert middle.max() - middle.min() > 60


def test_the_strip_has_a_column_a_pair():
    """Image above, overlay below, for pairs that are not square too."""
    masks = np.ones((3, 32, 48), bool)
    picture = strip(np.zeros((3, 32, 48, 3), np.float32), masks, masks)
    assert picture.size == (3 * 192 + 2 * GAP, 2 * 128 + GAP)
    assert picture.getpixel((5, 130 + GAP)) == AGREED


def test_each_kind_shows_in_the_legend():
    """A sample is drawn as large as it is shown, so that an outline of one pixel survives."""
    for name, colour in (("agreed", AGREED), ("missed", MISSED), ("invented", INVENTED)):
        picture = np.asarray(_sample(name))
        assert picture.shape == (20, 28, 3)
        assert (picture == colour).all(-1).any()
