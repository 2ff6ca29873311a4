# Fig. 12 left, bar 3: head and body centers, which is row 2 of Table 6: test its checkpoint.
_base_ = ['./table6-row2-two-centers_hrnet-w32_8xb10-140e_coco-512x512.py']
