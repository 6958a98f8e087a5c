"""The lexicon: words in both languages, and which of them go together. Tables only; ``entries`` reads them.

Two spaces or more separate columns. An irregular plural, feminine or past follows its form after a semicolon.
In an entry of several words each French word names the English words that it translates: ``/1`` surely the second,
``~0`` possibly the first (0-based). A line in brackets opens a group.
"""

# [class]   english   french   gender   further classes
NOUNS = """
[person]
minister                   ministre              m
president                  président             m
prime minister             premier/0 ministre/1  m
king                       roi                   m
queen                      reine                 f
prince                     prince                m
princess                   princesse             f
ambassador                 ambassadeur           m
judge                      juge                  m
lawyer                     avocat                m
doctor                     médecin               m
nurse                      infirmière            f
teacher                    professeur            m
student                    étudiant              m
writer                     écrivain              m
journalist                 journaliste           m
soldier                    soldat                m
farmer                     agriculteur           m
worker                     travailleur           m
engineer                   ingénieur             m
researcher                 chercheur             m
expert                     expert                m
citizen                    citoyen               m
diplomat                   diplomate             m
officer                    officier              m
historian                  historien             m
philosopher                philosophe            m
poet                       poète                 m
painter                    peintre               m
architect                  architecte            m
actor                      acteur                m
actress                    actrice               f
baker                      boulanger             m
fisherman; fishermen       pêcheur               m
policeman; policemen       policier              m
leader                     dirigeant             m
representative             représentant          m
delegate                   délégué               m
observer                   observateur           m
negotiator                 négociateur           m
visitor                    visiteur              m
refugee                    réfugié               m
prisoner                   prisonnier            m
hero; heroes               héros                 m
heiress                    héritière             f
nun                        religieuse            f
singer                     chanteur              m
waitress                   serveuse              f
inhabitant                 habitant              m
man; men                   homme                 m
woman; women               femme                 f
boy                        garçon                m
girl                       fille                 f
friend                     ami                   m
neighbour                  voisin                m
member                     membre                m

[kin]
mother                     mère                          f
father                     père                          m
brother                    frère                         m
sister                     sœur                          f
son                        fils                          m
aunt                       tante                         f
uncle                      oncle                         m
grandmother                grand-mère; grands-mères      f
grandfather                grand-père; grands-pères      m
wife; wives                épouse                        f
husband                    mari                          m

[home]
family                     famille               f

[body]
government                 gouvernement          m
parliament                 parlement             m
commission                 commission            f
committee                  comité                m
council                    conseil               m
assembly                   assemblée             f
court                      tribunal              m
ministry                   ministère             m
delegation                 délégation            f
company                    entreprise            f
bank                       banque                f
university                 université            f
agency                     agence                f
organization               organisation          f
association                association           f
authority                  autorité              f
political party            parti/1 politique/0   m
trade union                syndicat/0/1          m
army                       armée                 f
team                       équipe                f
institution                institution           f
senate                     sénat                 m
secretariat                secrétariat           m
federation                 fédération            f
alliance                   alliance              f
foundation                 fondation             f
member state               État/1 membre/0; États/1 membres/0  m
province                   province              f  place
country                    pays                  m

[law]
agreement                  accord                m
treaty                     traité                m
convention                 convention            f
protocol                   protocole             m
resolution                 résolution            f
directive                  directive             f
declaration                déclaration           f  text
charter                    charte                f
constitution               constitution          f
regulation                 règlement             m
amendment                  amendement            m
law                        loi                   f
contract                   contrat               m
budget                     budget                m
decision                   décision              f
recommendation             recommandation        f  text
proposal                   proposition           f  text
plan                       plan                  m
programme                  programme             m
report                     rapport               m  text

[text]
letter                     lettre                f
article                    article               m
book                       livre                 m
document                   document              m
text                       texte                 m
novel                      roman                 m
poem                       poème                 m
message                    message               m
study                      étude                 f
newspaper                  journal               m
speech                     discours              m
petition                   pétition              f
request                    demande               f
note                       note                  f
list                       liste                 f

[event]
conference                 conférence            f
meeting                    réunion               f
summit                     sommet                m
war                        guerre                f
crisis; crises             crise                 f
election                   élection              f
negotiation                négociation           f
session                    session               f
ceremony                   cérémonie             f
debate                     débat                 m
visit                      visite                f
journey                    voyage                m
festival                   festival              m
exhibition                 exposition            f
discussion                 discussion            f
strike                     grève                 f
revolution                 révolution            f
mission                    mission               f
operation                  opération             f
campaign                   campagne              f
investigation              enquête               f
trial                      procès                m
storm                      tempête               f
accident                   accident              m
fire                       incendie              m
concert                    concert               m
match                      match                 m

[topic]
peace                      paix                  f
trade                      commerce              m
justice                    justice               f
democracy                  démocratie            f
freedom                    liberté               f
agriculture                agriculture           f
education                  éducation             f
security                   sécurité              f
energy                     énergie               f
health                     santé                 f
tourism                    tourisme              m
science                    science               f
culture                    culture               f
nature                     nature                f
growth                     croissance            f
cooperation                coopération           f
disarmament                désarmement           m
employment                 emploi                m
solidarity                 solidarité            f
independence               indépendance          f
stability                  stabilité             f
transparency               transparence          f
innovation                 innovation            f
research                   recherche             f
migration                  migration             f
equality                   égalité               f
fishing                    pêche                 f
history                    histoire              f
industry                   industrie             f

[evil]
poverty                    pauvreté              f
unemployment               chômage               m
corruption                 corruption            f
terrorism                  terrorisme            m
pollution                  pollution             f
violence                   violence              f
inflation                  inflation             f

[matter]
right                      droit                 m
problem                    problème              m
issue                      question              f
policy                     politique             f
measure                    mesure                f
objective                  objectif              m
principle                  principe              m
rule                       règle                 f
condition                  condition             f
result                     résultat              m
idea                       idée                  f
risk                       risque                m
situation                  situation             f
market                     marché                m
economy                    économie              f
price                      prix                  m
cost                       coût                  m
tax                        impôt                 m
effort                     effort                m
system                     système               m
resource                   ressource             f
interest                   intérêt               m
need                       besoin                m
role                       rôle                  m
border                     frontière             f
obligation                 obligation            f
responsibility             responsabilité        f
opportunity                occasion              f
advantage                  avantage              m
challenge                  défi                  m
threat                     menace                f
change                     changement            m
method                     méthode               f
solution                   solution              f
answer                     réponse               f
mistake                    erreur                f
danger                     danger                m
difficulty                 difficulté            f
priority                   priorité              f
tradition                  tradition             f
language                   langue                f
climate                    climat                m
value                      valeur                f
project                    projet                m
reform                     réforme               f
strategy                   stratégie             f
hope                       espoir                m
dream                      rêve                  m

[surroundings]
environment                environnement         m

[outlook]
future;                    avenir                m

[action]
destruction                destruction           f
production                 production            f
protection                 protection            f
adoption                   adoption              f
ratification               ratification          f
publication                publication           f
implementation             mise/0 en~0 œuvre/0; mises/0 en~0 œuvre/0  f
creation                   création              f
use                        utilisation           f
construction               construction          f
preparation                préparation           f
reduction                  réduction             f
signature                  signature             f
sale                       vente                 f
analysis; analyses         analyse               f
approval                   approbation           f
export                     exportation           f
import                     importation           f

[weapon]
weapon                     arme                  f
missile                    missile               m
bomb                       bombe                 f
mine                       mine                  f
substance                  substance             f

[device]
equipment;                 équipement            m
machine                    machine               f
plane                      avion                 m
ship                       navire                m
engine                     moteur                m
computer                   ordinateur            m
satellite                  satellite             m
submarine                  sous-marin            m
reactor                    réacteur              m
vehicle                    véhicule              m
product                    produit               m

[thing]
car                        voiture               f
chair                      chaise                f
table                      table                 f
bag                        sac                   m
key                        clé                   f
watch                      montre                f
clock                      horloge               f
door                       porte                 f
window                     fenêtre               f
picture                    tableau               m
photograph                 photo                 f
lamp                       lampe                 f
coat                       manteau               m
hat                        chapeau               m
dress                      robe                  f
bicycle                    vélo                  m
boat                       bateau                m
knife; knives              couteau               m
glass                      verre                 m
umbrella                   parapluie             m
box                        boîte                 f
gift                       cadeau                m
bottle                     bouteille             f
ring                       bague                 f
toy                        jouet                 m
tool                       outil                 m

[building]
house                      maison                f
church                     église                f  place
hospital                   hôpital               m  place
school                     école                 f  place
museum                     musée                 m  place
library                    bibliothèque          f  place
airport                    aéroport              m  place
station                    gare                  f  place
hotel                      hôtel                 m  place
restaurant                 restaurant            m  place
theatre                    théâtre               m  place
palace                     palais                m  place
castle                     château               m  place
factory                    usine                 f  place
farm                       ferme                 f  place
embassy                    ambassade             f  place
bridge                     pont                  m
tower                      tour                  f
wall                       mur                   m

[place]
city                       ville                 f
village                    village               m
capital                    capitale              f
region                     région                f
island                     île                   f
garden                     jardin                m
park                       parc                  m
street                     rue                   f
square                     place                 f
beach                      plage                 f
mountain                   montagne              f
forest                     forêt                 f
valley                     vallée                f
lake                       lac                   m
port                       port                  m

[food]
apple                      pomme                 f
egg                        œuf                   m
orange                     orange                f
cake                       gâteau                m
tomato; tomatoes           tomate                f
onion                      oignon                m
vegetable                  légume                m
potato; potatoes           pomme/0 de/0 terre/0; pommes/0 de/0 terre/0  f
sandwich                   sandwich              m

[dish]
bread                      pain                  m
cheese                     fromage               m
meat                       viande                f
fish                       poisson               m
rice                       riz                   m
butter                     beurre                m
soup                       soupe                 f
honey                      miel                  m
chocolate                  chocolat              m

[drink]
water                      eau                   f
wine                       vin                   m
milk                       lait                  m
coffee                     café                  m
tea                        thé                   m
beer                       bière                 f

[animal]
dog                        chien                 m
cat                        chat                  m
horse                      cheval                m
bird                       oiseau                m
cow                        vache                 f
goat                       chèvre                f
wolf; wolves               loup                  m
mouse; mice                souris                f
lion                       lion                  m
hedgehog                   hérisson              m

[title]
Area                       zone                  f
Union                      Union                 f
Community                  Communauté            f
Council                    Conseil               m
Court                      Cour                  f
Bank                       Banque                f
Fund                       Fonds                 m
Agency                     Agence                f
Parliament                 Parlement             m
Forum                      Forum                 m
Organization               Organisation          f
Commission                 Commission            f
Committee                  Comité                m
Assembly                   Assemblée             f
Alliance                   Alliance              f
Federation                 Fédération            f
Institute                  Institut              m
"""

