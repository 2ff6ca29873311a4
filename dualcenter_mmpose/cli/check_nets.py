"""Measure what each pose-level network has learned, on the candidates that the dense maps offer it.

Confidence: rank correlation (Spearman) and mean distance to the true OKS. Similarity: how often two candidates of one
person are more alike than two of different persons. Refinement: OKS before and after. Candidates on unlabelled people
and images without annotations are left out, as in training. `--candidates training` adds to the predicted peaks the
candidates around annotated centers, true and disturbed, that the networks learn from. Images come through the config's
training pipeline, augmented as it says.

Example::

    dualcenter check-nets CONFIG work_dirs/w32/stage2/epoch_20.pth --split val
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

warnings.filterwarnings('ignore', category=UserWarning)

import torch  # noqa: E402
from mmengine.config import Config, DictAction  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmengine.runner import Runner, load_checkpoint  # noqa: E402
from mmpose.registry import MODELS  # noqa: E402
from scipy.stats import spearmanr  # noqa: E402
from tabulate import tabulate  # noqa: E402
from torch import Tensor  # noqa: E402

from dualcenter_mmpose.assembly.training_candidates import PoseTraining  # noqa: E402
from dualcenter_mmpose.types import DenseMaps  # noqa: E402
from dualcenter_mmpose.utils.files import write_text  # noqa: E402

PEAKS_ONLY = PoseTraining(max_candidates=1)  # no room beside the predicted peaks for annotated centers

NEXT_TO_NOTHING = 0.01
"""OKS below which two candidates are equally wrong."""


@torch.no_grad()
def judge_batch(model: Any, data: dict[str, Any], options: PoseTraining = PEAKS_ONLY) -> list[dict[str, Tensor]]:
    """Return what the networks say of the candidates of each image, and the truth.

    Args:
        model: in test mode, with pose-level networks.
        data: a batch of the training loader.
        options: which candidates to judge; the predicted peaks by default.

    Returns:
        Per image, over its M judged candidates: ``oks`` (M,), ``identities`` (M,) with -1 for nobody, and of the
        networks that exist ``confidences`` (M,), ``embeddings`` (M, E) and ``refined_oks`` (M,).
    """
    head = model.head
    data = model.data_preprocessor(data, training=True)
    feats = model.extract_feat(data['inputs'])
    maps = DenseMaps(*(part.float() for part in head.forward(feats)))
    instances = head.unpack_instances(data['data_samples'])
    candidates = head.decoder.training_candidates(maps, instances, options)
    threshold = head.pose_training.identity_thr
    targets = head.decoder.match(candidates, instances, threshold)
    outputs = head.pose_nets.predict(feats, maps.heatmaps[:, : head.num_keypoints], candidates)
    found = dict(oks=targets.oks, identities=targets.identities)
    if outputs.confidences is not None:
        found['confidences'] = outputs.confidences
    if outputs.embeddings is not None:
        found['embeddings'] = outputs.embeddings
    if outputs.refined is not None:
        refined = candidates._replace(keypoints=outputs.refined)
        found['refined_oks'] = head.decoder.match(refined, instances, threshold).oks
    return [
        {key: value[image][judged].cpu() for key, value in found.items()}
        for image, judged in enumerate(targets.oks_known)
    ]


def pair_ranking(images: Iterable[dict[str, Tensor]]) -> tuple[float, int, int]:
    """Return how well embeddings tell people apart, over all pairs of candidates of one image.

    Returns:
        The share of (pair of one person, pair of two persons) in which the first is more alike, NaN without either
        (the area under the ROC curve), and the number of pairs of either kind.
    """
    alike, same = [], []
    for found in images:
        is_person = found['identities'] >= 0
        embeddings, identities = found['embeddings'][is_person], found['identities'][is_person]
        first, second = torch.triu_indices(len(identities), len(identities), offset=1)
        alike.append((embeddings[first] * embeddings[second]).sum(dim=1))
        same.append(identities[first] == identities[second])
    values, is_same = torch.cat(alike), torch.cat(same)
    num_same, num_different = int(is_same.sum()), int((~is_same).sum())
    if not num_same or not num_different:
        return float('nan'), num_same, num_different
    lower = torch.searchsorted(values[~is_same].sort().values, values[is_same])
    return float(lower.double().mean() / num_different), num_same, num_different


def summarize(images: list[dict[str, Tensor]]) -> dict[str, float]:
    """Return the measures over all images, those of the networks that exist.

    Raises:
        ValueError: without any candidate to judge.
    """
    oks = torch.cat([found['oks'] for found in images])
    if len(oks) < 2:
        raise ValueError('fewer than two candidates to judge: the dense network finds nobody in these images')
    matched = torch.cat([found['identities'] for found in images]) >= 0
    measures = {'candidates': len(oks), 'candidates of a person': int(matched.sum()), 'mean OKS': float(oks.mean())}
    if 'confidences' in images[0]:
        confidences = torch.cat([found['confidences'] for found in images])
        measures['confidence: Spearman with OKS'] = _rank_correlation(confidences, oks)
        # Most candidates are false alarms. Their OKS, next to nothing, have ranks that no confidence could know.
        some = oks > NEXT_TO_NOTHING
        measures[f'confidence: Spearman, OKS > {NEXT_TO_NOTHING}'] = _rank_correlation(confidences[some], oks[some])
        measures['confidence: mean |error|'] = float((confidences - oks).abs().mean())
    if 'embeddings' in images[0]:
        ranking, num_same, num_different = pair_ranking(images)
        measures['similarity: area under ROC'] = ranking
        measures['similarity: pairs of one person'] = num_same
        measures['similarity: pairs of two'] = num_different
    if 'refined_oks' in images[0]:
        refined = torch.cat([found['refined_oks'] for found in images])
        measures['refinement: mean OKS of persons before'] = float(oks[matched].mean())
        measures['refinement: mean OKS of persons after'] = float(refined[matched].mean())
    return measures


def _rank_correlation(first: Tensor, second: Tensor) -> float:
    """Return Spearman's coefficient, NaN for fewer than two values."""
    return float(spearmanr(first.numpy(), second.numpy()).statistic) if len(first) > 1 else float('nan')


