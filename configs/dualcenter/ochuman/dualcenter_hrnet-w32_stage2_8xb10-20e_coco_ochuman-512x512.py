# OCHuman, test only, with the whole method: `mim test` this config with a checkpoint of stage 2 or 3 on COCO.
_base_ = ['./dualcenter_hrnet-w32_8xb10-140e_coco_ochuman-512x512.py', '../../_base_/stage2.py']

model = _base_.stage2.model
train_dataloader = _base_.one_scale_loader  # S in place of 2S
