# Stage 3, optional: the small model fine-tuned together, from stage 2.
_base_ = ['./dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py', '../../_base_/stage3.py']

previous_stage = '{{fileDirname}}/dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py'
load_from = 'work_dirs/dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256/epoch_6.pth'

model = _base_.stage3.model
optim_wrapper = _base_.stage3.optim_wrapper
train_cfg = dict(max_epochs=3, val_interval=3)
param_scheduler = _base_.stage3.param_scheduler
