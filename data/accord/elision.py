"""What French words do to each other in a row: elision, contraction, and "cet", "mon" before a vowel.

    de le accord  -> de l' accord       à le Portugal -> au Portugal     de les armes -> des armes
    ne a pas      -> n' a pas           que il        -> qu' il          ma école     -> mon école
    si il         -> s' il              ce accord     -> cet accord      le héros     -> le héros
"""

# One French word and the English positions it is linked to, surely and possibly (sure ones not repeated).
Token = tuple[str, tuple[int, ...], tuple[int, ...]]

# Words that begin with a vowel letter or an h, but do not elide: h aspiré, and a few others.
_ASPIRATED = """
    hongrie hongrois hongroise hongroises haye héros hérisson hérissons haut haute hauts hautes
    hauteur hasard honte handicap hall hausse harcèlement hiérarchie honduras haricot haricots hache
    hibou homard hutte hangar hangars huit huitième onze onzième oui yémen yaourt yaourts
"""
ASPIRATED = frozenset(_ASPIRATED.split())

_VOWELS = frozenset("aeiouyhàâäéèêëîïôöùûüœæ")

_ELIDED = {
    "le": "l'", "la": "l'", "de": "d'", "que": "qu'", "ne": "n'", "je": "j'", "se": "s'", "me": "m'",
    "lorsque": "lorsqu'", "puisque": "puisqu'", "jusque": "jusqu'",
    "ce": "cet", "ma": "mon", "ta": "ton", "sa": "son",
}
_CONTRACTED = {("de", "le"): "du", ("de", "les"): "des", ("à", "le"): "au", ("à", "les"): "aux"}
_CONTRACTING = frozenset(("de", "à", "De", "À"))

_ELIDED.update({word.capitalize(): elided.capitalize() for word, elided in list(_ELIDED.items())})
_CONTRACTED.update(
    {(first.capitalize(), second): word.capitalize() for (first, second), word in list(_CONTRACTED.items())})
_S_IL = frozenset(("il", "ils"))

_begins: dict[str, bool] = {}


def begins_with_vowel(word: str) -> bool:
    """Whether ``word`` begins with a vowel sound: "accord", "homme", "été"; not "Hongrie", "onze", "1992"."""
    vowel = _begins.get(word)
    if vowel is None:
        lower = word.lower()
        vowel = _begins[word] = lower[0] in _VOWELS and lower not in ASPIRATED
    return vowel


def run_together(tokens: list[Token]) -> list[Token]:
    """The words as they are written in a row.

    A contraction takes the links of both words, those of the second as possible. Works from the right, since "de le
    accord" elides and only "de le traité" contracts.
    """
    written: list[Token] = []
    following: Token = ("", (), ())
    vowel = False  # whether the following word begins with one
    for token in reversed(tokens):
        word = token[0]
        if vowel and word in _ELIDED:
            token = (_ELIDED[word], token[1], token[2])
        elif word in _CONTRACTING and (word, following[0]) in _CONTRACTED:
            written.pop()
            token = (_CONTRACTED[word, following[0]], token[1], token[2] + following[1] + following[2])
        elif (word == "si" or word == "Si") and following[0] in _S_IL:
            token = (word[0] + "'", token[1], token[2])
        written.append(token)
        following = token
        vowel = begins_with_vowel(token[0])
    written.reverse()
    return written
