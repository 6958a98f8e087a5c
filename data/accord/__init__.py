"""Accord: English-French sentence pairs of any number, from a grammar written by hand, with gold word alignment.

The language is that of treaties and of every day. French agrees, elides and contracts as it must; adjectives stand before
or after the noun; the same English sentence always has the same French. Sentences have 3 to 60 English words.

Links follow Och and Ney (2003): a *sure* link is a translation that nobody disputes, a *possible* one a word that helps.

=========================  =====================================================================================
English, French            links
=========================  =====================================================================================
content word               sure to its translation
the, a, my                 sure to the article; the noun that the article agrees with is possible
(nothing), la              the article that English lacks: possible to the noun
was signed, a été signé    été-was and signé-signed sure; a-was and a-signed possible
signed, a signé            signé sure, a possible
not, ne ... pas            pas sure, ne possible
of the, du                 of sure, the possible
=========================  =====================================================================================

Splits share no sentence: a hash of the English text decides. ``long`` has 30 to 60 words; every sentence of
``compositional`` holds a combination of adjective and noun that no other split has, though each word of it occurs there.
"""

from data.accord.draft import Pair
from data.accord.fixed import FIXED
from data.accord.splits import SPLITS, pairs

__all__ = ["FIXED", "SPLITS", "Pair", "pairs"]
