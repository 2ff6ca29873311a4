# Beyond the paper: center Gaussians grow with the person, after SWAHR; narrow ones keep small neighbours apart.
# Stage 1.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

# Cells; the median keypoint diagonal of 756 persons of coco_cc, short side of the image at 512 px: it keeps the sigma.
model = dict(head=dict(decoder=dict(center_heatmap=dict(adaptive_reference=50.0))))
