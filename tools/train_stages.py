"""The same as `dualcenter train-stages`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['train-stages', *sys.argv[1:]]))
