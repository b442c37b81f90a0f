"""`nerveseg import`: a folder of images and masks becomes an archive in the competition's layout.

No stage of the pipeline imports this package, so a change here makes no stage run again.
"""
