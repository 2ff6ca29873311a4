"""The same as `dualcenter reduce-config`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['reduce-config', *sys.argv[1:]]))
