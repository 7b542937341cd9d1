"""Tables of `analysis` as Plotly figures: the only place with colours and axis titles.

Nothing is computed here and no Streamlit is known. Text, grid and background take the page's
theme where the figure is drawn; the colours of `base` read on light and dark alike.
"""

from shipdash.figures.arms import NAMES, arms, costs, differences
from shipdash.figures.arms_so_far import arms_so_far
from shipdash.figures.base import SELECTED, Chart
from shipdash.figures.by_factor import by_factor
from shipdash.figures.certificate import bounds
from shipdash.figures.compare import Lines, overlay
from shipdash.figures.groups import kept_by_group, scores_by_group
from shipdash.figures.growth import growth
from shipdash.figures.orders import fan
from shipdash.figures.overlap import overlap
from shipdash.figures.random_curve import random_curve
from shipdash.figures.ranking_curve import ranking_curve
from shipdash.figures.run import history, rejection_rate, selection, training
from shipdash.figures.scores import cumulative, factor_rates, pixel_levels, scores
from shipdash.figures.share_below_iou import share_below_iou
from shipdash.figures.sweep import RULES, Measure, threshold, trade_off
from shipdash.figures.update_budget import budget
