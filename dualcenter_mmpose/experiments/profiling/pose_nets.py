"""What each pose-level network has learned, measured on the candidates that the dense maps offer it.

Candidates on unlabelled people and images without annotations are left out, as in training. Axis letters: M candidates
of an image, E numbers of an embedding.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from scipy.stats import spearmanr
from torch import Tensor

from dualcenter_mmpose.assembly.training_candidates import PoseTraining
from dualcenter_mmpose.models.loading import load_model
from dualcenter_mmpose.types import DenseMaps

PEAKS_ONLY = PoseTraining(max_candidates=1)  # no room beside the predicted peaks for annotated centers

NEXT_TO_NOTHING = 0.01
"""OKS below which two candidates are equally wrong."""


def measure_pose_nets(
    config: Config, checkpoint: Path, device: str = 'cpu', split: str = 'val', source: str = 'peaks'
) -> tuple[int, dict[str, float]]:
    """Return the number of images with a labelled person, and the measures over all of them by name.

    Args:
        config: of a model with pose-level networks; its data loaders may be changed.
        checkpoint: of the model.
        device: to run on.
        split: whose images, 'train' or 'val'; they come through the training pipeline, augmented as it says.
        source: candidates, 'peaks' for the predicted ones or 'training' for those around annotated centers as well,
            true and disturbed, that the networks learn from.

    Raises:
        ValueError: for a config without pose-level networks, a checkpoint that does not fit it, or images in which
            nobody is found.
    """
    head = (config.get('model') or {}).get('head') or {}
    if not head.get('pose_nets'):
        raise ValueError('the config has no pose-level networks (model.head.pose_nets): give one of stage 2 or 3')
    torch.manual_seed(0)
    model = load_model(config, checkpoint, device)
    options = PEAKS_ONLY if source == 'peaks' else model.head.pose_training
    images = [found for data in build_loader(config, split) for found in measure_batch(model, data, options)]
    return len(images), summarize(images)


@torch.no_grad()
def measure_batch(model: Any, data: dict[str, Any], options: PoseTraining = PEAKS_ONLY) -> list[dict[str, Tensor]]:
    """Return what the networks say of the candidates of each image, and the ground truth.

    Args:
        model: in test mode, with pose-level networks.
        data: a batch of the training loader.
        options: which candidates; the predicted peaks by default.

    Returns:
        Per image, over its M candidates that count: ``oks`` (M,), ``identities`` (M,) with -1 for nobody, and of the
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
        {key: value[image][counts].cpu() for key, value in found.items()}
        for image, counts in enumerate(targets.oks_known)
    ]


def pair_ranking(images: Iterable[dict[str, Tensor]]) -> tuple[float, int, int]:
    """Return how well embeddings tell people apart, over all pairs of candidates of one image.

    Returns:
        The share of (pair of one person, pair of two persons) in which the first is more similar, NaN without either
        (the area under the ROC curve), and the number of pairs of either kind.
    """
    similarities, same = [], []
    for found in images:
        is_person = found['identities'] >= 0
        embeddings, identities = found['embeddings'][is_person], found['identities'][is_person]
        first, second = torch.triu_indices(len(identities), len(identities), offset=1)
        similarities.append((embeddings[first] * embeddings[second]).sum(dim=1))
        same.append(identities[first] == identities[second])
    values, is_same = torch.cat(similarities), torch.cat(same)
    num_same, num_different = int(is_same.sum()), int((~is_same).sum())
    if not num_same or not num_different:
        return float('nan'), num_same, num_different
    lower = torch.searchsorted(values[~is_same].sort().values, values[is_same])
    return float(lower.double().mean() / num_different), num_same, num_different


def summarize(images: list[dict[str, Tensor]]) -> dict[str, float]:
    """Return the measures over all images, those of the networks that exist.

    Raises:
        ValueError: without two candidates.
    """
    oks = torch.cat([found['oks'] for found in images])
    if len(oks) < 2:
        raise ValueError('fewer than two candidates: the dense network finds nobody in these images')
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
