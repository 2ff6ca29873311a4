"""What users touch: MMPose's inferencer and visualizer, stopping and resuming, several entry points to one training."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import MMPoseInferencer, init_model

from tests.configs.reduce import ROOT, load_reduced
from tests.reference.coco_files import coco_content, person, write_coco

SMALL = ROOT / 'configs' / 'dualcenter' / 'synthetic' / 'dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py'

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def small_run(tmp_path_factory):
    """A reduced config on disk with its tiny data set."""
    folder = tmp_path_factory.mktemp('run')
    people = [person(i, i, (20, 20, 60, 90)) for i in range(1, 7)]
    ann_file = write_coco(folder, coco_content(*people, num_images=6), with_images=True)
    config = load_reduced(SMALL, ann_file, str(folder))
    config.default_hooks.checkpoint.update(interval=1)
    config.train_cfg.update(max_epochs=2, val_interval=1)
    path = folder / 'small.py'
    config.dump(path)
    return folder, path


def run_tool(*words: str, **environment: str) -> str:
    """Run a command of this environment and return what it printed."""
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': str(ROOT), **environment},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


def test_stop_resume_test(small_run):
    """Training stops after an epoch, resumes from its checkpoint with weights_only=True, and is tested."""
    folder, config = small_run
    work_dir = str(folder / 'work')
    one = ['--cfg-options', 'train_cfg.max_epochs=1']
    run_tool('tools/train.py', str(config), '--work-dir', work_dir, *one)
    assert (folder / 'work' / 'epoch_1.pth').is_file()
    assert not (folder / 'work' / 'epoch_2.pth').is_file()
    printed = run_tool('tools/train.py', str(config), '--work-dir', work_dir, '--resume')
    assert 'resumed epoch: 1' in printed
    assert (folder / 'work' / 'epoch_2.pth').is_file()
    printed = run_tool('tools/test.py', str(config), str(folder / 'work' / 'epoch_2.pth'), '--work-dir', work_dir)
    assert 'bbox/BBP (S)' in printed


def test_exported_checkpoint(small_run):
    """The export fits the exported config without a missing or unexpected key, and predicts bit for bit the same."""
    folder, config = small_run
    checkpoint = folder / 'work' / 'epoch_2.pth'
    out, out_config = folder / 'plain.pth', folder / 'plain.py'
    run_tool(
        'tools/export_checkpoint.py', str(checkpoint), '--out', str(out), '--config', str(config), '--out-config',
        str(out_config),
    )  # fmt: skip
    assert out.stat().st_size < 0.5 * checkpoint.stat().st_size
    plain = init_model(str(out_config), str(out), device='cpu')
    assert type(plain).__name__ == 'BottomupPoseEstimator'
    state = torch.load(out, map_location='cpu', weights_only=True)['state_dict']
    assert state.keys() == plain.state_dict().keys()
    wrapped = init_model(str(config), str(checkpoint), device='cpu')
    image = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        for a, b in zip(wrapped._forward(image), plain._forward(image)):
            assert torch.equal(a, b)


@pytest.mark.parametrize('draw_heatmap', [False, True])
def test_inferencer_draws(small_run, draw_heatmap):
    """MMPose's inferencer predicts and draws with the training config, heatmaps included."""
    folder, config = small_run
    checkpoint = folder / 'work' / 'epoch_2.pth'
    cfg = Config.fromfile(config)
    cfg.model.head.decoder.decoding = dict(candidate_thr=0.0)
    eager = folder / 'eager.py'
    cfg.dump(eager)
    inferencer = MMPoseInferencer(pose2d=str(eager), pose2d_weights=str(checkpoint), device='cpu')
    picture = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    out = folder / f'drawn-{draw_heatmap}'
    result = next(inferencer(picture, out_dir=str(out), draw_heatmap=draw_heatmap, pose_based_nms=True, kpt_thr=0.0))
    people = result['predictions'][0]
    assert len(people) > 0
    assert len(people[0]['keypoints']) == 17
    drawn = next(Path(out, 'visualizations').glob('*'))
    assert cv2.imread(str(drawn)).shape[1] == 160


def test_score_mode_with_and_without_boxes(small_run):
    """CocoMetric's AP does not change when the head's boxes are left out: they are the keypoints' own."""
    folder, config = small_run
    metric = Config.fromfile(config).test_evaluator[0]
    from mmpose.registry import METRICS

    rng = np.random.default_rng(0)
    found = {}
    for with_boxes in (True, False):
        coco = METRICS.build({**metric})
        coco.dataset_meta = init_model(str(config), str(folder / 'work' / 'epoch_2.pth'), device='cpu').dataset_meta
        rng = np.random.default_rng(0)
        samples = []
        for image_id in range(1, 7):
            truth = np.array(person(1, 1, (20, 20, 60, 90))['keypoints'], float).reshape(1, 17, 3)[..., :2]
            keypoints = truth + rng.normal(0, 3, (2, 17, 2))
            instances = dict(
                keypoints=keypoints,
                keypoint_scores=np.ones((2, 17)),
                bbox_scores=rng.random(2),
                bboxes=np.concatenate([keypoints.min(1), keypoints.max(1)], axis=1),
            )
            if not with_boxes:
                del instances['bboxes']
            samples.append(dict(id=image_id, img_id=image_id, pred_instances=instances, gt_instances={}))
        coco.process([], samples)
        found[with_boxes] = coco.evaluate(len(samples))
    assert found[True] == found[False]
    assert 0 < found[True]['coco/AP'] < 1
