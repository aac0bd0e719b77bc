"""Qualitative coding: projects read, codebooks, tallies, codes that meet, saturation, agreement, quotes."""

from qieval.coding.agreement import Agreement, agreement
from qieval.coding.codebook import Codebook
from qieval.coding.cooccurrence import Cooccurrence, cooccurrence
from qieval.coding.corpus import Corpus, corpus
from qieval.coding.disclosure import small_groups_joined, suppressed
from qieval.coding.joint import Joint, joint
from qieval.coding.offsets import Offsets, OffsetsWarning
from qieval.coding.project import Project
from qieval.coding.quotes import Quotes, quotes
from qieval.coding.reading import read_codebook, read_project
from qieval.coding.refi import write_qdc
from qieval.coding.revisions import revisions
from qieval.coding.saturation import Saturation, saturation
from qieval.coding.screening import flags, substituted
from qieval.coding.tally import Tally, tally
from qieval.coding.text_agreement import TextAgreement, category_agreement, text_agreement
from qieval.coding.triangulation import Triangulation, triangulation

__all__ = [
    "Agreement",
    "Codebook",
    "Cooccurrence",
    "Corpus",
    "Joint",
    "Offsets",
    "OffsetsWarning",
    "Project",
    "Quotes",
    "Saturation",
    "Tally",
    "TextAgreement",
    "Triangulation",
    "agreement",
    "category_agreement",
    "cooccurrence",
    "corpus",
    "flags",
    "joint",
    "quotes",
    "read_codebook",
    "read_project",
    "revisions",
    "saturation",
    "small_groups_joined",
    "substituted",
    "suppressed",
    "tally",
    "text_agreement",
    "triangulation",
    "write_qdc",
]
