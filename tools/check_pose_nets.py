"""The same as `dualcenter check-nets`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['check-nets', *sys.argv[1:]]))
