"""Predict 300 people in one large picture in a process of its own, and print the most memory that it took."""

from __future__ import annotations

import json
import sys
import warnings

warnings.filterwarnings('ignore', category=UserWarning)

import torch  # noqa: E402

import dualcenter_mmpose  # noqa: E402, F401  (registers the codec and the head)
from benchmarks.decode import NETS, _lively_maps  # noqa: E402
from benchmarks.models import make_model  # noqa: E402
from dualcenter_mmpose.experiments.profiling.peak import process_peak_mib  # noqa: E402

PEOPLE = 300


@torch.no_grad()
def main() -> None:
    """Predict a picture of the (h, w) px on the command line; print people found and mebibytes as JSON."""
    height, width = (int(side) for side in sys.argv[1:3])
    decoding = dict(max_candidates=PEOPLE, max_people=PEOPLE)
    model = make_model(width=32, size=512, pose_nets=NETS, decoding=decoding).eval()
    feats = model.extract_feat(torch.randn(1, 3, height, width))
    model.head(feats)
    maps = _lively_maps(model.head, feats)
    people = model.head.instances_from_maps(feats, maps)
    print(json.dumps(dict(people=int(people.valid.sum()), peak_mib=process_peak_mib())))


if __name__ == '__main__':
    main()