# Classes whose nouns have no plural and stand without article in English: the French article is definite ("la paix")
# or partitive ("du pain").
ABSTRACT = ("topic", "evil")
PARTITIVE = ("dish", "drink")

# Classes and nouns of things that people own.
OWNED = """
thing kin home text animal matter outlook friend neighbour doctor lawyer house garden school city
country company team government representative
"""

# Nouns that always have "of ...", as all nouns of class action do.
INCOMPLETE = ("member", "inhabitant")

# Relatives of whom a person has only one.
SINGLE = ("mother", "father", "wife", "husband")

# Nouns that are drawn four times as often as the others.
FREQUENT = """
agreement treaty convention report minister government country environment weapon equipment letter
man woman law future family
"""

# Groups of classes, which the tables below name by one word.
CLASSES = {
    "human": "person kin name home",
    "agent": "person body nation title institution name",
    "people": "person name",
    "state": "nation body country",
    "power": "nation body institution title",
    "artifact": "device thing",
    "site": "building place",
}

# [rank: classes]  english   french: "<" stands before its noun, "-" never stands alone after "to be"
# English order: quality, size, age, colour, origin, type. French: the reverse order after the noun.
ADJECTIVES = """
[quality: law text event matter action]
important          important
necessary          nécessaire
useful             utile
excellent          excellent
ambitious          ambitieux
controversial      controversé
difficult          difficile
urgent             urgent
complex            complexe
simple; simpler; simplest      simple
clear; clearer; clearest       clair; claire
essential          essentiel
interesting        intéressant
dangerous          dangereux
good; better; best              <bon
[quality: text event]
famous             célèbre
[quality: home]
rich; richer; richest          riche
poor; poorer; poorest          pauvre
happy; happier; happiest       heureux
famous             célèbre
[quality: evil]
dangerous          dangereux
[quality: surroundings]
known              connu
fragile            fragile
important          important
[quality: evil]
serious            grave
[quality: event matter]
serious            grave
positive           positif
complicated        compliqué
[quality: person]
famous             célèbre
rich; richer; richest          riche
poor; poorer; poorest          pauvre
honest             honnête
intelligent        intelligent
brave; braver; bravest         courageux
patient            patient
tired              fatigué
ill                malade
happy; happier; happiest       heureux
sad; sadder; saddest           triste
popular            populaire
influential        influent
experienced        expérimenté
[quality: kin]
patient            patient
happy; happier; happiest       heureux
intelligent        intelligent
honest             honnête
[quality: body]
powerful           puissant
influential        influent
independent        indépendant
famous             célèbre
important          important
rich; richer; richest          riche
[quality: weapon device]
dangerous          dangereux
expensive          cher
modern             moderne
powerful           puissant
[quality: thing]
expensive          cher
useful             utile
magnificent        magnifique
beautiful          <beau; belle
heavy; heavier; heaviest       lourd
[quality: site]
famous             célèbre
magnificent        magnifique
modern             moderne
beautiful          <beau; belle
quiet; quieter; quietest       calme
[quality: food dish drink]
excellent          excellent
expensive          cher
good; better; best              <bon
delicious          délicieux
[quality: animal]
dangerous          dangereux
beautiful          <beau; belle
intelligent        intelligent
tired              fatigué
[quality: peace democracy freedom education cooperation research security equality solidarity innovation transparency]
necessary          nécessaire
essential          essentiel
important          important
[quality: peace democracy growth stability]
fragile            fragile
[size: text event]
long; longer; longest          <long; longue
short; shorter; shortest       <court
[size: home body thing site device food animal]
large; larger; largest         <grand
small; smaller; smallest       <petit
[size: matter]
large; larger; largest         <grand
small; smaller; smallest       <petit
[size: person animal]
tall; taller; tallest          <grand
[age: law text event matter action weapon artifact site]
new; newer; newest             <nouveau; nouvelle  -
[age: law text event]
recent             récent
annual             annuel
next               <prochain  -
first              <premier  -
second             <deuxième  -
last               <dernier  -
[age: law text]
previous           précédent  -
final              final  -
provisional        provisoire
main               principal  -
official           officiel
[age: person]
young; younger; youngest       <jeune
old; older; oldest             <vieux; vieille
former             <ancien  -
new; newer; newest             <nouveau; nouvelle  -
[age: kin]
young; younger; youngest       <jeune
old; older; oldest             <vieux; vieille
[age: body]
new; newer; newest             <nouveau; nouvelle  -
former             <ancien  -
[age: thing site animal]
old; older; oldest             <vieux; vieille
[age: site]
historic           historique
ancient            antique
[age: matter]
main               principal  -
current            actuel  -
common             commun
[colour: thing building animal]
white              blanc; blanche
black              noir
[colour: thing building]
red                rouge
grey               gris
green              vert
blue               bleu
yellow             jaune
[origin: person body law text event weapon device site]
French             français
German             allemand
Italian            italien
Spanish            espagnol
British            britannique
Portuguese         portugais
Dutch              néerlandais
Belgian            belge
Swiss              suisse
Austrian           autrichien
Greek              grec; grecque
Turkish            turc; turque
Polish             polonais
Hungarian          hongrois
Russian            russe
Swedish            suédois
Norwegian          norvégien
Danish             danois
Irish              irlandais
American           américain
Canadian           canadien
Mexican            mexicain
Brazilian          brésilien
Chinese            chinois
Japanese           japonais
Indian             indien
Egyptian           égyptien
Moroccan           marocain
European           européen
African            africain
[origin: body law event matter topic evil surroundings outlook]
international      international
national           national
regional           régional
local              local
European           européen
global             mondial
foreign            étranger
[type: law text event body matter topic outlook]
economic           économique
political          politique
[type: law text event body matter topic]
financial          financier
commercial         commercial
scientific         scientifique
cultural           culturel
[type: law event matter]
social             social
diplomatic         diplomatique
military           militaire
constitutional     constitutionnel
monetary           monétaire
humanitarian       humanitaire
strategic          stratégique
technical          technique
[type: law text event]
secret             secret; secrète
public             public
[type: matter]
urban              urbain
legal              juridique
industrial         industriel
agricultural       agricole
environmental      environnemental
[type: law text]
bilateral          bilatéral
confidential       confidentiel
[type: weapon]
chemical           chimique
nuclear            nucléaire
biological         biologique
conventional       conventionnel
[type: device]
electric           électrique
industrial         industriel
medical            médical
military           militaire
[type: surroundings]
marine             marin
natural            naturel
urban              urbain
[type: topic]
agricultural       agricole
maritime           maritime
[material: event law]
peace              de/0 paix/0
security           de/0 sécurité/0
cooperation        de/0 coopération/0
[material: building]
stone              en/0 pierre/0
wooden             en/0 bois/0
[material: thing]
metal              en/0 métal/0
plastic            en/0 plastique/0
"""

