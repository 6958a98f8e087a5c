"""Pronouns for what was mentioned before, only where the English sentence determines their French."""

from data.accord.draft import Draft, Phrase
from data.accord.entries import Noun, Verb
from data.accord.french import FS, MS
from data.accord.verb_groups import Clitic
from data.accord.verb_pools import MINISTER, TRANSITIVE

ACCUSATIVE = (Clitic("him", "le", MS), Clitic("her", "la", FS))
DATIVE = (Clitic("me", "me"), Clitic("him", "lui"), Clitic("her", "lui"), Clitic("us", "nous"), Clitic("you", "vous"),
          Clitic("them", "leur"))
# Verbs whose object may be a person, with the pronouns for it.
HUMAN_OBJECTS = {verb: ACCUSATIVE for verb in TRANSITIVE if MINISTER in verb.objects}


def object_clitic(draft: Draft, noun: Phrase) -> Clitic | None:
    """"him", "her", "it" or "them" for the noun; None where English would not tell the gender."""
    if noun.agreement & 2:
        return Clitic("them", "les", noun.agreement, noun) if draft.plurals in (1, 2) else None
    if noun.human:
        return ACCUSATIVE[noun.agreement & 1]._replace(antecedent=noun)
    return Clitic("it", ("le", "la")[noun.agreement & 1], noun.agreement, noun) if draft.things in (1, 2) else None


def follow_clitic(draft: Draft, noun: Phrase, subject: Phrase, verb: Verb) -> tuple[Clitic | None, Verb]:
    """A pronoun for ``noun``, said before, and a verb for both; the verb alone if there is no such pronoun."""
    if noun.negative or not isinstance(noun.head, Noun) or not isinstance(subject.head, Noun):
        return None, verb
    clitic = object_clitic(draft, noun)
    if clitic is None or (noun.human and (subject.human or clitic.english == "them")):
        return None, verb
    verbs = [other for other in noun.head.doers if other in subject.head.verbs and not other.same_past]
    return (clitic, draft.pick(verbs)) if verbs else (None, verb)


def follow_subject(draft: Draft) -> tuple[str, str] | None:
    """"he", "she", "it" or "they" for the last subject, and its French; None where English would not fix the gender."""
    before = draft.subject
    if before is None or before.head is None or before.person != before.english_person or before.negative:
        return None
    feminine = before.agreement & 1
    if before.agreement & 2:
        return ("they", "elles" if feminine else "ils") if draft.plurals == 1 + feminine else None
    if before.human:
        return ("she", "elle") if feminine else ("he", "il")
    return ("it", "elle" if feminine else "il") if draft.things == 1 + feminine else None
