# Three part centers: stage 2 with the whole method.
_base_ = ['./pinet-parts_hrnet-w32_8xb10-140e_coco-512x512.py', '../_base_/stage2.py']

previous_stage = '{{fileDirname}}/pinet-parts_hrnet-w32_8xb10-140e_coco-512x512.py'
load_from = 'work_dirs/pinet-parts_hrnet-w32_8xb10-140e_coco-512x512/epoch_140.pth'

model = _base_.stage2.model
model.head.pose_training = dict(max_candidates=150)  # of 90 peaks; the default 100 belongs to the 60 of two centers
train_cfg = _base_.stage2.train_cfg
param_scheduler = _base_.stage2.param_scheduler

train_pipeline = _base_.train_pipeline
train_pipeline[1].input_size = _base_.codec.input_size  # one scale: S in place of 2S
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
