"""MemGPT Workbench: questions over documents that do not fit a model's context, with every page in and out shown."""

__version__ = "0.1.0"
