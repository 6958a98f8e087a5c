"""Names: countries, cities, people, institutions, months, days; and adverbials with their words aligned. Tables only.

``/n`` after a French word links it surely, ``~n`` possibly, to the n-th English word of the entry (0-based).
"""

# English, French, agreement (m f mp fp); "-" has no article. Feminine countries take "en", so do masculine ones that
# begin with a vowel.
NATIONS = """
France              France          f
Germany             Allemagne       f
Italy               Italie          f
Spain               Espagne         f
Portugal            Portugal        m
Belgium             Belgique        f
Austria             Autriche        f
Switzerland         Suisse          f
Greece              Grèce           f
Turkey              Turquie         f
Poland              Pologne         f
Hungary             Hongrie         f
Russia              Russie          f
Sweden              Suède           f
Norway              Norvège         f
Denmark             Danemark        m
Finland             Finlande        f
Ireland             Irlande         f
Iceland             Islande         f
Luxembourg          Luxembourg      m
Canada              Canada          m
Mexico              Mexique         m
Brazil              Brésil          m
Peru                Pérou           m
Chile               Chili           m
Argentina           Argentine       f
China               Chine           f
Japan               Japon           m
India               Inde            f
Iran                Iran            m
Iraq                Irak            m
Syria               Syrie           f
Egypt               Égypte          f
Morocco             Maroc           m
Algeria             Algérie         f
Senegal             Sénégal         m
Kenya               Kenya           m
Angola              Angola          m
Cuba                Cuba            -f
Malta               Malte           -f
Israel              Israël          -m
the Netherlands     les~0 Pays-Bas/1           mp
the United States   les~0 États-Unis/1/2       mp
the Philippines     les~0 Philippines/1        fp
the United Kingdom  le~0 Royaume-Uni/1/2       m
"""

CITIES = """
Paris Paris  Rome Rome  London Londres  Geneva Genève  Brussels Bruxelles  Vienna Vienne  Lisbon Lisbonne
Madrid Madrid  Berlin Berlin  Athens Athènes  Warsaw Varsovie  Moscow Moscou  Dublin Dublin  Oslo Oslo
Stockholm Stockholm  Copenhagen Copenhague  Budapest Budapest  Ottawa Ottawa  Tokyo Tokyo  Dakar Dakar
Algiers Alger  Barcelona Barcelone  Venice Venise  Strasbourg Strasbourg  Maastricht Maastricht
Montreal Montréal
"""

PEOPLE = {
    "f": "Anna Alice Claire Emma Irène Julia Louise Maria Sophie",
    "m": "Antoine Daniel Émile Louis Martin Oscar Paul Simon Thomas Victor",
}

# Names of institutions whose French is not the reversed English.
INSTITUTIONS = """
the European Union                la/0 Union/2 européenne/1                          f
the European Commission           la/0 Commission/2 européenne/1                     f
the European Parliament           le/0 Parlement/2 européen/1                        m
the World Bank                    la/0 Banque/2 mondiale/1                           f
the Security Council              le/0 Conseil/2 de~1 sécurité/1                     m
the General Assembly              la/0 Assemblée/2 générale/1                        f
the United Nations                les/0 Nations/2 unies/1                            fp
the Council of Europe             le/0 Conseil/1 de/2 la~3 Europe/3                  m
the Court of Justice              la/0 Cour/1 de/2 justice/3                         f
the Red Cross                     la/0 Croix-Rouge/1/2                               f
the World Trade Organization      la/0 Organisation/3 mondiale/1 de~2 le~2 commerce/2   f
the World Health Organization     la/0 Organisation/3 mondiale/1 de~2 la~2 santé/2   f
the International Labour Organization  la/0 Organisation/3 internationale/1 de~2 le~2 travail/2   f
the European Central Bank         la/0 Banque/3 centrale/2 européenne/1              f
the European Investment Bank      la/0 Banque/3 européenne/1 de~2 investissement/2   f
the International Monetary Fund   le/0 Fonds/3 monétaire/2 international/1           m
the European Court of Human Rights  la/0 Cour/2 européenne/1 de/3 les~5 droits/5 de~4 le~4 homme/4   f
the International Criminal Court  la/0 Cour/3 pénale/2 internationale/1              f
the Atomic Energy Agency          la/0 Agence/3 de~2 la~2 énergie/2 atomique/1       f
the African Union                 la/0 Union/2 africaine/1                           f
the Arab League                   la/0 Ligue/2 arabe/1                               f
"""

