from data.accord.draft import Pair
from data.accord.entries import aligned
from data.links import Links

_TABLE = """
The agreement on the European Economic Area was signed in August 1992 .
L'/0~1 accord/1 sur/2 la/3~6 zone/6 économique/5 européenne/4 a~7~8 été/7 signé/8 en/9 août/10 1992/11 ./12
"""


def _read():
    lines = _TABLE.strip().splitlines()
    for source, target in zip(lines[::2], lines[1::2], strict=True):
        tokens = aligned(target)
        sure = frozenset((t, s) for t, (_, certain, _) in enumerate(tokens) for s in certain)
        possible = frozenset((t, s) for t, (_, _, likely) in enumerate(tokens) for s in likely)
        yield Pair(tuple(source.split()), tuple(word for word, _, _ in tokens), Links(sure, sure | possible))


FIXED = tuple(_read())
