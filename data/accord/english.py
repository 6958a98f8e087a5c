"""English morphology: plurals, verb forms, comparison, and "a" before a vowel sound."""

VOWELS = frozenset("aeiou")

# Words whose first sound differs from their first letter.
CONSONANT_SOUND = ("uni", "use", "euro", "one", "usu", "uti", "uk")
SILENT_H = ("hour", "honest", "honour", "heir")

# Regular verbs that double their last consonant, because their stress lies on the last syllable.
DOUBLING = frozenset({"plan", "win", "begin", "forget", "admit", "travel", "cancel", "control", "prefer"})


def plural(noun: str) -> str:
    """Regular plural: "treaty" -> "treaties", "box" -> "boxes", "key" -> "keys"."""
    if noun.endswith("y") and noun[-2] not in VOWELS:
        return noun[:-1] + "ies"
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    return noun + "s"


def third_person(verb: str) -> str:
    """"sign" -> "signs", "carry" -> "carries", "go" -> "goes"; "have" is irregular."""
    if verb == "have":
        return "has"
    return verb + "es" if verb.endswith("o") else plural(verb)


def past(verb: str) -> str:
    """Regular past and participle: "adopt" -> "adopted", "use" -> "used", "study" -> "studied"."""
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in VOWELS:
        return verb[:-1] + "ied"
    return _doubled(verb) + "ed"


def present_participle(verb: str) -> str:
    """"sign" -> "signing", "write" -> "writing", "begin" -> "beginning", "die" -> "dying"."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "ye")) and verb != "be":
        return verb[:-1] + "ing"
    return _doubled(verb) + "ing"


def _doubled(verb: str) -> str:
    return verb + verb[-1] if verb in DOUBLING else verb


def takes_an(word: str) -> bool:
    """Whether the indefinite article before ``word`` is "an": an hour, an order; a European, a house."""
    lower = word.lower()
    if lower.startswith(SILENT_H):
        return True
    return lower[0] in VOWELS and not lower.startswith(CONSONANT_SOUND)
