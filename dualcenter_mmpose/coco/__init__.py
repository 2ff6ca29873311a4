"""Files in COCO's format: read, checked, refused with a remedy. numpy alone.

* :mod:`~dualcenter_mmpose.coco.file_checks`: JSON files, refusals with a remedy.
* :mod:`~dualcenter_mmpose.coco.annotation_checks`: annotation files.
* :mod:`~dualcenter_mmpose.coco.annotation_defaults`: labels, region and area of an annotation.
* :mod:`~dualcenter_mmpose.coco.image_checks`: image files that are missing or broken.
* :mod:`~dualcenter_mmpose.coco.image_ids`: lists of image ids; ``coco_cc_ids.json`` is one.
* :mod:`~dualcenter_mmpose.coco.result_files`: keypoint results.
* :mod:`~dualcenter_mmpose.coco.subset`: a small data set of some images of a large one.
"""
