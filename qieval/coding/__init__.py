"""Qualitative coding: codebooks, tallies with their denominators, agreement between coders, quotes."""

from qieval.coding.agreement import Agreement, agreement
from qieval.coding.codebook import Codebook
from qieval.coding.corpus import Corpus, corpus
from qieval.coding.disclosure import small_groups_joined, suppressed
from qieval.coding.project import Project
from qieval.coding.quotes import Quotes, quotes
from qieval.coding.tally import Tally, tally
from qieval.coding.text_agreement import TextAgreement, text_agreement

__all__ = [
    "Agreement",
    "Codebook",
    "Corpus",
    "Project",
    "Quotes",
    "Tally",
    "TextAgreement",
    "agreement",
    "corpus",
    "quotes",
    "small_groups_joined",
    "suppressed",
    "tally",
    "text_agreement",
]
