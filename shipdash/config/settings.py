"""The settings themselves, section by section, each with its limits and the words a form shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shipdash.config.base import A_DATA_NAME, A_RUN_ID, ConfigError, Section, setting_field

SEED_MAX = 2**32 - 1  # seeds travel in URLs and spreadsheets: keep them exact in a float64


@dataclass(frozen=True, kw_only=True)
class SourceConfig(Section, name="source"):
    """Where the pairs come from: drawn as the scene says, or read from a stored data set.

    Name, shape and fingerprint of a data set are part of the settings, so that a run id stands for
    one content and nobody need open a file to know what a network must fit.
    """

    kind: str = setting_field(
        "scene", "Pairs", "scene: drawn by the generator; files: a data set of your own.",
        choices=("scene", "files"),
    )
    name: str = setting_field(
        "", "Data set", "Its folder among the stored data sets.",
        pattern=A_DATA_NAME,
    )
    fingerprint: str = setting_field(
        "", "Fingerprint", "The first digits of the sha256 of its content.",
        pattern=(r"[0-9a-f]{16}", "16 hexadecimal digits"),
    )
    rows: int = setting_field(
        0, "Rows", "Height of its images; the networks halve it four times.",
        low=0, high=1024, step=16, unit="px",
    )
    cols: int = setting_field(
        0, "Columns", "Width of its images.", low=0, high=1024, step=16, unit="px",
    )

    def _check(self) -> None:
        given = self.kind == "files"
        for name in ("name", "fingerprint", "rows", "cols"):
            self._require(bool(getattr(self, name)) == given, name,
                          "must be given for a data set, and only for one", "kind")
        for name in ("rows", "cols"):
            self._require(getattr(self, name) % 16 == 0, name, "must be a multiple of 16")


@dataclass(frozen=True, kw_only=True)
class SceneConfig(Section, name="scene"):
    """How a pair is drawn; the defaults are the article's distribution."""

    size: int = setting_field(
        128, "Image size", "Side of the square image; a multiple of 16.",
        low=32, high=512, step=16, unit="px",
    )
    radius_min: float = setting_field(
        10.0, "Smallest semi-axis", "Lower limit of both semi-axes of the target ellipse.",
        low=1.0, high=255.0, step=0.5, unit="px",
    )
    radius_max: float = setting_field(
        20.0, "Largest semi-axis", "Upper limit of both semi-axes, and the margin to the border.",
        low=1.0, high=255.0, step=0.5, unit="px",
    )
    noise: float = setting_field(
        0.75, "Noise amplitude", "Every channel of every pixel is uniform noise of this width.",
        low=0.0, high=1.0, step=0.01,
    )
    contrast: float = setting_field(
        0.25, "Contrast", "Amount added to the brighter side. It is the only cue.",
        low=0.0, high=1.0, step=0.01,
    )
    polarity: str = setting_field(
        "both", "Polarity",
        "low sea: bright shapes on a dark sea; high sea: dark shapes on a bright sea; both: mixed.",
        choices=("both", "low_sea", "high_sea"),
    )
    distractor: str = setting_field(
        "rectangle", "Distractor", "A second shape of the target's colour that is not in the mask.",
        choices=("rectangle", "triangle", "none"),
    )

    def _check(self) -> None:
        self._require(self.size % 16 == 0, "size", "must be a multiple of 16")
        self._require(
            self.radius_max < self.size / 2, "radius_max", "must be less than half of size", "size"
        )
        self._require(
            self.radius_min <= self.radius_max,
            "radius_min", "must not exceed radius_max", "radius_max",
        )
        self._require(
            self.noise + self.contrast <= 1.0 + 1e-9,
            "contrast", "plus noise must not exceed 1, so that pixels stay in [0, 1]", "noise",
        )


