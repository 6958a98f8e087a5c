"""Accord: English-French sentence pairs of any number, from a grammar written by hand, with gold word alignment.

The language is that of treaties and of every day. French agrees, elides and contracts as it must; adjectives stand
before or after their noun; one English sentence always has the same French one. Sentences have 3 to 60 English words.

Links follow Och and Ney (2003), section 5: a *sure* link is a translation that nobody disputes, a *possible* link joins
words that are merely related. Every sure link is also possible, and every word has a link.

===========================  ===========================================================================================
English, French              links
===========================  ===========================================================================================
content word                 sure to its translation; a phrase of the tables as marked there ("World Bank")
the, a, my, this             sure to the French determiner; for that, the noun it agrees with is possible
(nothing): la, des, de       the determiner that English lacks is possible to the noun
of the: du; in the: au       the contraction is sure to the preposition, possible to the article and to the noun
signed: a signé              signé sure, the auxiliary possible
has signed: a signé          both sure
was signed: a été signé      été-was and signé-signed sure; a-was possible
will sign: signera           sign sure, will possible; so with would, do, did and is (signing)
not: ne ... pas              pas sure; ne possible to "not" and to the verb; "no longer: plus" sure to both words
it: le, l', him: lui         sure; "to him": to possible
to sign: de signer           to-de sure; where French has no preposition, to is possible to the infinitive
larger: plus grand           grand sure, plus possible; "more important" word by word, the second article possible
punctuation                  sure
===========================  ===========================================================================================

Splits share no sentence: a hash of the English text decides between train, valid, test and long (30 to 60 words).
Every sentence of ``compositional`` holds a combination of adjective and noun, chosen by a hash of the two, that no
other split has, though each of the words occurs there.

The tables are ``lexicon``, ``verb_table`` and ``names``; ``english`` and ``french`` hold morphology, ``elision`` what
French words do to each other; ``entries``, ``pools``, ``verb_pools`` and ``function_words`` read the tables. The grammar
goes from small to large: ``noun_phrases``, ``verb_groups``, ``adverbials``, ``phrases``, ``circumstances``, ``pronouns``,
``being``, ``clauses``, ``questions``, ``sentences``; ``draft`` keeps the books, ``splits`` and ``fixed`` give the pairs.
``agreement`` finds the verbs that must agree with a subject, which may stand far off.
"""

from data.accord.draft import Pair
from data.accord.fixed import FIXED
from data.accord.splits import SPLITS, pairs

__all__ = ["FIXED", "SPLITS", "Pair", "pairs"]
