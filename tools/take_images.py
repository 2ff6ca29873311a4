"""The same as `dualcenter take-images`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['take-images', *sys.argv[1:]]))
