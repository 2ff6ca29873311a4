"""The paper's numbers, as printed, from ``paper_numbers.yaml`` beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from dualcenter_mmpose.experiments.comparison.rows import Row

FILE = Path(__file__).with_name('paper_numbers.yaml')
DATA_SETS = ('coco', 'crowdpose')
AREA_SOURCE = 'tool'
"""The paper does not say; its All column is the mean of S, M and L weighted as this source weights them."""


def paper_rows(data_set: str, path: Path = FILE) -> list[Row]:
    """Return the paper's rows on a data set.

    Args:
        data_set: one of :data:`DATA_SETS`.
        path: of the numbers.
    """
    content = yaml.safe_load(path.read_text(encoding='utf-8'))
    doubts = content['doubtful'][data_set]
    return [_paper_row(row, doubts) for row in content[data_set]['rows']]


def paper_source(data_set: str, path: Path = FILE) -> str:
    """Return what the paper's rows were measured on and where they are printed."""
    return str(yaml.safe_load(path.read_text(encoding='utf-8'))[data_set]['data'])


def _paper_row(row: dict[str, Any], doubts: list[dict[str, str]]) -> Row:
    own = [doubt for doubt in doubts if all(doubt[key] == row[key] for key in ('method', 'network'))]
    boxes = {key: row[key] for key in ('BBP', 'BBR') if row[key] is not None}
    return Row(
        name=f'{row["method"]} ({row["network"]})',
        keypoints=row['AP'] or {},
        boxes={AREA_SOURCE: boxes} if boxes else {},
        params_m=row['params_M'],
        multiply_adds_g=row['multiply_adds_G'],
        is_printed=True,
        doubtful={doubt['number']: doubt['why'] for doubt in own},
    )
