"""A page on this machine to try trained networks on images, videos and DICOM files."""
