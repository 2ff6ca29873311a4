"""One module per sub-command of ``dualcenter``: options, a call of the package, what to print.

* :mod:`~dualcenter_mmpose.cli.command`: how every command ends: exit status, messages.
* Scores and data: ``score``, ``take_images``, ``synthesize``.
* Training: ``train_stages``, ``reduce_config``, ``export_checkpoint``, ``check_fast_training``.
* Measuring: ``compare``, ``ablate``, ``complexity``, ``check_nets``.
* Deployment: ``export``, ``predict_onnx``.
"""
