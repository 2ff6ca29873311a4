# Table 6, row 2: the row above with head and body centers; a person's score is the mean of its centers'. Trained.
_base_ = ['./table6-row1-baseline_hrnet-w32_8xb10-140e_coco-512x512.py']

centers = [
    dict(name='head_center', rule='mean', sigma=2),
    dict(name='body_center', rule='pair_mid', sigma=4),
]
model = dict(head=dict(decoder=dict(centers=centers, decoding=dict(instance_score='center_mean'))))
