"""The verbs of the lexicon: English, French, who does it, and to what. Tables only; ``entries`` reads them.

Irregular past and participle follow a semicolon ("write; wrote; written"). Classes are those of ``lexicon.NOUNS``, of
``names`` (nation, name, institution, city), or groups of ``lexicon.CLASSES``.
"""

# Verbs with direct objects in both languages: active, passive, relative clauses, clitics.
TRANSITIVE = """
sign                        signer         agent            law text
ratify                      ratifier       state            law
adopt                       adopter        power            law
approve                     approuver      agent            law project
reject                      rejeter        agent            law
publish                     publier        agent            text
modify                      modifier       power            law
negotiate                   négocier       agent            law
prepare                     préparer       agent            law text event outlook
examine                     examiner       agent            law text matter
support                     soutenir       agent            law body nation action
criticize                   critiquer      agent            law text body
denounce                    dénoncer       agent            law evil mistake
respect  respecter  agent  law right principle rule tradition obligation condition
apply                       appliquer      power            law principle rule method
violate                     violer         state            law right principle rule
accept                      accepter       agent            law gift condition
propose                     proposer       agent            law measure solution reform
present                     présenter      people body      law text project strategy
finance                     financer       power            event project site research
organize                    organiser      agent            event
interrupt                   interrompre    people           event
postpone                    reporter       power            event decision
cancel                      annuler        power            event contract decision
win; won; won               gagner         state team       war election match trial
lose; lost; lost            perdre         agent            war election match trial
condemn                     condamner      agent            war violence terrorism corruption decision mistake
read; read; read            lire           human            text
write; wrote; written       écrire         human            letter article book novel poem message speech
translate                   traduire       human            text
receive                     recevoir       agent            letter message document petition request gift
correct                     corriger       human            text mistake
finish                      terminer       human            text project journey
buy; bought; bought         acheter        human body       artifact food drink house
sell; sold; sold            vendre         human body       artifact food drink house
find; found; found          trouver        human            thing solution answer
repair                      réparer        people           device car clock bicycle boat bridge watch
break; broke; broken        casser         human            glass window lamp bottle toy chair
clean                       nettoyer       human            thing house school street
use                         utiliser       agent            device tool method resource
produce                     produire       nation company factory   weapon device vehicle
build; built; built         construire     state company    building
destroy                     détruire       state army storm fire  weapon building device
design                      concevoir      engineer architect body  device building system
test                        tester         engineer researcher army company  device weapon
export                      exporter       nation company   weapon device food
import                      importer       nation company   weapon device food
possess                     posséder       nation army      weapon device
hide; hid; hidden           cacher         human            thing weapon
steal; stole; stolen        voler          people           thing
carry                       porter         human            thing weapon
paint                       peindre        human            picture wall door chair boat house
draw; drew; drawn           dessiner       human            picture house animal
choose; chose; chosen       choisir        human body       thing method solution priority strategy
eat; ate; eaten             manger         human animal     food dish
drink; drank; drunk         boire          human            drink
prepare                     préparer       human            dish cake coffee tea
taste                       goûter         human            dish drink cake
see; saw; seen              voir           human            person kin animal site thing
meet; met; met              rencontrer     human            person kin
know; knew; known           connaître      human            person problem law situation city history
help                        aider          agent            person kin nation body
invite                      inviter        human body       person kin
love                        aimer          human            kin nation city nature
call                        appeler        human            person kin
follow                      suivre         human            person event
accompany                   accompagner    human            person kin
thank                       remercier      agent            person nation body
visit                       visiter        human body       site nation city
elect  élire  country assembly citizen parliament  president leader representative
appoint  nommer  power president king  ambassador judge minister expert representative
arrest  arrêter  policeman soldier officer authority  journalist soldier leader fisherman observer
protect  protéger  agent law  person right surroundings nature home border animal health
attack                      attaquer       army nation soldier      nation city army building
save                        sauver         human army       kin animal prisoner city
admire                      admirer        human            person building picture city
question                    interroger     journalist judge policeman lawyer  person
convince                    convaincre     people           person body
represent                   représenter    ambassador delegation lawyer minister  nation body interest
lead; led; led              diriger        person           body mission negotiation investigation
join                        rejoindre      nation person    alliance federation organization army team title
leave; left; left           quitter        human            nation city site meeting army
create                      créer          power            body system market
solve                       résoudre       agent            problem crisis difficulty
understand; understood; understood  comprendre  human       problem text situation risk rule language
explain                     expliquer      people           decision problem rule result situation
change  changer  agent law event  rule system situation policy method outlook surroundings
improve  améliorer  agent law reform  situation policy system education health security law
reduce  réduire  agent law reform  cost tax price risk poverty unemployment pollution
increase                    augmenter      power            tax price cost budget production
strengthen                  renforcer      agent law        cooperation security democracy alliance role right
weaken  affaiblir  crisis war corruption decision  economy government democracy alliance
guarantee                   garantir       state law        right freedom security peace independence
promote  promouvoir  agent  peace trade education tourism equality cooperation innovation
threaten  menacer  nation army crisis war pollution  peace security stability surroundings nation outlook
achieve                     atteindre      agent            objective result
define                      définir        law body         rule principle objective strategy policy
study                       étudier        people           text problem science history language animal
analyse                     analyser       people body      text situation result problem
recognize                   reconnaître    agent            right independence mistake responsibility nation
ignore                      ignorer        agent            rule danger problem recommendation
forget; forgot; forgotten   oublier        human            thing mistake
avoid                       éviter         agent            war crisis mistake danger accident
discover                    découvrir      people           solution island method substance
limit                       limiter        agent law        risk cost use production
encourage                   encourager     agent            person research innovation cooperation fishing
control                     contrôler      power            border market price bank
fight; fought; fought       combattre      agent            evil fire
impose                      imposer        power            tax rule condition obligation
establish                   établir        power law        rule system list cooperation
maintain                    maintenir      agent            peace stability tradition policy
obtain                      obtenir        agent            result approval right
welcome                     accueillir     agent            person delegation
prohibit                    interdire      state law        weapon use production sale
destabilize                 déstabiliser   crisis war corruption decision  nation market economy
include                     inclure        law text         principle list objective
open                        ouvrir         human            door window box bottle letter school museum
close                       fermer         human            door window box school factory embassy
watch                       regarder       human            match animal picture ship
teach; taught; taught       enseigner      teacher          science history language
transform                   transformer    law event agent   economy city agriculture industry outlook
celebrate                   célébrer       human body       independence peace
inform                      informer       agent            person body
defend  défendre  agent  right interest principle independence nation freedom
conclude                    conclure       agent            agreement treaty contract negotiation alliance
restore                     restaurer      human body       castle church palace picture
"""