# [rank]  as above, for the names of institutions made of them: "the European Monetary Union"
TITLE_ADJECTIVES = """
[origin: title]
European           européen
African            africain
Asian              asiatique
American           américain
Arab               arabe
Nordic             nordique
Baltic             balte
Mediterranean      méditerranéen
International      international
World              mondial
National           national
[type: title]
Economic           économique
Monetary           monétaire
Political          politique
Social             social
Cultural           culturel
Scientific         scientifique
Agricultural       agricole
Maritime           maritime
Humanitarian       humanitaire
Industrial         industriel
Central            central
"""

# Nouns   preposition   French   classes of the noun that follows: "agreement on the European Economic Area"
COMPLEMENTS = """
agreement treaty convention protocol charter            on       sur      topic title title matter
resolution directive declaration =law regulation        on       sur      topic matter title
report study article book document =text note  on  sur  topic evil matter surroundings event nation title
conference meeting summit debate discussion negotiation session  on  sur  topic evil matter surroundings title law
agreement treaty contract                               between  entre    nation
negotiation war                                         between  entre    nation
speech decision recommendation proposal                 on       sur      topic matter
war campaign strike                               against  contre   evil
plan programme project strategy                         for      pour     topic nation
member                                                  of       de       body institution title
representative leader delegate                          of       de       body institution
president  of  de  commission committee council assembly court bank company university agency organization
president  of  de  association senate alliance nation
judge                                                   of       de       court
inhabitant citizen  of  de  nation city village region island province
government parliament army constitution =law economy    of       de       nation country
capital king queen prince princess                      of       de       country
=text preparation signature adoption                    of       de       law
adoption ratification approval implementation           of       de       law
publication preparation                                 of       de       text
destruction                                             of       de       weapon device building
production sale export import                           of       de       weapon device dish
protection  of  de  surroundings nature right border animal health
creation                                                of       de       body market
use construction                                        of       de       device
construction                                            of       de       building
reduction                                               of       de       cost price tax risk
analysis                                                of       de       law result situation
preparation organization                                of       de       event
result                                                  of       de       event analysis study
cost price                                              of       de       building thing event
policy                                                  of       de       body nation
role responsibility obligation interest                 of       de       body nation
right                                                   of       de       person
solution answer                                         to       à        problem crisis
son brother sister aunt friend father mother            of       de       person
picture photograph                                      of       de       site kin
door window wall                                        of       de       building
key                                                     of       de       house car church
market                                                  of       de       region nation
letter                                                  from     de       kin
"""

