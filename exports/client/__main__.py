"""``python -m exports.client pull …``: the same where nothing is installed."""

import sys

from exports.client.command import main

if __name__ == "__main__":
    sys.exit(main())
