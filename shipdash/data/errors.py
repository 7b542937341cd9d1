"""What can be wrong with the folder of data sets."""


class DataError(Exception):
    """Something about the folder of data sets, in a sentence that says what to do."""
