# The whole method on CrowdPose: stage 2 on the dense network of stage 1. Also the config to test with.
_base_ = ['./dualcenter_hrnet-w32_8xb10-300e_crowdpose-512x512.py', '../../_base_/stage2.py']

previous_stage = '{{fileDirname}}/dualcenter_hrnet-w32_8xb10-300e_crowdpose-512x512.py'
load_from = 'work_dirs/dualcenter_hrnet-w32_8xb10-300e_crowdpose-512x512/epoch_300.pth'

model = _base_.stage2.model
train_cfg = _base_.stage2.train_cfg
param_scheduler = _base_.stage2.param_scheduler

train_pipeline = _base_.train_pipeline
train_pipeline[1].input_size = _base_.codec.input_size  # one scale: S in place of 2S
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