def build_loader(config: Config, split: str) -> Any:
    """Return a loader of a split through the training pipeline, each image once, in order."""
    loader = config.train_dataloader
    while 'dataset' in loader.dataset:  # data sets that repeat or join others
        loader.dataset = loader.dataset.dataset
    if split == 'val':
        source = config.val_dataloader.dataset
        loader.dataset.update({key: source[key] for key in ('data_root', 'ann_file', 'data_prefix')})
    loader.update(num_workers=0, persistent_workers=False, sampler=dict(type='DefaultSampler', shuffle=False))
    return Runner.build_dataloader(loader, seed=0)


def build_model(config: Config, checkpoint: Path, device: str) -> Any:
    """Return the model of a config in test mode.

    Raises:
        ValueError: if it has no pose-level networks.
    """
    model = MODELS.build(config.model)
    if getattr(model.head, 'pose_nets', None) is None:
        raise ValueError('the config has no pose-level networks (model.head.pose_nets): give one of stage 2 or 3')
    load_checkpoint(model, str(checkpoint), map_location='cpu', strict=False)
    return model.to(device).eval()


def main() -> int:
    """Measure; return the exit status."""
    args = parse_args()
    try:
        for path in (args.config, args.checkpoint):
            if not path.is_file():
                raise FileNotFoundError(f"'{path}' does not exist")
        config = Config.fromfile(args.config)
        config.merge_from_dict(args.cfg_options or {})
        init_default_scope(config.default_scope)
        torch.manual_seed(0)
        model = build_model(config, args.checkpoint, args.device)
        options = PEAKS_ONLY if args.candidates == 'peaks' else model.head.pose_training
        images = [found for data in build_loader(config, args.split) for found in judge_batch(model, data, options)]
        measures = summarize(images)
    except (OSError, ValueError) as error:
        print(f'check_pose_nets: {error}', file=sys.stderr)
        return 2
    print(f'{len(images)} images of the {args.split} split, candidates: {args.candidates}')
    rows = [(name, str(value) if isinstance(value, int) else f'{value:.3f}') for name, value in measures.items()]
    print(tabulate(rows, tablefmt='plain', colalign=('left', 'right'), disable_numparse=True))
    if args.out is not None:
        about = dict(split=args.split, source=args.candidates, images=len(images))
        write_text(args.out, json.dumps({**about, **measures}, indent=2) + '\n')  # NaN where not defined
    return 0


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=Path, help='config of stage 2 or 3')
    parser.add_argument('checkpoint', type=Path, help='its checkpoint')
    parser.add_argument('--split', choices=['train', 'val'], default='val', help='whose images (default: val)')
    parser.add_argument('--candidates', choices=['peaks', 'training'], default='peaks', help='which (default: peaks)')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--out', type=Path, help='JSON file to write the measures to')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='settings of the config, key=value')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
