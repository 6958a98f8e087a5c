"""The lexicon: words in both languages, and which of them go together. Tables only; ``entries`` reads them.

Two spaces or more separate columns. An irregular plural, feminine or past follows its form after a semicolon.
In an entry of several words each French word names the English words that it translates: ``/1`` surely the second,
``~0`` possibly the first (0-based).
"""

# English   French   gender   classes, the one that decides on articles first
NOUNS = """
minister                   ministre                  m  person
president                  président                 m  person
prime minister             premier/0 ministre/1      m  person
king                       roi                       m  person
queen                      reine                     f  person
prince                     prince                    m  person
princess                   princesse                 f  person
ambassador                 ambassadeur               m  person
judge                      juge                      m  person
lawyer                     avocat                    m  person
doctor                     médecin                   m  person
nurse                      infirmière                f  person
teacher                    professeur                m  person
student                    étudiant                  m  person
writer                     écrivain                  m  person
journalist                 journaliste               m  person
soldier                    soldat                    m  person
farmer                     agriculteur               m  person
worker                     travailleur               m  person
engineer                   ingénieur                 m  person
researcher                 chercheur                 m  person
expert                     expert                    m  person
citizen                    citoyen                   m  person
diplomat                   diplomate                 m  person
officer                    officier                  m  person
historian                  historien                 m  person
philosopher                philosophe                m  person
poet                       poète                     m  person
painter                    peintre                   m  person
architect                  architecte                m  person
actor                      acteur                    m  person
actress                    actrice                   f  person
baker                      boulanger                 m  person
fisherman; fishermen       pêcheur                   m  person
policeman; policemen       policier                  m  person
leader                     dirigeant                 m  person
representative             représentant              m  person
delegate                   délégué                   m  person
observer                   observateur               m  person
negotiator                 négociateur               m  person
visitor                    visiteur                  m  person
refugee                    réfugié                   m  person
prisoner                   prisonnier                m  person
hero; heroes               héros                     m  person
heiress                    héritière                 f  person
nun                        religieuse                f  person
singer                     chanteur                  m  person
waitress                   serveuse                  f  person
inhabitant                 habitant                  m  person
man; men                   homme                     m  person
woman; women               femme                     f  person
boy                        garçon                    m  person
girl                       fille                     f  person
friend                     ami                       m  person
neighbour                  voisin                    m  person
member                     membre                    m  person
mother                     mère                      f  kin
father                     père                      m  kin
brother                    frère                     m  kin
sister                     sœur                      f  kin
son                        fils                      m  kin
aunt                       tante                     f  kin
uncle                      oncle                     m  kin
grandmother                grand-mère; grands-mères  f  kin
grandfather                grand-père; grands-pères  m  kin
wife; wives                épouse                    f  kin
husband                    mari                      m  kin
family                     famille                   f  home
government                 gouvernement              m  body
parliament                 parlement                 m  body
commission                 commission                f  body
committee                  comité                    m  body
council                    conseil                   m  body
assembly                   assemblée                 f  body
court                      tribunal                  m  body
ministry                   ministère                 m  body
delegation                 délégation                f  body
company                    entreprise                f  body
bank                       banque                    f  body
university                 université                f  body
agency                     agence                    f  body
organization               organisation              f  body
association                association               f  body
authority                  autorité                  f  body
political party            parti/1 politique/0       m  body
trade union                syndicat/0/1              m  body
army                       armée                     f  body
team                       équipe                    f  body
institution                institution               f  body
senate                     sénat                     m  body
secretariat                secrétariat               m  body
federation                 fédération                f  body
alliance                   alliance                  f  body
foundation                 fondation                 f  body
member state               État/1 membre/0; États/1 membres/0  m  body
province                   province                  f  body place
country                    pays                      m  body
agreement                  accord                    m  law
treaty                     traité                    m  law
convention                 convention                f  law
protocol                   protocole                 m  law
resolution                 résolution                f  law
directive                  directive                 f  law
declaration                déclaration               f  law text
charter                    charte                    f  law
constitution               constitution              f  law
regulation                 règlement                 m  law
amendment                  amendement                m  law
law                        loi                       f  law
contract                   contrat                   m  law
budget                     budget                    m  law
decision                   décision                  f  law
recommendation             recommandation            f  law text
proposal                   proposition               f  law text
plan                       plan                      m  law
programme                  programme                 m  law
report                     rapport                   m  law text
letter                     lettre                    f  text
article                    article                   m  text
book                       livre                     m  text
document                   document                  m  text
text                       texte                     m  text
novel                      roman                     m  text
poem                       poème                     m  text
message                    message                   m  text
study                      étude                     f  text
newspaper                  journal                   m  text
speech                     discours                  m  text
petition                   pétition                  f  text
request                    demande                   f  text
note                       note                      f  text
list                       liste                     f  text
conference                 conférence                f  event
meeting                    réunion                   f  event
summit                     sommet                    m  event
war                        guerre                    f  event
crisis; crises             crise                     f  event
election                   élection                  f  event
negotiation                négociation               f  event
session                    session                   f  event
ceremony                   cérémonie                 f  event
debate                     débat                     m  event
visit                      visite                    f  event
journey                    voyage                    m  event
festival                   festival                  m  event
exhibition                 exposition                f  event
discussion                 discussion                f  event
strike                     grève                     f  event
revolution                 révolution                f  event
mission                    mission                   f  event
operation                  opération                 f  event
campaign                   campagne                  f  event
investigation              enquête                   f  event
trial                      procès                    m  event
storm                      tempête                   f  event
accident                   accident                  m  event
fire                       incendie                  m  event
concert                    concert                   m  event
match                      match                     m  event
peace                      paix                      f  topic
trade                      commerce                  m  topic
justice                    justice                   f  topic
democracy                  démocratie                f  topic
freedom                    liberté                   f  topic
agriculture                agriculture               f  topic
education                  éducation                 f  topic
security                   sécurité                  f  topic
energy                     énergie                   f  topic
health                     santé                     f  topic
tourism                    tourisme                  m  topic
science                    science                   f  topic
culture                    culture                   f  topic
nature                     nature                    f  topic
growth                     croissance                f  topic
cooperation                coopération               f  topic
disarmament                désarmement               m  topic
employment                 emploi                    m  topic
solidarity                 solidarité                f  topic
independence               indépendance              f  topic
stability                  stabilité                 f  topic
transparency               transparence              f  topic
innovation                 innovation                f  topic
research                   recherche                 f  topic
migration                  migration                 f  topic
equality                   égalité                   f  topic
fishing                    pêche                     f  topic
history                    histoire                  f  topic
industry                   industrie                 f  topic
poverty                    pauvreté                  f  evil
unemployment               chômage                   m  evil
corruption                 corruption                f  evil
terrorism                  terrorisme                m  evil
pollution                  pollution                 f  evil
violence                   violence                  f  evil
inflation                  inflation                 f  evil
right                      droit                     m  matter
problem                    problème                  m  matter
issue                      question                  f  matter
policy                     politique                 f  matter
measure                    mesure                    f  matter
objective                  objectif                  m  matter
principle                  principe                  m  matter
rule                       règle                     f  matter
condition                  condition                 f  matter
result                     résultat                  m  matter
idea                       idée                      f  matter
risk                       risque                    m  matter
situation                  situation                 f  matter
market                     marché                    m  matter
economy                    économie                  f  matter
price                      prix                      m  matter
cost                       coût                      m  matter
tax                        impôt                     m  matter
effort                     effort                    m  matter
system                     système                   m  matter
resource                   ressource                 f  matter
interest                   intérêt                   m  matter
need                       besoin                    m  matter
role                       rôle                      m  matter
border                     frontière                 f  matter
obligation                 obligation                f  matter
responsibility             responsabilité            f  matter
opportunity                occasion                  f  matter
advantage                  avantage                  m  matter
challenge                  défi                      m  matter
threat                     menace                    f  matter
change                     changement                m  matter
method                     méthode                   f  matter
solution                   solution                  f  matter
answer                     réponse                   f  matter
mistake                    erreur                    f  matter
danger                     danger                    m  matter
difficulty                 difficulté                f  matter
priority                   priorité                  f  matter
tradition                  tradition                 f  matter
language                   langue                    f  matter
climate                    climat                    m  matter
value                      valeur                    f  matter
project                    projet                    m  matter
reform                     réforme                   f  matter
strategy                   stratégie                 f  matter
hope                       espoir                    m  matter
dream                      rêve                      m  matter
environment                environnement             m  surroundings
future;                    avenir                    m  outlook
destruction                destruction               f  action
production                 production                f  action
protection                 protection                f  action
adoption                   adoption                  f  action
ratification               ratification              f  action
publication                publication               f  action
implementation             mise/0 en~0 œuvre/0; mises/0 en~0 œuvre/0  f  action
creation                   création                  f  action
use                        utilisation               f  action
construction               construction              f  action
preparation                préparation               f  action
reduction                  réduction                 f  action
signature                  signature                 f  action
sale                       vente                     f  action
analysis; analyses         analyse                   f  action
approval                   approbation               f  action
export                     exportation               f  action
import                     importation               f  action
weapon                     arme                      f  weapon
missile                    missile                   m  weapon
bomb                       bombe                     f  weapon
mine                       mine                      f  weapon
substance                  substance                 f  weapon
equipment;                 équipement                m  device
machine                    machine                   f  device
plane                      avion                     m  device
ship                       navire                    m  device
engine                     moteur                    m  device
computer                   ordinateur                m  device
satellite                  satellite                 m  device
submarine                  sous-marin                m  device
reactor                    réacteur                  m  device
vehicle                    véhicule                  m  device
product                    produit                   m  device
car                        voiture                   f  thing
chair                      chaise                    f  thing
table                      table                     f  thing
bag                        sac                       m  thing
key                        clé                       f  thing
watch                      montre                    f  thing
clock                      horloge                   f  thing
door                       porte                     f  thing
window                     fenêtre                   f  thing
picture                    tableau                   m  thing
photograph                 photo                     f  thing
lamp                       lampe                     f  thing
coat                       manteau                   m  thing
hat                        chapeau                   m  thing
dress                      robe                      f  thing
bicycle                    vélo                      m  thing
boat                       bateau                    m  thing
knife; knives              couteau                   m  thing
glass                      verre                     m  thing
umbrella                   parapluie                 m  thing
box                        boîte                     f  thing
gift                       cadeau                    m  thing
bottle                     bouteille                 f  thing
ring                       bague                     f  thing
toy                        jouet                     m  thing
tool                       outil                     m  thing
house                      maison                    f  building
church                     église                    f  building place
hospital                   hôpital                   m  building place
school                     école                     f  building place
museum                     musée                     m  building place
library                    bibliothèque              f  building place
airport                    aéroport                  m  building place
station                    gare                      f  building place
hotel                      hôtel                     m  building place
restaurant                 restaurant                m  building place
theatre                    théâtre                   m  building place
palace                     palais                    m  building place
castle                     château                   m  building place
factory                    usine                     f  building place
farm                       ferme                     f  building place
embassy                    ambassade                 f  building place
bridge                     pont                      m  building
tower                      tour                      f  building
wall                       mur                       m  building
city                       ville                     f  place
village                    village                   m  place
capital                    capitale                  f  place
region                     région                    f  place
island                     île                       f  place
garden                     jardin                    m  place
park                       parc                      m  place
street                     rue                       f  place
square                     place                     f  place
beach                      plage                     f  place
mountain                   montagne                  f  place
forest                     forêt                     f  place
valley                     vallée                    f  place
lake                       lac                       m  place
port                       port                      m  place
apple                      pomme                     f  food
egg                        œuf                       m  food
orange                     orange                    f  food
cake                       gâteau                    m  food
tomato; tomatoes           tomate                    f  food
onion                      oignon                    m  food
vegetable                  légume                    m  food
potato; potatoes           pomme/0 de/0 terre/0; pommes/0 de/0 terre/0  f  food
sandwich                   sandwich                  m  food
bread                      pain                      m  dish
cheese                     fromage                   m  dish
meat                       viande                    f  dish
fish                       poisson                   m  dish
rice                       riz                       m  dish
butter                     beurre                    m  dish
soup                       soupe                     f  dish
honey                      miel                      m  dish
chocolate                  chocolat                  m  dish
water                      eau                       f  drink
wine                       vin                       m  drink
milk                       lait                      m  drink
coffee                     café                      m  drink
tea                        thé                       m  drink
beer                       bière                     f  drink
dog                        chien                     m  animal
cat                        chat                      m  animal
horse                      cheval                    m  animal
bird                       oiseau                    m  animal
cow                        vache                     f  animal
goat                       chèvre                    f  animal
wolf; wolves               loup                      m  animal
mouse; mice                souris                    f  animal
lion                       lion                      m  animal
hedgehog                   hérisson                  m  animal
Area                       zone                      f  title
Union                      Union                     f  title
Community                  Communauté                f  title
Council                    Conseil                   m  title
Court                      Cour                      f  title
Bank                       Banque                    f  title
Fund                       Fonds                     m  title
Agency                     Agence                    f  title
Parliament                 Parlement                 m  title
Forum                      Forum                     m  title
Organization               Organisation              f  title
Commission                 Commission                f  title
Committee                  Comité                    m  title
Assembly                   Assemblée                 f  title
Alliance                   Alliance                  f  title
Federation                 Fédération                f  title
Institute                  Institut                  m  title
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

# English   French   rank: "<" stands before its noun in French, "-" never stands alone after "to be".
# English order: quality, size, age, colour, origin, type. French: the reverse order after the noun.
ADJECTIVES = """
important                       important             quality
necessary                       nécessaire            quality
useful                          utile                 quality
excellent                       excellent             quality
ambitious                       ambitieux             quality
controversial                   controversé           quality
difficult                       difficile             quality
urgent                          urgent                quality
complex                         complexe              quality
simple; simpler; simplest       simple                quality
clear; clearer; clearest        clair; claire         quality
essential                       essentiel             quality
interesting                     intéressant           quality
dangerous                       dangereux             quality
good; better; best              <bon                  quality
famous                          célèbre               quality
rich; richer; richest           riche                 quality
poor; poorer; poorest           pauvre                quality
happy; happier; happiest        heureux               quality
known                           connu                 quality
fragile                         fragile               quality
serious                         grave                 quality
positive                        positif               quality
complicated                     compliqué             quality
honest                          honnête               quality
intelligent                     intelligent           quality
brave; braver; bravest          courageux             quality
patient                         patient               quality
tired                           fatigué               quality
ill                             malade                quality
sad; sadder; saddest            triste                quality
popular                         populaire             quality
influential                     influent              quality
experienced                     expérimenté           quality
powerful                        puissant              quality
independent                     indépendant           quality
expensive                       cher                  quality
modern                          moderne               quality
magnificent                     magnifique            quality
beautiful                       <beau; belle          quality
heavy; heavier; heaviest        lourd                 quality
quiet; quieter; quietest        calme                 quality
delicious                       délicieux             quality
long; longer; longest           <long; longue         size
short; shorter; shortest        <court                size
large; larger; largest          <grand                size
small; smaller; smallest        <petit                size
tall; taller; tallest           <grand                size
low; lower; lowest              bas; basse            size
high; higher; highest           élevé                 size
new; newer; newest              <nouveau; nouvelle    age -
recent                          récent                age
annual                          annuel                age
next                            <prochain             age -
first                           <premier              age -
second                          <deuxième             age -
last                            <dernier              age -
previous                        précédent             age -
final                           final                 age -
provisional                     provisoire            age
main                            principal             age -
official                        officiel              age
young; younger; youngest        <jeune                age
old; older; oldest              <vieux; vieille       age
former                          <ancien               age -
historic                        historique            age
ancient                         antique               age
current                         actuel                age -
common                          commun                age
white                           blanc; blanche        colour
black                           noir                  colour
red                             rouge                 colour
grey                            gris                  colour
green                           vert                  colour
blue                            bleu                  colour
yellow                          jaune                 colour
French                          français              origin
German                          allemand              origin
Italian                         italien               origin
Spanish                         espagnol              origin
British                         britannique           origin
Portuguese                      portugais             origin
Dutch                           néerlandais           origin
Belgian                         belge                 origin
Swiss                           suisse                origin
Austrian                        autrichien            origin
Greek                           grec; grecque         origin
Turkish                         turc; turque          origin
Polish                          polonais              origin
Hungarian                       hongrois              origin
Russian                         russe                 origin
Swedish                         suédois               origin
Norwegian                       norvégien             origin
Danish                          danois                origin
Irish                           irlandais             origin
American                        américain             origin
Canadian                        canadien              origin
Mexican                         mexicain              origin
Brazilian                       brésilien             origin
Chinese                         chinois               origin
Japanese                        japonais              origin
Indian                          indien                origin
Egyptian                        égyptien              origin
Moroccan                        marocain              origin
European                        européen              origin
African                         africain              origin
international                   international         origin
national                        national              origin
regional                        régional              origin
local                           local                 origin
global                          mondial               origin
foreign                         étranger              origin
Asian                           asiatique             origin
Arab                            arabe                 origin
Nordic                          nordique              origin
Baltic                          balte                 origin
Mediterranean                   méditerranéen         origin
International                   international         origin
World                           mondial               origin
National                        national              origin
economic                        économique            type
political                       politique             type
financial                       financier             type
commercial                      commercial            type
scientific                      scientifique          type
cultural                        culturel              type
social                          social                type
diplomatic                      diplomatique          type
military                        militaire             type
constitutional                  constitutionnel       type
monetary                        monétaire             type
humanitarian                    humanitaire           type
strategic                       stratégique           type
technical                       technique             type
secret                          secret; secrète       type
public                          public                type
urban                           urbain                type
legal                           juridique             type
industrial                      industriel            type
agricultural                    agricole              type
environmental                   environnemental       type
bilateral                       bilatéral             type
confidential                    confidentiel          type
chemical                        chimique              type
nuclear                         nucléaire             type
biological                      biologique            type
conventional                    conventionnel         type
electric                        électrique            type
medical                         médical               type
marine                          marin                 type
natural                         naturel               type
maritime                        maritime              type
Economic                        économique            type
Monetary                        monétaire             type
Political                       politique             type
Social                          social                type
Cultural                        culturel              type
Scientific                      scientifique          type
Agricultural                    agricole              type
Maritime                        maritime              type
Humanitarian                    humanitaire           type
Industrial                      industriel            type
Central                         central               type
single                          unique                type
peace                           de/0 paix/0           material
security                        de/0 sécurité/0       material
cooperation                     de/0 coopération/0    material
stone                           en/0 pierre/0         material
wooden                          en/0 bois/0           material
metal                           en/0 métal/0          material
plastic                         en/0 plastique/0      material
"""

# Classes of nouns, or nouns, and the adjectives that they take.
PAIRINGS = """
law text event matter action: important necessary useful excellent ambitious controversial difficult urgent
law text event matter action: complex simple clear essential interesting dangerous good
text event: famous
home: rich poor happy famous
evil: dangerous
surroundings: known fragile important
evil: serious
event matter: serious positive complicated
person: famous rich poor honest intelligent brave patient tired ill happy sad popular influential experienced
kin: patient happy intelligent honest
body: powerful influential independent famous important rich
weapon device: dangerous expensive modern powerful
thing: expensive useful magnificent beautiful heavy
site: famous magnificent modern beautiful quiet
food dish drink: excellent expensive good delicious
animal: dangerous beautiful intelligent tired
peace democracy freedom education cooperation research: necessary essential important
security equality solidarity innovation transparency: necessary essential important
peace democracy growth stability: fragile
text event: long short
home body thing site device food animal: large small
matter: large small
person animal: tall
law text event matter action weapon artifact site: new
law text event: recent annual next first second last
law text: previous final provisional main official
person: young old former new
kin: young old
body: new former
thing site animal: old
site: historic ancient
matter: main current common
thing building animal: white black
thing building: red grey green blue yellow
person body law text event weapon device site: French German Italian Spanish British Portuguese Dutch Belgian
person body law text event weapon device site: Swiss Austrian Greek Turkish Polish Hungarian Russian Swedish
person body law text event weapon device site: Norwegian Danish Irish American Canadian Mexican Brazilian
person body law text event weapon device site: Chinese Japanese Indian Egyptian Moroccan European African
body law event matter topic evil surroundings outlook: international national regional local European global
body law event matter topic evil surroundings outlook: foreign
law text event body matter topic outlook: economic political
law text event body matter topic: financial commercial scientific cultural
law event matter: social diplomatic military constitutional monetary humanitarian strategic technical
law text event: secret public
matter: urban legal industrial agricultural environmental
law text: bilateral confidential
weapon: chemical nuclear biological conventional
device: electric industrial medical military
surroundings: marine natural urban
topic: agricultural maritime
event law: peace security cooperation
building: stone wooden
thing: metal plastic
title: European African Asian American Arab Nordic Baltic Mediterranean International World National Economic
title: Monetary Political Social Cultural Scientific Agricultural Maritime Humanitarian Industrial Central
market: single
tax: low
price: high
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

# Owner's class   nouns after "whose", dont: "the country whose president", le pays dont le président.
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
