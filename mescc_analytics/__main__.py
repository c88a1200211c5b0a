"""`python -m mescc_analytics <step>` is the same as `mescc <step>`."""

import sys

from mescc_analytics.cli import main

if __name__ == "__main__":
    sys.exit(main())
