"""Images without masks, a finished run of the learner that knows by heart, and its ranking."""

import own_pictures as own

from shipdash.data.own_preset import own_config
from shipdash.importing import ImportRequest, import_pairs
from shipdash.labelling import rank_request, ranking_job
from shipdash.runs import Store, worker

N = 20  # more than the browser is sent at once
SHAPE = (32, 32)


def stored(folder, store: Store) -> str:
    """The data sets *old*, of 15 labelled pairs, and *new*, of 20 images without masks, the first
    two of them pictures of *old*; the id of the finished run on *old*."""
    own.write(folder, own.pairs(15, SHAPE))
    import_pairs(own.request(folder, name="old"))
    own.write(folder, {f"new/{k:02d}.png": own.encoded(own.image(k if k < 2 else 50 + k, SHAPE))
                       for k in range(N)})
    import_pairs(ImportRequest(name="new", kind="none", held_out=0, rows=32, cols=32,
                               images=f"{folder}/new"))
    run_id, _ = store.create(own_config("old").replace(
        **{"network.kind": "rote", "selection.first": 3}))
    worker.work(store, run_id)
    return run_id


def ranked(folder, store: Store) -> str:
    """The same with its ranking computed; the run's id."""
    run_id = stored(folder, store)
    ranking_job.compute(store, rank_request(store, "new", run_id))
    return run_id


def labelled(folder) -> None:
    """The data set *more*: five new pairs with masks."""
    own.write(folder / "more", {
        name: content for k in range(20, 25) for name, content in (
            (f"images/n{k}.png", own.encoded(own.image(k, SHAPE))),
            (f"masks/n{k}.png", own.mask_png(own.mask(k, SHAPE))))})
    import_pairs(own.request(folder / "more", name="more", held_out=0))
