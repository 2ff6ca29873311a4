# Stage 2 on the dense network that started from MMPose's DEKR.
_base_ = ['./dekr-start_hrnet-w32_8xb10-30e_coco-512x512.py', '../_base_/stage2.py']

previous_stage = '{{fileDirname}}/dekr-start_hrnet-w32_8xb10-30e_coco-512x512.py'
load_from = 'work_dirs/dekr-start_hrnet-w32_8xb10-30e_coco-512x512/epoch_30.pth'

optim_wrapper = dict(optimizer=dict(lr=1e-3))
model = _base_.stage2.model
train_cfg = _base_.stage2.train_cfg
param_scheduler = _base_.stage2.param_scheduler

train_pipeline = _base_.train_pipeline
train_pipeline[1].input_size = _base_.codec.input_size  # one scale: S in place of 2S
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
