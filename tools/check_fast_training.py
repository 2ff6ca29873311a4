"""The same as `dualcenter check-fast-training`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['check-fast-training', *sys.argv[1:]]))
