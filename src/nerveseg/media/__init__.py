"""Grey frames from images, DICOM files, videos and cameras, measured before they are decoded."""
