"""The same as `dualcenter predict-onnx`."""

import sys

from dualcenter import main

if __name__ == '__main__':
    sys.exit(main(['predict-onnx', *sys.argv[1:]]))
