# Stage 3, optional: the whole method fine-tuned together, from stage 2.
_base_ = ['./dualcenter_hrnet-w48_stage2_8xb5-20e_coco-640x640.py', '../../_base_/stage3.py']

previous_stage = '{{fileDirname}}/dualcenter_hrnet-w48_stage2_8xb5-20e_coco-640x640.py'
load_from = 'work_dirs/dualcenter_hrnet-w48_stage2_8xb5-20e_coco-640x640/epoch_20.pth'

model = _base_.stage3.model
optim_wrapper = _base_.stage3.optim_wrapper
train_cfg = _base_.stage3.train_cfg
param_scheduler = _base_.stage3.param_scheduler