@dataclass(frozen=True, kw_only=True)
class PlantedConfig(Section, name="planted"):
    """What is done to the pool on purpose, whatever its source; held-out pairs stay as they are.

    Settings with a known answer: the core set must not outgrow the number of distinct pairs, and
    a mask that is wrong cannot be predicted.
    """

    distinct: int = setting_field(
        0, "Distinct pairs", "The pool consists of copies of this many pairs; 0: no copies.",
        low=0, high=10_000_000, step=10,
    )
    duplicates: float = setting_field(
        0.0, "Planted duplicates", "Share of pool pairs that are exact copies of an earlier pair.",
        low=0.0, high=0.99, step=0.01,
    )
    label_noise: float = setting_field(
        0.0, "Label noise", "Share of pool pairs whose mask is wrong. Held-out masks stay correct.",
        low=0.0, high=1.0, step=0.01,
    )
    label_noise_kind: str = setting_field(
        "shifted", "Kind of label noise",
        "shifted: wrong masks are moved by a sixth of the image's side; dropped: they are empty; "
        "borrowed: they are those of another image.",
        choices=("shifted", "dropped", "borrowed"),
    )

    def _check(self) -> None:
        self._require(
            not (self.distinct and self.duplicates),
            "duplicates", "must be 0 when distinct is set, since both add copies", "distinct",
        )


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Section, name="network"):
    """Which network learns, and how a training step is done."""

    kind: str = setting_field(
        "compact", "Network",
        "compact: a small U-Net made for CPUs; article: the article's U-Net of 5.1 million "
        "parameters; rote: no network, it recognizes exactly the pairs it was shown.",
        choices=("compact", "article", "rote"),
    )
    filters: int = setting_field(
        8, "Filters", "Every level has a multiple of this many channels; 16 in the article.",
        low=4, high=64, step=4,
    )
    learning_rate: float = setting_field(
        0.01, "Learning rate", "Adam's step size at the start.", low=1e-6, high=1.0, step=0.001,
    )
    decay_steps: int = setting_field(
        200, "Learning rate decay",
        "Steps after which the step size has fallen by a factor of √2; 0: it stays constant.",
        low=0, high=1_000_000, step=50,
    )
    batch: int = setting_field(
        16, "Training batch", "Pairs per training step; constant, so that it is compiled once.",
        low=1, high=256, step=1,
    )
    warmup_batch: int = setting_field(
        16, "Warm-up batch", "Pairs per step while the first core pairs are learnt.",
        low=1, high=256, step=1,
    )
    predict_batch: int = setting_field(
        16, "Prediction batch", "Pairs per prediction call; constant, so that it is compiled once.",
        low=1, high=1024, step=1,
    )
    augment: bool = setting_field(
        True, "Flips and quarter turns", "Core pairs are also shown in other orientations.",
    )
    orientations: str = setting_field(
        "all", "Orientations", "all: flips and quarter turns, where nothing is up or down (from "
        "above, through a microscope); left-right: mirrored only, for images with a top.",
        choices=("all", "left-right"), added=True,
    )
    brightness: float = setting_field(
        0.0, "Brightness", "Core pairs are shown brighter or darker by up to this share of the "
        "range from black to white.", low=0.0, high=0.5, step=0.05, added=True,
    )
    invert: bool = setting_field(
        True, "Negatives", "Core pairs are also shown inverted, dark and bright exchanged.",
    )
    average: float = setting_field(
        0.9, "Weight averaging",
        "Predictions use an exponential moving average of the weights with this decay per step; "
        "0: the weights themselves. Averaging makes decisions steadier and the core set smaller.",
        low=0.0, high=0.999, step=0.01,
    )

    def _check(self) -> None:
        self._require(self.augment or self.orientations == "all", "orientations",
                      "must be all where core pairs are shown as they are", "augment")


