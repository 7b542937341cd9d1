"""One pair: held against scikit-image, and against the rules of the article written out slowly."""

import math

import numpy as np
import pytest
from article_generator import article_pair
from scipy import ndimage, stats
from skimage import draw

from shipdash.config import SceneConfig
from shipdash.data.scene import draw_factors, draw_pair

SMALL = {"size": 32, "radius_min": 3.0, "radius_max": 6.0}
ARTICLE = SceneConfig()


def rng(seed):
    return np.random.default_rng(seed)


def scene(**changes):
    return SceneConfig(**SMALL | changes)


def ellipse_of(f, size):
    mask = np.zeros((size, size), bool)
    centre, axes = (f.target_row, f.target_col), (f.semi_row, f.semi_col)
    mask[draw.ellipse(*centre, *axes, (size, size), math.radians(f.angle_deg))] = True
    return mask


def box_of(f, size):
    """Filled box of the distractor, pixel by pixel, without slices that could wrap around."""
    mask = np.zeros((size, size), bool)
    for row in range(f.distractor_row, f.distractor_row + f.distractor_height):
        for col in range(f.distractor_col, f.distractor_col + f.distractor_width):
            if 0 <= row < size and 0 <= col < size:
                mask[row, col] = True
    return mask


def spans(mask):
    """Rows and columns in use, as two sets."""
    return [set(np.flatnonzero(mask.any(axis=axis)).tolist()) for axis in (1, 0)]


def slow_shapes(size, radius_min, radius_max, u):
    """Section 1 of the experiment's specification, in plain Python, from its uniform draws."""
    room, thick, long = size - 2 * radius_max, radius_max - radius_min, 2 * radius_max - radius_min
    centre = [v * room + radius_max for v in u[1:3]]
    axes = [v * thick + radius_min for v in u[3:5]]
    turn = math.radians(360 * u[5])
    target = np.zeros((size, size), bool)
    for row in range(size):
        for col in range(size):
            down, right = row - centre[0], col - centre[1]
            along = down * math.cos(turn) + right * math.sin(turn)
            across = right * math.cos(turn) - down * math.sin(turn)
            target[row, col] = (along / axes[0]) ** 2 + (across / axes[1]) ** 2 < 1
    corner = [int(np.rint(v * room + radius_max)) for v in u[6:8]]
    extent = [int(np.rint(v * long + radius_min)) + 1 for v in u[8:10]]  # edges included
    moves = []
    for start, length, used in zip(corner, extent, spans(target), strict=True):
        inside = [k for k in range(start, start + length) if k < size]
        both = [k for k in inside if k in used]
        down = bool(both) and np.mean(inside) > np.mean(both)
        moves.append(len(range(min(both), max(both) + 1)) * (1 if down else -1) if both else 0)
    if moves[0] and moves[1]:
        corner = [start + move for start, move in zip(corner, moves, strict=True)]
    return target, (*corner, *extent)


# -- shapes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [ARTICLE, scene()], ids=["article", "small"])
def test_the_mask_is_the_ellipse_of_the_factors(config):
    """The mask is what scikit-image fills for the factors, and its area is counted right."""
    for seed in range(100):
        pair = draw_pair(config, rng(seed))
        assert np.array_equal(pair.mask, ellipse_of(pair.factors, config.size))
        assert pair.factors.target_area_px == pair.mask.sum()


def test_shapes_are_those_of_the_slow_rules():
    """Ellipse and moved rectangle equal a plain re-implementation fed the same uniforms."""
    config, n_moved = scene(noise=0.0, polarity="low_sea"), 0
    for seed in range(200):
        u = rng(seed).random(16).tolist()
        target, box = slow_shapes(32, 3.0, 6.0, u)
        pair = draw_pair(config, rng(seed))
        f = pair.factors
        assert np.array_equal(pair.mask, target)
        placed = (f.distractor_row, f.distractor_col, f.distractor_height, f.distractor_width)
        assert placed == box
        assert np.array_equal(pair.image[..., 0] > 0, target | box_of(f, 32))
        n_moved += f.distractor_row != round(u[6] * 20 + 6)
    assert n_moved > 30  # the rule about overlap was really tried