# [owner's class] nouns after "whose", dont: "the country whose president", le pays dont le président.
BELONGINGS = """
person    son brother house mother idea
body      representative decision president
country   president government army economy
law       article objective
"""

# What a country or a city is: "France is one of the largest countries in the world".
KINDS = """
nation    country
city      city
"""

# Place nouns and their prepositions; all others take "in", dans.
PLACES = """
at   à    school hospital museum library airport station hotel restaurant theatre embassy church
on   sur  island square beach bridge
"""

# English   French by agreement: m, f, mp, fp; "." where there is none.
DETERMINERS = """
the         le la les les
this        ce cette . .
these       . . ces ces
my          mon ma mes mes
your        votre votre vos vos
his         son sa ses ses
her         son sa ses ses
its         son sa ses ses
our         notre notre nos nos
their       leur leur leurs leurs
a           un une . .
each        chaque chaque . .
every       chaque chaque . .
several     . . plusieurs plusieurs
some        . . certains certaines
no          aucun aucune . .
"""

# Nouns: adjectives that they do not take, although their classes would fit.
UNLIKELY = """
war crisis storm fire accident strike danger risk threat problem difficulty mistake: good excellent useful ambitious
war crisis storm fire accident strike danger risk threat problem difficulty mistake: necessary positive essential
war crisis storm fire accident strike danger risk threat problem difficulty mistake: famous common annual
storm fire accident crisis: economic political financial commercial scientific cultural social diplomatic
storm fire accident crisis: constitutional monetary humanitarian strategic technical secret peace security
storm fire accident crisis: cooperation official
political_party trade_union member_state senate parliament: political economic former financial
country: cultural scientific commercial political economic financial former
climate: large small good positive excellent
"""

# Noun   rank   English   French: adjectives for one noun only.
OWN_ADJECTIVES = """
market          type     single     unique
tax             size     low; lower; lowest        bas; basse
price           size     high; higher; highest     élevé
"""
