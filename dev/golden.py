"""Golden values: what the code computed before it was rearranged, to compare with what it computes now.

``python -m dev.golden --write tests/golden`` writes them, ``python -m dev.golden`` prints the largest difference of
each part: px of predictions, shares of losses. Everything comes from fixed seeds: rendered images, random weights,
random augmentation. Written with the code of 0.1.0; renewing them is saying that results were meant to move, and the
changelog then says why.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmpose.apis import inference_bottomup, init_model
from mmpose.registry import MODELS

from dualcenter_mmpose.utils.files import write_text

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / 'tests' / 'golden'
CHECKPOINT = ROOT / 'checkpoints' / 'dualcenter_hrnet-w16s_synthetic-256x256.pth'
NUM_KEPT = 5
"""Best persons kept of each image: the file stays small, and a change moves the best ones, too."""
STEPS = {
    'w32': ('dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py', dict(scales=(1.0,)), 2, 512),
    'stage2': ('dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py', {}, 4, 256),
    'multi-scale': (
        'dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py',
        dict(scales_per_step=None, scale_probabilities=None, crop_largest=False),
        4,
        512,
    ),
}
"""Name -> config, options of the model, images of the step, side of the training images."""


def find_config(name: str) -> Path:
    """Return the one config of that name."""
    (path,) = (ROOT / 'configs').rglob(name)
    return path


def render_images(folder: Path) -> None:
    """Render 20 images with people of all sizes, half of them for validation."""
    command = [sys.executable, str(ROOT / 'dualcenter.py'), 'synthesize', str(folder)]
    options = ['--images', '20', '--val-images', '10', '--seed', '7', '--size', '384', '--workers', '1']
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def predict_all(images: list[Path]) -> dict[str, list[Any]]:
    """Return keypoints, scores and boxes that the shipped checkpoint finds in each image."""
    config = Config.fromfile(find_config('dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py'))
    found: dict[str, list[Any]] = {}
    model = init_model(config, str(CHECKPOINT), device='cpu')
    for image in images:
        instances = inference_bottomup(model, str(image))[0].pred_instances
        arrays = (instances.keypoints, instances.keypoint_scores, instances.bboxes, instances.bbox_scores)
        found[image.name] = [np.asarray(array[:NUM_KEPT], np.float64).round(7).tolist() for array in arrays]
    return found


def training_losses(name: str, folder: Path) -> dict[str, float]:
    """Return the losses of one training step, and the length of its gradient."""
    file, options, num_images, side = STEPS[name]
    config = Config.fromfile(find_config(file))
    config.model.update(options)
    config.model.backbone.init_cfg = None
    dataset = config.train_dataloader.dataset
    dataset.update(
        data_root=str(folder), ann_file='annotations/person_keypoints_train.json', data_prefix=dict(img='images/')
    )
    for transform in dataset.pipeline:
        if str(transform.type).endswith('BottomupRandomAffine'):
            transform.input_size = (side, side)
    config.train_dataloader.update(batch_size=num_images, num_workers=0, persistent_workers=False)
    config.train_dataloader.sampler.shuffle = False
    init_default_scope('mmpose')
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    model.init_weights()
    if name != 'w32':  # poses of random weights are nobody's: the pose-level networks would learn nothing from them
        load_checkpoint(model, str(CHECKPOINT), map_location='cpu')
    loader = Runner.build_dataloader(config.train_dataloader, seed=0)
    np.random.seed(0)
    torch.manual_seed(0)
    batch = next(iter(loader))
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    wrapper = OptimWrapper(torch.optim.SGD(trained, lr=0.0))
    wrapper.zero_grad = lambda **_: None  # gradients are wanted after the step
    logged = model.train_step(batch, wrapper)
    squares = sum(float(p.grad.double().square().sum()) for p in trained if p.grad is not None)
    return {**{key: float(value) for key, value in logged.items()}, 'gradient': squares**0.5}


def compute(folder: Path) -> dict[str, Any]:
    """Return all golden values, from images below a folder."""
    render_images(folder)
    values: dict[str, Any] = {'predictions': predict_all(sorted((folder / 'images').glob('*.jpg')))}
    values['losses'] = {name: training_losses(name, folder) for name in STEPS}
    return values


def differences(found: Any, expected: Any, name: str = '') -> dict[str, float]:
    """Return the largest difference of each part; infinite where the parts have other shapes."""
    if isinstance(expected, dict):
        result = {} if set(found) == set(expected) else {name + '/keys': float('inf')}
        for key in set(found) & set(expected):
            result.update(differences(found[key], expected[key], f'{name}/{key}'))
        return result
    if not isinstance(expected, list):  # a loss, of any size: its share
        return {name: abs(found / expected - 1)}
    worst = 0.0
    for one, other in zip(found, expected):
        a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
        worst = max(worst, float(np.abs(a - b).max(initial=0)) if a.shape == b.shape else float('inf'))
    return {name: worst}


def main() -> int:
    """Write or compare; return 1 where a difference is above the tolerance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--write', type=Path, metavar='DIR', help='write the values there in place of comparing')
    parser.add_argument('--images', type=Path, nargs='*', metavar='JPG', help='only predict these images')
    parser.add_argument('--golden', type=Path, default=GOLDEN, metavar='DIR', help='values to compare with')
    parser.add_argument('--tolerance', type=float, default=1e-6)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        values = {'predictions': predict_all(args.images)} if args.images else compute(Path(folder))
    if args.write is not None:
        args.write.mkdir(parents=True, exist_ok=True)
        write_text(args.write / 'values.json', json.dumps(values) + '\n')
        return 0
    worst = differences(values, json.loads((args.golden / 'values.json').read_text()))
    for name, difference in sorted(worst.items()):
        print(f'{name}: {difference:.2e}')
    return int(max(worst.values()) > args.tolerance)


if __name__ == '__main__':
    sys.exit(main())