def test_the_ellipse_stays_inside_the_image():
    """The margin of one largest semi-axis keeps every target whole."""
    for seed in range(200):
        f = draw_factors(ARTICLE, rng(seed))
        wide = np.pad(ellipse_of(f, 128), 1)
        assert wide.sum() == len(draw.ellipse(
            f.target_row + 64, f.target_col + 64, f.semi_row, f.semi_col,
            rotation=math.radians(f.angle_deg),
        )[0])


def test_the_rectangle_is_clear_of_the_ellipse_unless_one_spanned_the_other():
    """The article's one move clears all but a few, where a drawn range lay within the other."""
    n_meeting = 0
    for seed in range(500):
        f = draw_factors(ARTICLE, rng(seed))
        ellipse = spans(ellipse_of(f, 128))
        if not all(e & b for e, b in zip(ellipse, spans(box_of(f, 128)), strict=True)):
            continue
        n_meeting += 1
        corner = [round(88 * v + 20) for v in rng(seed).random(16)[6:8]]
        extents = (f.distractor_height, f.distractor_width)
        for start, length, used in zip(corner, extents, ellipse, strict=True):
            drawn = set(range(start, start + length))
            assert drawn <= used or used <= drawn
    assert n_meeting < 10


def test_the_rectangle_area_is_what_shows():
    """Only the part inside the image counts, down to none."""
    areas = []
    for seed in range(300):
        f = draw_factors(ARTICLE, rng(seed))
        areas.append(f.distractor_area_px)
        assert f.distractor_area_px == box_of(f, 128).sum()
        assert f.distractor_area_px <= f.distractor_height * f.distractor_width
    assert len(set(areas)) > 100


def test_the_distance_is_between_the_centres():
    """Rows and columns of both centres give the distance by Pythagoras."""
    f = draw_factors(ARTICLE, rng(3))
    row = np.mean(range(f.distractor_row, f.distractor_row + f.distractor_height))
    col = np.mean(range(f.distractor_col, f.distractor_col + f.distractor_width))
    assert f.distance_px == pytest.approx(np.hypot(row - f.target_row, col - f.target_col))


def test_the_triangle_lies_in_its_box():
    """A triangle takes the rectangle's place and about half of its pixels."""
    shares, bright = [], scene(polarity="low_sea")
    for seed in range(200):
        config = scene(distractor="triangle", noise=0.0, polarity="low_sea")
        pair, plain = draw_pair(config, rng(seed)), draw_factors(bright, rng(seed))
        f, box = pair.factors, box_of(pair.factors, 32)
        assert f[:6] + f[8:12] == plain[:6] + plain[8:12]
        assert not ((pair.image[..., 0] > 0) & ~pair.mask & ~box).any()
        if box.sum() == f.distractor_height * f.distractor_width:
            shares.append(f.distractor_area_px / box.sum())
    assert 0.4 < np.mean(shares) < 0.7


def test_without_a_distractor_only_the_ellipse_is_lifted():
    """The factors say that there is none: no area, and no distance."""
    pair = draw_pair(scene(distractor="none", noise=0.0, polarity="low_sea"), rng(1))
    assert np.array_equal(pair.image[..., 0] > 0, pair.mask)
    assert pair.factors.distractor_area_px == 0 and math.isnan(pair.factors.distance_px)


def test_settings_of_one_thing_do_not_shift_another():
    """Noise and distractor leave the target where it was."""
    others = [{"noise": 0.1}, {"distractor": "none"}, {"contrast": 0.1}]
    targets = {draw_factors(scene(**change), rng(5))[:7] for change in [{}, *others]}
    assert len(targets) == 1


# -- pixels ------------------------------------------------------------------------------------


def test_types_and_ranges_of_a_pair():
    """Float32 in [0, 1] with three channels, and a boolean mask."""
    for polarity in ("low_sea", "high_sea"):
        pair = draw_pair(SceneConfig(polarity=polarity), rng(1))
        assert (pair.image.shape, pair.image.dtype) == ((128, 128, 3), np.float32)
        assert (pair.mask.shape, pair.mask.dtype) == ((128, 128), bool)
        assert 0 <= pair.image.min() and pair.image.max() <= 1


