"""Your data: bring images and masks, look for leaks, select, and see what came out."""

from shipdash.ui import frame
from shipdash.ui.your_data import choose
from shipdash.ui.your_data import page as your_data

frame.page("Your data", "How many of your own images and masks does a network need? See which ones "
           "it kept, whether random ones would have done, and whether held-out images leak (have "
           "near duplicates in the pool).")
with frame.in_words():
    name = choose.data_set()
    view = frame.switch("View", your_data.VIEWS, key="data_view", label_visibility="collapsed")
    your_data.VIEWS[view](name)
