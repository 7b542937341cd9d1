"""A number of things in words, for pages and the terminal."""


def counted(n: int, one: str, many: str = "") -> str:
    """The number with what it counts; `many` where that is more than `one` and an s.

    >>> counted(1, "pair"), counted(1200, "pair"), counted(0, "missing run")
    ('1 pair', '1,200 pairs', '0 missing runs')
    >>> counted(1, "file was", "files were"), counted(2, "file was", "files were")
    ('1 file was', '2 files were')
    """
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"
