"""Print BBP and BBR of a COCO keypoint result file, or the ceiling of tight keypoint boxes.

Example: ``python tools/score_results.py ANN.json RESULTS.json --area-source bbox``
"""

from __future__ import annotations

import sys

from _light_import import find_package_dir, import_pure


def main() -> int:
    """Run the command and return its exit status."""
    package_dir = find_package_dir(__file__)
    # The scoring module reaches into 'datasets' too, whose registrations are not wanted either.
    import_pure('dualcenter_mmpose.datasets.annotation_checks', package_dir)
    scoring = import_pure('dualcenter_mmpose.evaluation.results_scoring', package_dir)
    return int(scoring.main())


if __name__ == '__main__':
    sys.exit(main())
