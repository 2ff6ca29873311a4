# The three pose-scale networks for a small backbone on a CPU: at full size and with 100 candidates they would cost
# twice as much as it. A config takes them as `pose_nets=_base_.small_pose_nets`.
small_pose_nets = dict(
    similarity=dict(type='PoseSimilarityNet', width=32, hidden=(256,), embedding=128),
    confidence=dict(type='PoseConfidenceNet', width=32, hidden=(256, 64)),
    refinement=dict(type='PoseRefinementNet', width=32, hidden=(256, 256)),
)
