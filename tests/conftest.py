"""What mmengine keeps for a whole process must not reach the next test; data that the repository does not hold."""

import pytest
from mmengine.logging import MessageHub
from mmengine.registry import DefaultScope

from tests.outside_data import find_outside_data


@pytest.fixture(autouse=True)
def fresh_process_state():
    """Forget the iteration, the annotation file and the scope that registries search, whatever a run has left.

    A runner without ``default_scope`` leaves ``mmengine`` as the current scope, where no part of MMPose is found.
    """
    yield
    MessageHub._instance_dict.clear()
    DefaultScope._instance_dict.clear()


@pytest.fixture(scope='session')
def coco_cc():
    """The folder of coco_cc, with ``annotations/`` and ``images/``."""
    return find_outside_data('DUALCENTER_COCO_CC', 'data/coco_cc', 'coco_cc (docs/coco_cc.md says how to make it)')


@pytest.fixture(scope='session')
def keypoint_results():
    """A folder with COCO keypoint results of two public models, and the annotations that they are scored by."""
    found = find_outside_data('DUALCENTER_FIXTURES', 'data', 'results of public models, in keypoint_results/')
    if not (found / 'keypoint_results').is_dir():
        pytest.skip(f"'{found}', which DUALCENTER_FIXTURES or its default names, has no keypoint_results/")
    return found / 'keypoint_results'


@pytest.fixture(scope='session')
def paper_tables():
    """A YAML file with the paper's tables, written down by others than ``experiments/comparison``."""
    return find_outside_data('DUALCENTER_PAPER_TABLES', 'data/paper_tables.yaml', "a transcript of the paper's tables")
