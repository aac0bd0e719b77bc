"""Qualitative coding: projects read, codebooks, tallies, codes that meet, saturation, agreement, quotes."""

from qieval.coding.agreement import Agreement, agreement
from qieval.coding.codebook import Codebook
from qieval.coding.cooccurrence import Cooccurrence, cooccurrence
from qieval.coding.corpus import Corpus, corpus
from qieval.coding.disclosure import small_groups_joined, suppressed
from qieval.coding.offsets import Offsets, OffsetsWarning
from qieval.coding.project import Project
from qieval.coding.quotes import Quotes, quotes
from qieval.coding.reading import read_codebook, read_project
from qieval.coding.saturation import Saturation, saturation
from qieval.coding.tally import Tally, tally
from qieval.coding.text_agreement import TextAgreement, text_agreement

__all__ = [
    "Agreement",
    "Codebook",
    "Cooccurrence",
    "Corpus",
    "Offsets",
    "OffsetsWarning",
    "Project",
    "Quotes",
    "Saturation",
    "Tally",
    "TextAgreement",
    "agreement",
    "cooccurrence",
    "corpus",
    "quotes",
    "read_codebook",
    "read_project",
    "saturation",
    "small_groups_joined",
    "suppressed",
    "tally",
    "text_agreement",
]
