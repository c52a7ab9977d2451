"""What a person can do with a workbench, one class per subject, composed in `container`."""
