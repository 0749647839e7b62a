//! Words that say nothing about what a call is about: the grammar of the language, numbers, and the courtesies of the
//! telephone. Other languages than these fall back on a word's length.

use std::collections::BTreeSet;

use crate::call::Language;

/// Letters from which a word counts in a language without a list: function words are short nearly everywhere.
const CONTENT_LETTERS_MIN: usize = 6;
/// The same where there is a list, which leaves names and things.
const LISTED_LETTERS_MIN: usize = 3;

/// Grammar, and what is said about anything.
const ENGLISH: &str = "\
a about actually after again ago all almost already also always am an and another any anybody anyone anything \
are aren't around as ask asked at away back be because been before being below best better between both but by \
can can't cannot come comes coming could couldn't did didn't do does doesn't doing don't done down each either \
else enough even ever every everybody everyone everything few first for from further get gets getting give gives \
go goes going gone got had has hasn't have haven't having he he's her here hers herself him himself his how \
however i i'd i'll i'm i've if in into is isn't it it'll it's its itself just keep kind know known last least less let \
let's like little look looking lot made make makes making many may maybe me mean might mine more most much must \
my myself need needs neither never new next no nobody none nor not nothing now of off often on once one only \
onto or other others our ours ourselves out over own per perhaps put quite rather really right said same say \
says see seem seen send she she's should shouldn't since so some somebody someone something sometimes soon sort \
still such sure take takes taken tell than that that's the their theirs them themselves then there there's these \
they they're they've thing things think this those though through till to together told too toward try trying \
under until up upon us use used using very want wanted wants was wasn't way we we'll we're we've well went were \
weren't what what's when where whether which while who whom whose why will with within without won't would \
wouldn't yes yet you you'd you'll you're you've your yours yourself speak speaking talk talking help helping \
happy glad sir madam correct";

/// Numbers, money, times: worth a place in a summary, no topic by themselves.
const ENGLISH_QUANTITIES: &str = "\
zero two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty \
ninety hundred thousand million number dollar dollars cent cents euro euros second third half minute minutes \
hour hours day days week weeks month months year years today tomorrow yesterday morning afternoon evening night \
noon monday tuesday wednesday thursday friday saturday sunday";

/// How calls open, close and pause.
const ENGLISH_COURTESIES: &str = "\
hello hi hey good great fine nice perfect okay ok alright please thank thanks welcome sorry apologize appreciate \
excuse pardon goodbye bye call called calling calls moment hold wait waiting bear name mister miss yeah yep nope \
hmm uh um oh ah recorded recording";

/// See [`ENGLISH`].
const SPANISH: &str = "\
a acá ahí ahora al algo alguien algún alguna algunas alguno algunos allá allí ante antes aquel aquella aquellas \
aquello aquellos aquí así aún aunque bajo bastante bien cada casi claro como cómo con conmigo contra cosa cosas \
creo cual cuál cuales cualquier cuando cuándo cuanto cuánto de debe deber debo decir del demás demasiado dentro \
desde después dice dije donde dónde durante e él el ella ellas ello ellos en encima entonces entre era eran eres \
es esa esas ese eso esos esta está estaba están estar estas estás este esto estos estoy fue fuera fueron ha \
había habla hablar hacen hacer haces hace hacia hago han has hasta hay haya he hecho hizo hoy igual incluso ir jamás \
junto la las le les lo los luego más me mejor menos mi mí mientras mis misma mismo mucha muchas mucho muchos muy \
nada nadie ni ningún ninguna ninguno no nos nosotros nuestra nuestro nuestros nunca o os otra otras otro otros \
para parece pero poca poco pocos podemos poder podría porque por pues puede pueden puedo que qué quien quién \
quiero quiere quiera quisiera quizá quizás sé sea según ser será si sí sido siempre siendo sin sino sobre \
solamente solo sólo somos son soy su sus suya suyo tal también tampoco tan tanto te tener tengo tenemos tiene \
tienen tenga toda todas todavía todo todos tras tu tú tus un una unas uno unos usted ustedes va vamos van varios \
ve ver vez voy y ya yo ayuda ayudar ayudarle correcto acuerdo";

/// See [`ENGLISH_QUANTITIES`].
const SPANISH_QUANTITIES: &str = "\
cero dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta cuarenta cincuenta sesenta \
setenta ochenta noventa cien ciento cientos doscientos mil número peso pesos euro euros primera primero segundo \
minuto minutos hora horas día días semana semanas mes meses año años mañana ayer tarde noche mediodía lunes \
martes miércoles jueves viernes sábado domingo";

/// See [`ENGLISH_COURTESIES`].
const SPANISH_COURTESIES: &str = "\
hola buenos buenas bueno buena gracias favor gusto momento perfecto vale okay ok disculpe perdón siento lamento \
llamar llamada llamo llamó llame espere espera esperar esperando adiós nombre señor señora señorita déjeme \
dígame grabada grabado";

/// Joins two nouns into one thing: `tarjeta de crédito`.
const SPANISH_JOINTS: [&str; 2] = ["de", "del"];

/// Which words of one language carry meaning.
pub(in crate::understand) struct StopWords {
    grammar: BTreeSet<&'static str>,
    quantities: BTreeSet<&'static str>,
    courtesies: BTreeSet<&'static str>,
    joints: &'static [&'static str],
    letters_min: usize,
    has_capital_nouns: bool,
}

impl StopWords {
    /// The lists for a language, or the fallback.
    pub(in crate::understand) fn of(language: Option<&Language>) -> Self {
        let set = |list: &'static str| list.split_ascii_whitespace().collect();
        let listed = |grammar, quantities, courtesies, joints| Self {
            grammar: set(grammar),
            quantities: set(quantities),
            courtesies: set(courtesies),
            joints,
            letters_min: LISTED_LETTERS_MIN,
            has_capital_nouns: language.is_some_and(|language| matches!(language.as_str(), "de" | "lb")),
        };
        match language.map(Language::as_str) {
            Some("en") => listed(ENGLISH, ENGLISH_QUANTITIES, ENGLISH_COURTESIES, &[]),
            Some("es") => listed(SPANISH, SPANISH_QUANTITIES, SPANISH_COURTESIES, &SPANISH_JOINTS),
            _ => Self { letters_min: CONTENT_LETTERS_MIN, ..listed("", "", "", &[]) },
        }
    }

    /// Whether a word, in lower case, says something.
    pub(in crate::understand) fn is_content(&self, word: &str) -> bool {
        word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'))
            && word.chars().count() >= self.letters_min
            && !self.grammar.contains(word)
            && !self.courtesies.contains(word)
    }

    /// Whether nouns are written with a capital, so that names cannot be told by theirs.
    pub(super) const fn has_capital_nouns(&self) -> bool {
        self.has_capital_nouns
    }

    /// Whether it could be what a call is about.
    pub(super) fn is_topic(&self, word: &str) -> bool {
        self.is_content(word) && !self.quantities.contains(word)
    }

    /// Whether it opens, closes or pauses a call.
    pub(super) fn is_courtesy(&self, word: &str) -> bool {
        self.courtesies.contains(word)
    }

    /// Whether it may stand inside a phrase between two topics.
    pub(super) fn is_joint(&self, word: &str) -> bool {
        self.joints.contains(&word)
    }
}
