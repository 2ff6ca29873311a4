# Stage 1 with rotation, scale and shift drawn evenly from their ranges, DEKR's law; MMPose draws from a bell.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

train_pipeline = _base_.train_pipeline
train_pipeline[1].distribution = 'uniform'
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
