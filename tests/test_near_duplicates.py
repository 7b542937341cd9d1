"""Near duplicates: hashes against ImageHash, the search against a table of all distances."""

import numpy as np
import pytest
from PIL import Image
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from shipdash.data import hamming
from shipdash.data import perceptual_hash as ph
from shipdash.data.near_duplicates import Pictures, Tiles, clusters, links, nearest


def blobs(n, rows, cols, seed=0, n_spots=12):
    """Pictures of soft bright spots: uint8, (n, rows, cols, 3)."""
    chance = np.random.default_rng(seed)
    row, col = np.mgrid[:rows, :cols]
    images = np.zeros((n, rows, cols, 3))
    for image in images:
        for r, c, size, *colour in chance.random((n_spots, 6)):
            spot = np.exp(-((row - r * rows)**2 + (col - c * cols)**2) / (20 + 80 * size))
            image += spot[..., None] * colour * 200
    return images.clip(0, 255).astype(np.uint8)


def crowded(n, seed):
    """Hashes of which many are alike, and the table of all their distances."""
    chance = np.random.default_rng(seed)
    value = chance.integers(0, 2**64, max(1, n // 4), np.uint64)[chance.integers(n // 4 + 1, size=n)
                                                                 % max(1, n // 4)]
    for _ in range(chance.integers(0, 10)):
        bit = np.uint64(1) << chance.integers(0, 64, n).astype(np.uint64)
        value = np.where(chance.random(n) < 0.7, value ^ bit, value)
    return value, np.bitwise_count(value[:, None] ^ value).astype(int)


@pytest.mark.parametrize("shape", [(16, 16), (32, 32), (48, 32), (128, 128), (96, 208)])
def test_hashes_are_those_of_imagehash(shape):
    """To the bit, but for frequencies as large as the median to within a rounding error."""
    import imagehash

    images = blobs(40, *shape)
    theirs = [np.packbits(imagehash.phash(Image.fromarray(image)).hash, bitorder="little")
              .view("<u8")[0] for image in images]
    apart = np.bitwise_count(ph.hashes(images) ^ np.array(theirs, np.uint64))
    assert apart.max() <= 2 and (apart == 0).mean() >= 0.9


def test_a_picture_keeps_its_hash_when_it_is_made_brighter_or_stored_again(tmp_path):
    """Which is why it finds what a comparison of bytes does not; other pictures lie far off."""
    images = blobs(10, 128, 128)
    again = []
    for k, image in enumerate(images):
        Image.fromarray((image * 0.8 + 20).astype(np.uint8)).save(tmp_path / f"{k}.jpg", quality=60)
        again.append(np.asarray(Image.open(tmp_path / f"{k}.jpg")))
    apart = np.bitwise_count(ph.hashes(images)[:, None] ^ ph.hashes(np.stack(again)))
    assert apart.diagonal().max() <= 8
    assert apart[~np.eye(10, dtype=bool)].min() > 8


def test_even_pictures_are_all_alike():
    """No rounding error decides the bits of a picture without frequencies."""
    levels = np.array([1, 7, 100, 255], np.uint8)
    images = np.broadcast_to(levels[:, None, None, None], (4, 64, 48, 3))
    assert len(set(ph.hashes(images).tolist())) == 1
    assert not ph.cell_hashes(images)[1].any()


def test_no_pictures_have_no_hashes():
    """Empty in, empty out."""
    none = np.empty((0, 32, 32, 3), np.uint8)
    assert ph.hashes(none).shape == (0,)
    assert ph.cell_hashes(none)[0].shape == (0, 9)
    assert len(links(Pictures(ph.hashes(none))).first) == 0


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("distance", [0, 3, 8, 12])
def test_every_two_hashes_within_the_distance_are_found(seed, distance):
    """Bands miss nothing and make nothing up, whichever way the search goes."""
    value, table = crowded(int(np.random.default_rng(seed).integers(1, 200)), seed)
    half = len(value) // 2
    for a, b, rows in ((value, value, table), (value[:half], value[half:], table[:half, half:])):
        found = {(i, j): apart for block in hamming.within(a, b, distance)
                 for i, j, apart in zip(*map(np.ndarray.tolist, block), strict=True)}
        if a is b:
            found |= {(j, i): apart for (i, j), apart in found.items()}
        wanted = np.argwhere(rows <= distance)
        assert found == {(i, j): rows[i, j] for i, j in wanted.tolist()}


@pytest.mark.parametrize("seed", range(12))
def test_clusters_are_the_components_at_every_smaller_distance(seed):
    """At most n - 1 links say all that the table of all distances says."""
    n = int(np.random.default_rng(seed).integers(1, 300))
    value, table = crowded(n, seed)
    found = links(Pictures(value), 8)
    assert len(found.first) < n and (table[found.first, found.second] == found.distance).all()
    for distance in range(9):
        _, component = connected_components(csr_array(table <= distance), directed=False)
        _, first = np.unique(component, return_index=True)
        assert clusters(found, n, distance).tolist() == first[component].tolist()
        assert found.n_clusters(distance) == (np.bincount(component) > 1).sum()


def test_links_do_not_depend_on_how_many_wait(monkeypatch):
    """A forest that is made anew after every block is the same forest."""
    value, _ = crowded(200, 3)
    once = links(Pictures(value), 8)
    monkeypatch.setattr("shipdash.data.spanning_forest.WAITING", 0)
    monkeypatch.setattr(hamming, "BLOCK", 50)
    often = links(Pictures(value), 8)
    assert np.array_equal(np.sort(once.distance), np.sort(often.distance))
    for distance in range(9):
        assert np.array_equal(clusters(once, 200, distance), clusters(often, 200, distance))


@pytest.mark.parametrize("seed", range(6))
def test_the_nearest_is_the_least_of_the_table(seed):
    """The first of several, -1 where none is within the distance."""
    value, table = crowded(120, seed)
    found = nearest(Pictures(value[:50]), Pictures(value[50:]), 8)
    rows = table[:50, 50:]
    near = rows.min(axis=1) <= 8
    assert np.array_equal(found.number, np.where(near, rows.argmin(axis=1), -1))
    assert np.array_equal(found.distance, np.where(near, rows.min(axis=1), -1))


@pytest.mark.parametrize("down, right, found", [(0, 40, True), (40, 0, True), (40, 80, True),
                                                (80, 0, True), (0, 120, False), (80, 80, False)])
def test_tiles_that_overlap_are_alike(down, right, found):
    """By one or two thirds of their side; not where they share no cell or a single one."""
    picture = blobs(1, 240, 240, n_spots=60)[0]
    tiles = np.stack([picture[:120, :120], picture[down:down + 120, right:right + 120]])
    both = Tiles(*ph.cell_hashes(tiles))
    assert (len(links(both).first) == 1) == found
    assert np.bitwise_count(np.bitwise_xor.reduce(ph.hashes(tiles))) > 8  # unseen by the whole
    one, other = (Tiles(*ph.cell_hashes(tile[None])) for tile in tiles)
    assert (nearest(one, other).number[0] == 0) == found


def test_tiles_of_different_pictures_are_not_alike():
    """One bright spot in a cell is like another; two cells in the same places are not."""
    assert len(links(Tiles(*ph.cell_hashes(blobs(60, 120, 120)))).first) == 0
