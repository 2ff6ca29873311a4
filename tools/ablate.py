"""The same as `dualcenter ablate`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['ablate', *sys.argv[1:]]))
