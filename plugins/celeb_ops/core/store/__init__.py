"""The store of all files of the dataset: an S3 prefix or a local folder, with the same keys and methods."""

from celeb_ops.core.store.base import Change, Store, Stored, checked, checked_prefix, is_key
from celeb_ops.core.store.folder import FolderStore
from celeb_ops.core.store.s3 import S3Store, split_s3

__all__ = ["Change", "FolderStore", "S3Store", "Store", "Stored", "checked", "checked_prefix", "is_key", "split_s3"]
