"""``python -m shipdash``: the command line."""

import sys

if sys.argv[1:2] in (["work"], ["standby"]):  # what programs start, some hundred times a sweep
    from shipdash.cli.worker_process import main
else:
    from shipdash.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())
