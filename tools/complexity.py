"""The same as `dualcenter complexity`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['complexity', *sys.argv[1:]]))
