# The single-center baseline: DEKR's one center and one scale. Every step is of nominal size, so that as many steps as
# in stage 1 of the method take as long as all of its stages.
_base_ = ['./dualcenter_hrnet-w16s_1xb8-36e_overfit-256x256.py']

model = dict(
    scales=(1.0,),
    scales_per_step=1,
    scale_probabilities=None,
    crop_largest=False,
    head=dict(
        decoder=dict(
            centers=[dict(name='kpt_center', rule='kpt_mean', sigma=4)],
            decoding=dict(instance_score='center*kpt_mean'),
        )
    ),
)

photographs = _base_.train_dataloader.dataset.dataset
photographs.pipeline[1].input_size = (256, 256)  # one scale: S in place of 2S
train_dataloader = dict(dataset=dict(dataset=photographs))
