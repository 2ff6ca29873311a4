"""The same as `dualcenter synthesize`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['synthesize', *sys.argv[1:]]))
