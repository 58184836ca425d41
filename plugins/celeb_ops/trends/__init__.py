"""Rows → who is trending: ``Trends/*.parquet``, made of the dataset's tables. Method: docs/trends.md."""

from __future__ import annotations

from celeb_ops.trends.building import Trends, build
from celeb_ops.trends.schema import SCHEMAS, load

__all__ = ["SCHEMAS", "Trends", "build", "load"]
