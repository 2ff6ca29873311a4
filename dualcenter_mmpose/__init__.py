"""Bottom-up multi-person 2D pose estimation with dual anatomical centers, as a plugin of MMPose 1.x.

Importing the package registers its parts with MMPose's registries; a config does that by
``custom_imports = dict(imports=['dualcenter_mmpose'], allow_failed_imports=False)``.

===============  ===============================================  ===========================================  ======
step             where                                            in -> out                                    arrays
===============  ===============================================  ===========================================  ======
keypoint set     :mod:`dualcenter_mmpose.keypoints`               metainfo -> names, mirror pairs, OKS sigmas  numpy
files            :mod:`dualcenter_mmpose.coco`                    COCO files -> checked annotations, results   numpy
data set         :mod:`dualcenter_mmpose.datasets`                annotations -> keypoints (N, K, 2)           numpy
packing          :mod:`dualcenter_mmpose.codecs.packing`          keypoints -> packed instances, mask bits     numpy
training scales  :mod:`dualcenter_mmpose.models.pose_estimators`  images -> the same at 2S, S and S/2          torch
backbone, head   :mod:`dualcenter_mmpose.models.heads`            images -> heatmaps, displacements            torch
unpacking        :mod:`dualcenter_mmpose.codecs.unpacking`        packed instances -> instances in cells       torch
targets          :mod:`dualcenter_mmpose.codecs.targets`          instances -> target maps and weights         torch
candidates       :mod:`dualcenter_mmpose.assembly.candidates`     center peaks -> candidates (M, K, 2)         torch
pose-level nets  :mod:`dualcenter_mmpose.models.pose_nets`        candidates, features -> pose-net outputs     torch
grouping         :mod:`dualcenter_mmpose.assembly.grouping`       candidates, outputs -> predicted instances   torch
evaluation       :mod:`dualcenter_mmpose.evaluation`              predicted instances, boxes -> BBP, BBR       numpy
deployment       :mod:`dualcenter_mmpose.deployment`              model -> program: images -> instances        torch
baselines        :mod:`dualcenter_mmpose.baselines`               HigherHRNet and SWAHR: codec, heads          torch
experiments      :mod:`dualcenter_mmpose.experiments`             configs -> trainings, comparisons, profiles
commands         :mod:`dualcenter_mmpose.cli`                     options -> a call of the package
===============  ===============================================  ===========================================  ======

Coordinates are explained, and converted, in :mod:`dualcenter_mmpose.coordinates` alone.

Registered: ``DualCenterPoseGrouping`` (codec); ``DualCenterHead``, ``PerCenterSmoothL1Loss``,
``MultiScaleTrainingWrapper``, ``PoseSimilarityNet``, ``PoseConfidenceNet``, ``PoseRefinementNet`` (models);
``MultiScaleDistributedDataParallel`` (model wrapper); ``BBPBBRMetric`` (metric); ``CheckedCocoDataset``,
``CheckedCrowdPoseDataset``, ``CheckedOCHumanDataset`` (data sets); ``EmptySafeBottomupRandomAffine``,
``FastPackPoseInputs`` (transforms); ``stack_collate`` (function); ``EfficientNetLite0`` (backbone);
``ChannelsLastHook``, ``CompileBackboneHook``, ``TimeBudgetHook`` (hooks).
Of the baselines: ``AssociativeEmbeddingGrouping`` (codec); ``HigherHRNetHead``, ``SWAHRHead`` (models).
"""

import os

from dualcenter_mmpose.version import __version__

if not os.environ.get('DUALCENTER_WITHOUT_REGISTRATION'):  # set by commands that need neither torch nor MMPose
    from dualcenter_mmpose.utils.environment import check_environment

    # Before anything below imports the stack: its own error messages do not say what to install.
    check_environment()

    from dualcenter_mmpose import baselines, codecs, datasets, engine, models
    from dualcenter_mmpose.evaluation import bbp_bbr_metric
    from dualcenter_mmpose.utils.checkpoints import register_safe_globals

    register_safe_globals()

__all__ = ['__version__', 'baselines', 'bbp_bbr_metric', 'codecs', 'datasets', 'engine', 'models']
