"""The same as `dualcenter compare`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['compare', *sys.argv[1:]]))
