"""The same as `dualcenter export`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['export', *sys.argv[1:]]))
