"""Sentences for every model to translate, aligned by hand; they are in no split.

The first four are the sources of Figure 3 of Bahdanau et al. (2014). The French of (a), (c) and (d) is what the paper's
model wrote, which is right; of (b) it wrote "de l' environnement" for "of environments", a mistranslation, so a
reference of our own stands here. The others have the classic reorderings: adjectives before and after the noun,
negation, clitics, participles that agree, the prepositions of countries. All are of kinds that the grammar makes.
"""

from collections.abc import Iterator

from data.accord.draft import Pair, linked
from data.accord.entries import aligned

# English, then French with its links: /2 surely the third English word, ~2 possibly. Indented lines continue the line above.
_TABLE = """
The agreement on the European Economic Area was signed in August 1992 .
L'/0~1 accord/1 sur/2 la/3~6 zone/6 économique/5 européenne/4 a~7~8 été/7 signé/8 en/9 août/10 1992/11 ./12
It should be noted that the marine environment is the least known of environments .
Il/0 convient/1 de~2 noter/3~2 que/4 l'/5~7 environnement/7 marin/6 est/8 le/9 moins/10 connu/11 des/12~13
    environnements/13 ./14
Destruction of the equipment means that Syria can no longer produce new chemical weapons .
La~0 destruction/0 de/1 l'/2~3 équipement/3 signifie/4 que/5 la~6 Syrie/6 ne~8~9 peut/7 plus/8/9 produire/10 de~13
    nouvelles/11 armes/13 chimiques/12 ./14
" This will change my future with my family , " the man said .
"/0 Cela/1 va/2 changer/3 mon/4~5 avenir/5 avec/6 ma/7~8 famille/8 "/10 ,/9 a~13 dit/13 l'/11~12 homme/12 ./14
The new treaty was not signed by the ministers .
Le/0~2 nouveau/1 traité/2 n'~4 a~3~5 pas/4 été/3 signé/5 par/6 les/7~8 ministres/8 ./9
The conventions that the ministers have signed are important .
Les/0~1 conventions/1 que/2 les/3~4 ministres/4 ont/5 signées/6~1 sont/7 importantes/8 ./9
She gave him the letter yesterday .
Elle/0 lui/2 a~1 donné/1 la/3~4 lettre/4 hier/5 ./6
The president of the United States criticized France in August 1962 .
Le/0~1 président/1 des/2~3 États-Unis/4/5 a~6 critiqué/6 la~7 France/7 en/8 août/9 1962/10 ./11
The old houses were bought by a rich American architect .
Les/0~2 vieilles/1 maisons/2 ont~3~4 été/3 achetées/4~2 par/5 un/6~9 architecte/9 américain/8 riche/7 ./10
The ministers arrived in Japan on 3 May 2004 .
Les/0~1 ministres/1 sont~2 arrivés/2~1 au/3 Japon/4 le~5~6 3/6 mai/7 2004/8 ./9
The researchers no longer work in Germany because the war destroyed the factory .
Les/0~1 chercheurs/1 ne~2~3 travaillent/4 plus/2/3 en/5 Allemagne/6 parce/7 que/7 la/8~9 guerre/9 a~10 détruit/10
    l'/11~12 usine/12 ./13
The princess wrote a long letter and published it in Portugal in May 1998 .
La/0~1 princesse/1 a~2 écrit/2 une/3~5 longue/4 lettre/5 et/6 l'/8 a~7 publiée/7~8 au/9 Portugal/10 en/11 mai/12
    1998/13 ./14
Although the law is important , the government has not yet adopted it .
Bien/0 que/0 la/1~2 loi/2 soit/3 importante/4 ,/5 le/6~7 gouvernement/7 ne~9~11 l'/12 a/8 pas/9 encore/10
    adoptée/11~12 ./13
The international agreement on the European Economic Area was approved by the national parliaments in May 1993
    because the political crisis was very serious .
L'/0~2 accord/2 international/1 sur/3 la/4~7 zone/7 économique/6 européenne/5 a~8~9 été/8 approuvé/9 par/10
    les/11~13 parlements/13 nationaux/12 en/14 mai/15 1993/16 parce/17 que/17 la/18~20 crise/20 politique/19
    était/21 très/22 grave/23 ./24
"""


def _read() -> Iterator[Pair]:
    lines = _TABLE.replace("\n    ", " ").strip().splitlines()
    for source, target in zip(lines[::2], lines[1::2], strict=True):
        yield linked(tuple(source.split()), aligned(target))


FIXED = tuple(_read())
