# Right panel of Fig. 2, the control of row 3 of Table 6: the same three sizes and the same compute, but one head, each
# size on a grid of its own, so that a Gaussian is as many pixels wide at every size. Trained.
_base_ = ['./table6-row3-multi-scale_hrnet-w32_8xb10-140e_coco-512x512.py']

model = dict(share_heads=True, grid='own')
