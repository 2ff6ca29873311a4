"""Synthetic people: COCO keypoint data sets drawn from nothing but random numbers.

The way of an image through the modules, each one pure given its random numbers:

| Step | Module | In -> out |
|---|---|---|
| read a layout | `layout_file` | COCO keypoint file -> boxes and keypoints per image |
| plan | `planning`, `furnishing` (sampled) or `layout` (given) | image size or layout -> `scene.Scene` |
| pose a figure | `poses`, `skeleton` | angles within joint limits -> 3D points by forward kinematics |
| see it | `camera`, `extent` | world points -> view space (image px and depth), and the box they take |
| dress it | `appearance`, `body`, `head`, `parts` | physique, outfit -> table of tapered capsules between the points |
| draw it | `raster`, `render` | capsules -> depth and part maps -> shaded layer |
| draw the rest | `background`, `shadows`, `things`, `light`, `textures` | scene -> backdrop, shadows, objects |
| put it together | `compose` | scene -> picture and map of who owns which pixel |
| label it | `annotate` | picture -> masks, boxes, areas, keypoints with visibility |
| spoil it | `degrade` | picture -> blur, tone, noise, JPEG |
| write it | `settings`, `folder`, `dataset` | settings -> images and COCO files, by many processes, resumable |

`dualcenter synthesize` is the command for it. Nothing is imported here, so that worker
processes load only what they need: `from dualcenter_mmpose.synthetic.dataset import
make_dataset`.
"""
