"""``python -m pushtune COMMAND``: what ``make`` calls."""

import sys

from pushtune.commands.command_line import main

if __name__ == "__main__":
    sys.exit(main())