@dataclass(frozen=True, kw_only=True)
class SelectionConfig(Section, name="selection"):
    """The loop: which pairs are tested, when a pair passes, and when training ends."""

    n_pool: int = setting_field(
        10_000, "Pool", "Pairs in the stream.", low=1, high=10_000_000, step=1000, unit="pairs",
    )
    precision: float = setting_field(
        0.85, "Precision", "The network trains until its score on the core set exceeds this: "
        "what the article calls precision is the target score of training, not the precision of "
        "precision and recall.",
        low=0.05, high=1.0, step=0.01,
    )
    margin: float = setting_field(
        0.95, "Margin", "A pair passes when its score reaches this fraction of the precision.",
        low=0.1, high=1.0, step=0.01,
    )
    acceptance: str = setting_field(
        "article", "Acceptance rule",
        "article: one tenth for each step of 0.05 in IoU, from 0.50 on; iou: the IoU itself.",
        choices=("article", "iou"),
    )
    train_until: str = setting_field(
        "pair", "Training ends",
        "epoch: whole epochs over the core set until the mean score of an epoch passes, as in the "
        "article; pair: single steps until the new pair and the mean of the last scores pass.",
        choices=("pair", "epoch"),
    )
    first: int = setting_field(
        11, "First pairs", "They start the core set without being tested.",
        low=1, high=10_000, step=1,
    )
    block: int = setting_field(
        1024, "Scan block",
        "Pairs in a block. The size matters where the network also trains after a block in which "
        "every pair passed; otherwise it does not change which pairs are picked.",
        low=1, high=65_536, step=32,
    )
    passes: int = setting_field(
        1, "Passes", "Passes over the stream; later ones test the discarded pairs again. "
        "0: until a whole pass adds nothing.",
        low=0, high=100, step=1,
    )
    idle_epochs: bool = setting_field(
        False, "Idle training",
        "Also train after a block without a failure, as the article does. The block size then "
        "determines how often this happens, so it does change the picks.",
    )
    min_steps: int = setting_field(
        5, "Fewest steps",
        "Minimum number of training steps for a new pair, where training ends with the pair.",
        low=1, high=1000, step=1,
    )
    max_steps: int = setting_field(
        20_000, "Step limit", "A training phase that needs more steps ends the run as stalled.",
        low=1, high=10_000_000, step=1000,
    )
    set_aside_after: int = setting_field(
        0, "Set aside after", "A new pair that has not passed after this many steps stays in the "
        "core set but need not pass. The same holds for the worst of the first pairs if their "
        "training makes no progress for as long. 0: never; the run then ends as stalled.",
        low=0, high=100_000, step=50, unit="steps", added=True,
    )
    exclude: tuple = setting_field(
        (), "Excluded cores",
        "Runs whose core pairs are left out of this pool, for disjoint folds.",
    )

    parent: str = setting_field(
        "", "Continues from", "The run whose core set is the first pairs of this pool, in its "
        "order: they start the core set, and only the pairs behind them are shuffled into a "
        "stream.",
        pattern=A_RUN_ID, added=True,
    )

    def _check(self) -> None:
        self._require(
            self.first <= self.n_pool, "first", "must not exceed n_pool", "n_pool"
        )
        self._require(
            self.acceptance == "article" or self.precision < 1, "precision",
            "must be below 1 where the score is IoU, which cannot exceed it", "acceptance"
        )
        limit = self.set_aside_after
        self._require(not limit or self.min_steps <= limit <= self.max_steps, "set_aside_after",
                      "must be 0, or from min_steps to max_steps", "min_steps", "max_steps")
        self._require(not limit or (self.train_until == "pair" and not self.idle_epochs),
                      "set_aside_after", "must be 0 where training ends with the epoch or goes on "
                      "without a new pair", "train_until", "idle_epochs")

    @property
    def threshold(self) -> float:
        """The score at which a pair passes; under the article score, the tenth that decides."""
        if self.acceptance == "article":
            return self.acceptance_tenths / 10
        return self.margin * self.precision

    @property
    def acceptance_tenths(self) -> int:
        """Tenths of the article score that a pair needs: the next whole one above the margin."""
        return math.ceil(10 * self.margin * self.precision - 1e-9)

    @property
    def acceptance_iou(self) -> float:
        """The IoU at which a pair passes, under either score; n tenths mean (n + 9) / 20."""
        if self.acceptance == "article":
            return (self.acceptance_tenths + 9) / 20
        return self.threshold


@dataclass(frozen=True, kw_only=True)
class SeedConfig(Section, name="seeds"):
    """Three independent sources of chance; the unit of replication is a run."""

    pool: int = setting_field(
        1, "Pool seed", "Determines which pairs are drawn.", low=0, high=SEED_MAX, step=1
    )
    order: int = setting_field(
        1, "Order seed", "Determines the order of the stream.", low=0, high=SEED_MAX, step=1
    )
    model: int = setting_field(
        1, "Model seed", "Determines initial weights, batches and augmentation.",
        low=0, high=SEED_MAX, step=1,
    )


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig(Section, name="evaluation"):
    """What is measured once selection has ended."""

    n_held_out: int = setting_field(
        10_000, "Held-out pairs",
        "Fresh pairs of a separate split that the run does not use for any decision.",
        low=0, high=1_000_000, step=1000, unit="pairs",
    )
    reaudit: bool = setting_field(
        True, "Re-audit", "The final network tests every discarded pair once more.",
    )
    pool_scores: bool = setting_field(
        False, "Pool scores", "The final network scores every pair of the pool, for arms that "
        "choose pairs by such scores.", added=True,
    )


