"""One capability of the cloud each, told what to build by keyword; which and how many is the blueprint's business."""
