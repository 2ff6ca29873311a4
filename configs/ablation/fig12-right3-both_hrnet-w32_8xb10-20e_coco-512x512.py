# Fig. 12 right, bar 3: similarity and confidence networks, which is row 5 of Table 6. Tests a checkpoint of stage 2.
_base_ = ['./table6-row5-similarity_hrnet-w32_8xb10-20e_coco-512x512.py']
