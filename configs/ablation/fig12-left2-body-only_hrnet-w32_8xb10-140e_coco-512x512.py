# Fig. 12 left, bar 2: the body center alone; the rest as row 2 of Table 6. Trained.
_base_ = ['./table6-row2-two-centers_hrnet-w32_8xb10-140e_coco-512x512.py']

model = dict(head=dict(decoder=dict(centers=[dict(name='body_center', rule='pair_mid', sigma=4)])))