MONTHS = """
January janvier  February février  March mars  April avril  May mai  June juin  July juillet  August août
September septembre  October octobre  November novembre  December décembre
"""

DAYS = """
Monday lundi  Tuesday mardi  Wednesday mercredi  Thursday jeudi  Friday vendredi  Saturday samedi
Sunday dimanche
"""

NUMBERS = """
two deux  three trois  four quatre  five cinq  six six  seven sept  eight huit  nine neuf  ten dix
eleven onze  twelve douze  fifteen quinze  twenty vingt
"""

# English   French   when: adverbials of time by the tense they go with, then adverbials of other kinds
ADVERBIALS = """
yesterday         hier/0                        past
last week         la~1 semaine/1 dernière/0     past
last month        le~1 mois/1 dernier/0         past
last year         la~1 année/1 dernière/0       past
two years ago     il~2 y~2 a/2 deux/0 ans/1     past
three months ago  il~2 y~2 a/2 trois/0 mois/1   past
ten days ago      il~2 y~2 a/2 dix/0 jours/1    past
a long time ago   il~3 y~3 a/3 longtemps/1/2~0  past
tomorrow          demain/0                      future
next week         la~1 semaine/1 prochaine/0    future
next month        le~1 mois/1 prochain/0        future
next year         la~1 année/1 prochaine/0      future
in two years      dans/0 deux/1 ans/2           future
in three months   dans/0 trois/1 mois/2         future
in a few days     dans/0 quelques/1/2 jours/3   future
today             aujourd'hui/0                 present
every day         chaque/0 jour/1               present
every week        chaque/0 semaine/1            present
every month       chaque/0 mois/1               present
every year        chaque/0 année/1              present
today             aujourd'hui/0                 now
today             aujourd'hui/0                 present opening
at the moment     en~0 ce~1 moment/2            present opening
this year         cette/0 année/1               present opening
in spring         à/0 le~1 printemps/1          season
in summer         en/0 été/1                    season
in autumn         en/0 automne/1                season
in winter         en/0 hiver/1                  season
however           cependant/0                   opening
moreover          de~0 plus/0                   opening
fortunately       heureusement/0                opening
unfortunately     malheureusement/0             opening
in fact           en/0 fait/1                   opening
finally           enfin/0                       opening
of course         bien/0/1 sûr/0/1              opening
for example       par/0 exemple/1               opening
in many cases     dans/0 de~1 nombreux/1 cas/2  opening
in other words    en/0 d'~1 autres/1 termes/2   opening
"""

# English   French   the tenses it goes with: before the English verb, after the finite French one.
MIDDLE_ADVERBS = """
quickly      rapidement      action
officially   officiellement  action
immediately  immédiatement   action
publicly     publiquement    action
secretly     secrètement     action
unanimously  unanimement     action
finally      finalement      action
easily       facilement      action
also         aussi           action
often        souvent         present
always       toujours        present
rarely       rarement        present
sometimes    parfois         present
generally    généralement    present
also         aussi           present
already      déjà            perfect
recently     récemment       perfect
also         aussi           perfect
"""

# English   French   the noun that follows   where it may stand
CIRCUMSTANCES = """
during        pendant/0           event                                                        anywhere
after         après/0             event                                                        anywhere
before        avant/0             event                                                        anywhere
despite       malgré/0            crisis war difficulty danger risk problem strike storm evil  anywhere
because of    à/0~1 cause/0 de/1  crisis war strike storm pollution risk threat                anywhere
thanks to     grâce/0 à/1         law cooperation research project reform solution             anywhere
according to  selon/0~1           person text institution                                      first
with          avec/0              kin person home                                              people
"""