# Verbs with a preposition; the other language may have another one, or none ("-").
PREPOSITIONAL = """
participate   in  participer  à  agent            event
depend        on  dépendre  de  nation body law project growth   result nation condition price growth resource
belong        to  appartenir  à  thing building   person kin institution
answer        -  répondre  à  people body      letter request message
obey          -  obéir  à  people body      law rule
attend        -  assister  à  people           event
contribute    to  contribuer  à  agent            peace growth stability event research project
renounce      -  renoncer  à  nation           weapon project
listen        to  écouter  -  human            person kin speech
look          at  regarder  -  human            thing site animal
wait          for  attendre  -  human            person kin answer decision result
look          for  chercher  -  human            thing solution
talk          about  parler  de  human            law event topic matter
think; thought; thought  about  penser  à  human            kin event problem
cooperate     with  coopérer  avec  agent            person nation body
fight; fought; fought  against  lutter  contre  agent       evil
insist        on  insister  sur  agent            topic right need role
work          on  travailler  sur  people           law text project
vote          for  voter  pour  people           law leader
speak; spoke; spoken  to  parler  à  people           person kin
smile         at  sourire  à  human            person kin
discuss       -  discuter  de  people body      law matter
benefit       from  bénéficier  de  agent            law cooperation
react         to  réagir  à  agent            event decision threat
lead; led; led  to  conduire  à  event law        crisis war solution result
"""

# Someone gives something to someone: recipient as noun (à) or as a clitic (me, vous, lui, nous, leur);
# "*": English may put the recipient first (gave him a book, but explained the law to him).
DITRANSITIVE = """
give; gave; given           *donner        human body       thing text answer
send; sent; sent            *envoyer       people body      text gift
show; showed; shown         *montrer       human            text picture thing city
offer                       *offrir        human            thing gift
lend; lent; lent            *prêter        human            thing book
explain                     expliquer      people           decision problem rule situation
return                      rendre         human            thing book
promise                     *promettre     people body      gift answer reform
recommend                   recommander    people           book hotel restaurant method
propose                     proposer       agent            solution project agreement
"""

