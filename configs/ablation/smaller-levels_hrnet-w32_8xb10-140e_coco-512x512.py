# Stage 1 with scales 1.5, 1 and 0.5: COCO's images are about 640 px wide, so that 1024 px add scale but no detail.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

model = dict(scales=(1.5, 1.0, 0.5))

train_pipeline = _base_.train_pipeline
train_pipeline[1].input_size = (768, 768)  # 1.5 S
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
