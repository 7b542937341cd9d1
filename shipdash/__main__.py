"""``python -m shipdash``: the command line."""

import sys

from shipdash.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())
