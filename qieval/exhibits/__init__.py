"""Tables, figures and statements: what a report shows, and the numbers that go with it."""

from qieval.exhibits.core import MIME, Column, Figure, Statement, Table

__all__ = ["MIME", "Column", "Figure", "Statement", "Table"]
