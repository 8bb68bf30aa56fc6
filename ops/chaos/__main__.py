"""The entry point of `python -m ops.chaos`."""

import sys

from ops.chaos.runner import main

sys.exit(main())