PROTOCOLS = ("equal updates", "equal cost", "until score", "converged",
             "4 times the updates", "16 times the updates", "5 epochs", "true cost")
"""Trained on as many images as the selection was, at the selection's whole cost, until the arm's
own score exceeds the precision, or until the loss no longer falls; on 4 or 16 times as many images
as the selection was; for as long as forgetting events are counted; at the cost of the selection and
of training from scratch on its core set."""

SCORED = ("el2n", "forgetting", "ccs", "kcentre")
"""Kinds of arm that choose pairs by what another run's network has scored."""

ARM_KINDS = ("core", "random", "first", "stratified", "rejected", "full", "matched", *SCORED)


@dataclass(frozen=True, kw_only=True)
class ArmConfig(Section, name="arm"):
    """What the network learns from: the stream, or (a control arm) pairs that are given to it.

    An arm is a run like any other: queued, stored, resumed and cached by content. `source` is the
    finished selection whose core set it is compared with.
    """

    kind: str = setting_field(
        "selection", "Learns from",
        "selection: the stream. core: the source's core set, from scratch. random, first, "
        "stratified, rejected: as many other pairs. matched: as many with the core set's factors. "
        "el2n: those with the largest error of another run's network; ccs: spread over that error; "
        "forgetting: those most often forgotten; kcentre: spread over its features. full: the "
        "whole pool.",
        choices=("selection", *ARM_KINDS),
    )
    source: str = setting_field(
        "", "Source", "The selection run that this arm is compared with.", pattern=A_RUN_ID,
    )
    n_pairs: int = setting_field(
        0, "Pairs", "How many pairs the arm learns from; 0: as many as its kind asks for.",
        low=0, high=10_000_000, step=1,
    )
    draw: int = setting_field(
        0, "Draw", "Seed of the random draw of pairs.", low=0, high=SEED_MAX, step=1
    )
    stop: str = setting_field(
        "steps", "Training ends",
        "steps: after n_steps. score: when the mean score over the arm's own pairs exceeds the "
        "precision. plateau: when the loss no longer falls (convergence).",
        choices=("steps", "score", "plateau"),
    )
    n_steps: int = setting_field(
        0, "Training steps", "Number of steps, or its upper limit where score or loss decide.",
        low=0, high=10_000_000, step=100,
    )
    protocol: str = setting_field(
        "", "Protocol", "The rule by which the amount of training is made comparable.",
        choices=("", *PROTOCOLS),
    )
    scores: str = setting_field(
        "", "Scores", "The run whose network has scored the pool.", pattern=A_RUN_ID, added=True,
    )

    def _check(self) -> None:
        is_arm = self.kind != "selection"
        self._require(bool(self.source) == is_arm, "source",
                      "must be a run id for a control arm, and empty for a selection", "kind")
        self._require((self.n_steps > 0) == is_arm, "n_steps",
                      "must be at least 1 for a control arm, and 0 for a selection", "kind")
        self._require(is_arm or not self.protocol, "protocol", "must be empty for a selection",
                      "kind")
        self._require(is_arm or not self.n_pairs, "n_pairs", "must be 0 for a selection", "kind")
        self._require(self.kind != "full" or not self.n_pairs, "n_pairs",
                      "must be 0 for the full pool", "kind")
        self._require(bool(self.scores) == (self.kind in SCORED), "scores",
                      f"must be a run id for {', '.join(SCORED)}, and empty for others", "kind")

    def n_wanted(self, n_core: int, n_stream: int) -> int:
        """How many pairs the arm learns from, given the sizes of its source's core and stream.

        `ConfigError` where there are fewer, or none at all.
        """
        wanted = self.n_pairs or (n_stream if self.kind == "full" else n_core)
        there, words = {
            "core": (n_core, "core pairs of the source"),
            "rejected": (n_stream - n_core, "pairs that the source discarded"),
            "matched": (min(n_core, n_stream - n_core), "core pairs and those discarded"),
        }.get(self.kind, (n_stream, "pairs of the source's pool"))
        if not 1 <= wanted <= there:
            raise ConfigError(f"{self._name}.n_pairs", wanted,
                              f"must be from 1 to {there:,}, the {words}, for a {self.kind} arm")
        return wanted