# Verbs without object; "+" takes être, "se" is reflexive (third person only).
INTRANSITIVE = """
arrive                      +arriver       person kin name delegation
die                         +mourir        kin king queen soldier hero animal
sleep; slept; slept         dormir         human animal
work                        travailler     human
sing; sang; sung            chanter        human bird
dance                       danser         human
smile                       sourire        human
laugh                       rire           human
cry                         pleurer        kin boy girl
travel                      voyager        human
resign                      démissionner   minister president leader ambassador judge
vote                        voter          people parliament assembly
protest                     protester      people worker farmer student
disappear                   disparaître    thing animal person
hesitate                    hésiter        agent
exist                       exister        problem risk solution difficulty
increase                    augmenter      price cost tax unemployment inflation production
succeed                     réussir        project plan negotiation mission reform
fail                        échouer        project plan negotiation mission reform
fall; fell; fallen          +tomber        human thing
begin; began; begun         commencer      event
end                         se~terminer    event
improve                     se~améliorer   situation health economy
rest                        se~reposer     human
"""

# Verbs of place: "in" (to live), or "to" and "from" (to go).
MOTION = """
live        in      vivre         human animal
stay        in      +rester       human
arrive      in      +arriver      human delegation
work        in      travailler    human
go; went; gone      to    +aller      human delegation
return      to      +retourner    human delegation
travel      to      se~rendre     human delegation
come; came; come    from  +venir    human delegation
"""

# Verbs with "that ...": to say, to think, to hope.
SENTENTIAL = """
say; said; said             dire           agent text
announce                    annoncer       agent text
declare                     déclarer       agent
explain                     expliquer      people text
confirm                     confirmer      agent text
think; thought; thought     penser         people
know; knew; known           savoir         people
believe                     croire         people
hope                        espérer        agent
admit                       admettre       agent
learn                       apprendre      people
show; showed; shown         *montrer       text result event
recall                      rappeler       agent text
note                        constater      agent text
predict                     prédire        expert researcher historian
"""

QUOTING = """
say; said; said             dire
announce                    annoncer
explain                     expliquer
declare                     déclarer
reply                       répondre
add                         ajouter
"""

# Verbs with an infinitive, and the French preposition before it, or "-".
INFINITIVE = """
want                        vouloir        -    agent
hope                        espérer        -    agent
try                         essayer        de   agent
decide                      décider        de   agent
refuse                      refuser        de   agent
agree                       accepter       de   agent
promise                     *promettre     de   agent
begin; began; begun         commencer      à    agent
continue                    continuer      à    agent
manage                      réussir        à    agent
hesitate                    hésiter        à    agent
plan                        prévoir        de   power
prefer                      préférer       -    agent
"""

# Verbs of state: their past is the imperfect ("knew", connaissait); they have no progressive, perfect or passive.
STATIVE = """
connaître savoir vouloir espérer penser croire aimer dépendre appartenir vivre préférer exister posséder représenter
être avoir pouvoir devoir admirer respecter
"""

# Verbs whose objects are general: an English plural without article would be "les", not "des", so they never have one.
GENERIC_OBJECT = "aimer admirer respecter connaître défendre protéger encourager combattre interdire dénoncer"

# Verbs that are drawn three times as often as the others.
FREQUENT = """
signer adopter publier modifier produire changer lire écrire donner voir rencontrer acheter protéger rejeter approuver
"""

# Verbs without a passive; and verbs of no deliberate act, which take no "quickly" or "officially".
NO_PASSIVE = "rencontrer quitter perdre inclure transformer atteindre manger boire goûter rejoindre diriger cacher"
NOT_DELIBERATE = """
voir trouver perdre rencontrer manger boire goûter tomber mourir dormir oublier hésiter inclure atteindre casser porter
menacer affaiblir comprendre suivre exister commencer augmenter échouer rester vivre regarder écouter attendre
dépendre appartenir sourire rire pleurer
"""

# English modal -> French verb and its tense.
MODALS = """
can       pouvoir    present
must      devoir     present
should    devoir     conditional
could     pouvoir    conditional
"""

# "It is important to ...", "that ...": the mood of the clause.
IMPERSONAL = """
important   important     subjunctive
necessary   nécessaire    subjunctive
essential   essentiel     subjunctive
possible    possible      subjunctive
useful      utile         subjunctive
urgent      urgent        subjunctive
clear       clair; claire     indicative
true        vrai          indicative
certain     certain       indicative
obvious     évident       indicative
"""