@pytest.mark.parametrize("polarity", ["low_sea", "high_sea"])
def test_pixels_are_the_articles_noise(polarity):
    """Low pixels are uniform on [0, 0.75), high ones on [0.25, 1), by Kolmogorov and Smirnov."""
    pair = draw_pair(SceneConfig(polarity=polarity, distractor="none"), rng(7))
    for lifted in (False, True):
        where = pair.mask == (lifted == (polarity == "low_sea"))
        sample = pair.image[where].ravel().astype(float)
        low = 0.25 if lifted else 0.0
        assert low <= sample.min() and sample.max() <= low + 0.75
        assert stats.kstest(sample, stats.uniform(low, 0.75).cdf).pvalue > 0.001


def test_channels_are_independent():
    """Neither channels nor neighbours repeat one another's noise."""
    image = draw_pair(scene(size=128, contrast=0.0), rng(2)).image.astype(float)
    channels = np.corrcoef(image.reshape(-1, 3).T)[np.triu_indices(3, 1)]
    neighbours = np.corrcoef(image[:, :-1, 0].ravel(), image[:, 1:, 0].ravel())[0, 1]
    assert np.abs([*channels, neighbours]).max() < 0.04


def test_the_distractor_has_the_targets_colour():
    """Without noise, ellipse and rectangle have one value."""
    pair = draw_pair(scene(noise=0.0, polarity="high_sea"), rng(4))
    box = box_of(pair.factors, 32)
    assert box.any() and set(np.unique(pair.image[pair.mask | box])) == {0.0}


def test_without_noise_two_values_are_left():
    """Only sea and shapes remain, one contrast apart."""
    image = draw_pair(scene(noise=0.0), rng(1)).image
    assert np.unique(image).tolist() == [0.0, 0.25]


def test_without_contrast_no_shape_shows():
    """The image is the same noise whether the sea is low or high, and the mask stays."""
    flat = [draw_pair(scene(contrast=0.0, polarity=p), rng(1)) for p in ("low_sea", "high_sea")]
    assert np.array_equal(flat[0].image, flat[1].image) and flat[0].mask.any()


def test_without_both_the_image_is_black():
    """Nothing is drawn from nothing."""
    assert not draw_pair(scene(noise=0.0, contrast=0.0), rng(1)).image.any()


# -- distributions -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn():
    """Factors of 1,500 pairs of the article's distribution."""
    return [draw_factors(ARTICLE, rng(10_000 + i)) for i in range(1500)]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("target_row", 20, 108), ("target_col", 20, 108), ("semi_row", 10, 20),
        ("semi_col", 10, 20), ("angle_deg", 0, 360),
    ],
)
def test_target_factors_are_uniform(drawn, name, low, high):
    """Centre, semi-axes and angle are uniform on the article's ranges."""
    sample = [getattr(f, name) for f in drawn]
    assert low <= min(sample) and max(sample) < high
    assert stats.kstest(sample, stats.uniform(low, high - low).cdf).pvalue > 0.001


@pytest.mark.parametrize("name", ["distractor_height", "distractor_width"])
def test_rectangle_extents_are_rounded_uniforms(drawn, name):
    """Filled from 11 to 41 pixels, the two at the ends half as often as the rest."""
    found = np.bincount([getattr(f, name) for f in drawn], minlength=42)
    share = np.r_[0.5, np.ones(29), 0.5] / 30
    assert found[:11].sum() == 0 and len(found) == 42
    assert stats.chisquare(found[11:], share * len(drawn)).pvalue > 0.001


def test_both_polarities_are_equally_likely(drawn):
    """The sea is high in half of the pairs, to four standard errors."""
    assert abs(np.mean([f.high_sea for f in drawn]) - 0.5) < 4 * 0.5 / math.sqrt(len(drawn))


@pytest.mark.parametrize(("polarity", "high"), [("low_sea", False), ("high_sea", True)])
def test_a_polarity_can_be_fixed(polarity, high):
    """Asked for one kind of sea, every pair has it."""
    assert {draw_factors(scene(polarity=polarity), rng(i)).high_sea for i in range(40)} == {high}


