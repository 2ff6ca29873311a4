"""The same as `dualcenter score`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['score', *sys.argv[1:]]))
