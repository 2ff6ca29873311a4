# Fig. 12 left, bar 4: the left shoulder as a third center; the rest as row 2 of Table 6. Trained.
_base_ = ['./table6-row2-two-centers_hrnet-w32_8xb10-140e_coco-512x512.py']

third = dict(name='shoulder_center', rule='keypoint', keypoints=['left_shoulder'], sigma=2)  # a keypoint's sigma
model = dict(head=dict(decoder=dict(centers=[*_base_.model.head.decoder.centers, third])))