def test_target_factors_are_uncorrelated(drawn):
    """No factor of the target tells another."""
    table = np.array([f[:6] for f in drawn], float)
    off_diagonal = np.corrcoef(table.T)[np.triu_indices(6, 1)]
    assert np.abs(off_diagonal).max() < 4.5 / math.sqrt(len(drawn))


# -- factors and labels ------------------------------------------------------------------------


@pytest.mark.parametrize("distractor", ["rectangle", "triangle", "none"])
def test_factors_without_noise_are_those_with(distractor):
    """Leaving out the noise changes no factor."""
    config = scene(distractor=distractor)
    for seed in range(40):
        without, full = draw_factors(config, rng(seed)), draw_pair(config, rng(seed)).factors
        assert repr(without) == repr(full)


def test_factors_are_plain_numbers():
    """No NumPy scalar gets into a table or a JSON file."""
    assert {type(v) for v in draw_factors(ARTICLE, rng(1))} <= {bool, int, float, str}


def test_one_radius_leaves_only_circles():
    """Equal limits of the semi-axes give circles of that radius."""
    f = draw_factors(scene(radius_min=6.0), rng(1))
    assert (f.semi_row, f.semi_col) == (6.0, 6.0)


# -- against another implementation of the article's generator ----------------------------------


@pytest.fixture(scope="module")
def both():
    """What can be measured on 600 pairs of our generator and of the independent one."""
    ours, theirs = [], []
    for i in range(600):
        pair = draw_pair(ARTICLE, rng(50_000 + i))
        rectangle = box_of(pair.factors, 128)
        ours.append(measured(pair.image, pair.mask, rectangle, pair.factors.high_sea))
        theirs.append(measured(*article_pair(np.random.RandomState(i))))
    return {name: ([row[name] for row in ours], [row[name] for row in theirs])
            for name in ours[0]}


def measured(image, ellipse, rectangle, high_sea):
    """Areas, ranges, overlap, gap and brightness of one pair."""
    sea = image[~(ellipse | rectangle)]
    rows, cols = np.nonzero(rectangle)
    grown = ndimage.distance_transform_edt(~ellipse)
    return {
        "ellipse area": ellipse.sum(), "rectangle area": rectangle.sum(),
        "rectangle rows": np.ptp(rows) + 1 if len(rows) else 0,
        "rectangle columns": np.ptp(cols) + 1 if len(cols) else 0,
        "rectangle top": rows.min() if len(rows) else -1,
        "rectangle left": cols.min() if len(cols) else -1,
        "overlap": (ellipse & rectangle).sum(),
        "gap": grown[rectangle].min() if len(rows) else 128,
        "sea mean": sea.mean(), "sea 1 %": np.percentile(sea, 1),
        "sea 99 %": np.percentile(sea, 99),
        "target mean": image[ellipse].mean(), "high sea": high_sea,
    }


@pytest.mark.parametrize("what", [
    "ellipse area", "rectangle area", "rectangle rows", "rectangle columns", "rectangle top",
    "rectangle left", "overlap", "gap", "sea mean", "sea 1 %", "sea 99 %", "target mean",
    "high sea",
])
def test_our_pairs_are_distributed_as_the_articles(both, what):
    """Two-sample Kolmogorov-Smirnov test; with the edges left out, areas and seas fail it."""
    ours, theirs = both[what]
    assert stats.ks_2samp(ours, theirs).pvalue > 0.001


@pytest.mark.parametrize("h", [1, 3, 10])
def test_a_rectangle_covers_its_edges(h):
    """What scikit-image's polygon fills for the article's corners is one more each way."""
    r, c = draw.polygon([5, 5, 5 + h, 5 + h], [7, 9, 9, 7])
    assert len(set(zip(r.tolist(), c.tolist(), strict=True))) == (h + 1) * 3


def test_an_old_runs_rectangles_are_drawn_as_they_were():
    """A row and a column less, all else alike: the picture a run of version 0.2.0 was shown."""
    for seed in range(40):
        new, old = (draw_factors(ARTICLE, rng(seed), edges=edges) for edges in (True, False))
        assert new.distractor_height == old.distractor_height + 1
        assert new[:7] == old[:7]
