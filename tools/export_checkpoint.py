"""The same as `dualcenter export-checkpoint`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['export-checkpoint', *sys.argv[1:]]))
