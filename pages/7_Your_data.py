"""Your data: bring images and masks, look for leaks, select, and see what came out."""

from shipdash.ui import frame
from shipdash.ui.your_data import choose
from shipdash.ui.your_data import page as your_data

frame.page("Your data", "The same question for images and masks of your own: how many were needed, "
           "which ones, whether random ones would have done, and whether held-out images leak.")
name = choose.data_set()
view = frame.switch("View", your_data.VIEWS, key="data_view", label_visibility="collapsed")
with frame.in_words():
    your_data.VIEWS[view](name)
