# Fig. 12 right, bar 2: the confidence network alone, which is row 4 of Table 6. Tests a checkpoint of stage 2.
_base_ = ['./table6-row4-confidence_hrnet-w32_8xb10-20e_coco-512x512.py']
