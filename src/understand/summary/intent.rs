//! What a call was for: one label of a fixed list, with the sentence that says so. Weighed by what people say when they
//! state their business; the customer's words and the beginning of the call count more.

use std::collections::BTreeMap;

use crate::call::Intent;
use crate::understand::parties::Role;
use crate::understand::phrases::Phrases;
use crate::understand::reading::{Reading, Sentence};

/// What the customer's words weigh beside those of others.
const CUSTOMER_WEIGHT: f64 = 2.0;
/// What the first third of a call weighs beside the rest: people say early why they call.
const EARLY_WEIGHT: f64 = 2.0;
/// What the first cue weighs in a sentence that states one's business.
const STATED_WEIGHT: f64 = 4.0;

/// Phrases by which somebody says what they want.
const STATEMENTS: &str = "i want|i'd like|i would like|i need|i have a|i have an|i've got|i am calling|i'm calling|\
    calling about|calling because|calling to|problem with|trouble with|can i|could i|quiero|quisiera|queria|necesito|\
    me gustaria|tengo un|tengo una|llamo por|llamo para|llamo porque|problema con|puedo";

type Cues = [(&'static str, &'static str)];

const ENGLISH: &Cues = &[
    ("refund", "refund|refunded|money back|reimburse|reimbursement|chargeback"),
    (
        "billing",
        "invoice|bill|billing|charged|overcharged|charge|charges|double charged|charged twice|statement|late fee|fees|\
         fee",
    ),
    ("payment", "pay|payment|pay my bill|installment|installments|direct debit|overdue|transfer money"),
    (
        "technical_problem",
        "not working|doesn't work|does not work|isn't working|stopped working|broken|error|outage|no internet|\
         no signal|router|crash|crashes|slow|internet|connection|reset|frozen|reboot|keeps dropping|no power|faulty|defective",
    ),
    (
        "appointment",
        "appointment|appointments|book a|schedule|reschedule|reservation|see the doctor|see a doctor|checkup|\
         check-up|available slot|consultation|visit",
    ),
    (
        "cancellation",
        "cancel|cancel my|cancellation|terminate|close my account|unsubscribe|end my contract|stop my subscription",
    ),
    (
        "order_status",
        "order|my order|delivery|package|parcel|shipment|tracking|tracking number|hasn't arrived|not arrived|delivered|\
         where is my",
    ),
    (
        "account_access",
        "password|log in|login|locked out|username|sign in|reset my password|access my account|verification code|\
         locked account",
    ),
    (
        "card_problem",
        "credit card|debit card|lost my card|stolen card|card was declined|card is blocked|my card|new card|\
         block my card|pin",
    ),
    (
        "fraud",
        "fraud|fraudulent|scam|unauthorized|unauthorised|didn't make|did not make this|suspicious|identity theft|hacked",
    ),
    (
        "complaint",
        "complaint|complain|manager|supervisor|unacceptable|terrible service|very disappointed|ridiculous|\
         disgusted|formal complaint",
    ),
    ("prescription", "prescription|refill|medication|medicine|pharmacy|test results|lab results|results"),
    ("insurance", "insurance|claim|policy|coverage|deductible|accident"),
    ("purchase", "buy|purchase|price|pricing|quote|upgrade|subscribe|new plan|sign up|offer|discount|how much does"),
    (
        "change_of_details",
        "change my address|new address|moved|update my|change my number|change my email|new phone number|change my name",
    ),
    ("information", "opening hours|information about|question about|wondering|find out|what time do you|directions"),
];

const SPANISH: &Cues = &[
    ("refund", "reembolso|devolución|devolver el dinero|devuelvan|devolverme|reintegro|dinero de vuelta"),
    (
        "billing",
        "factura|facturas|facturación|cobro|cobros|cobraron|cobrado|me cobraron|cargo|cargos|doble cobro|comisión|recibo|comisiones",
    ),
    ("payment", "pagar|pago|pagos|cuota|cuotas|domiciliación|transferencia|deuda|vencido|a plazos"),
    (
        "technical_problem",
        "no funciona|no me funciona|dejó de funcionar|averiado|avería|error|sin internet|sin señal|router|módem|lento|conexión|\
         internet|se cae|no carga|roto|no enciende|falla|defectuoso",
    ),
    (
        "appointment",
        "cita|citas|turno|reservar|reserva|agendar|consulta con|ver al médico|ver al doctor|hora con|revisión médica|programar una",
    ),
    (
        "cancellation",
        "cancelar|cancelación|dar de baja|darme de baja|la baja|cerrar mi cuenta|anular|rescindir|terminar mi contrato",
    ),
    (
        "order_status",
        "pedido|mi pedido|entrega|paquete|envío|seguimiento|no ha llegado|no me ha llegado|no llegó|dónde está mi|repartidor",
    ),
    (
        "account_access",
        "contraseña|clave|iniciar sesión|acceder|acceso|usuario bloqueado|no puedo entrar|código de verificación",
    ),
    (
        "card_problem",
        "tarjeta|tarjeta de crédito|tarjeta de débito|perdí mi tarjeta|tarjeta bloqueada|bloquear mi tarjeta|mi tarjeta|el pin",
    ),
    ("fraud", "fraude|estafa|no reconozco|no autoricé|no autorizado|sospechoso|suplantación|hackeado|hackearon"),
    (
        "complaint",
        "queja|reclamación|reclamo|quejarme|supervisor|inaceptable|pésimo servicio|muy decepcionado|una vergüenza|\
         hoja de reclamaciones",
    ),
    ("prescription", "receta|medicamento|medicamentos|farmacia|medicina|resultados|análisis|pastillas"),
    ("insurance", "seguro|póliza|siniestro|cobertura|franquicia|accidente|aseguradora"),
    ("purchase", "comprar|precio|precios|presupuesto|contratar|oferta|descuento|tarifa|promoción|cuánto cuesta"),
    (
        "change_of_details",
        "cambiar mi dirección|nueva dirección|cambiar mi número|actualizar mis datos|me he mudado|me mudé|cambio de domicilio",
    ),
    (
        "information",
        "horario|información sobre|una pregunta sobre|quería saber|quisiera saber|a qué hora|me gustaría saber",
    ),
];

/// What the call was for; `None` when no rule fits it.
pub(super) fn intent(reading: &Reading<'_>, roles: &[Option<Role>]) -> Option<Intent> {
    let cues = match reading.language()? {
        "en" => ENGLISH,
        "es" => SPANISH,
        _ => return None,
    };
    let cues = Phrases::of(cues.iter().map(|(label, phrases)| (*phrases, *label)));
    let statements = Phrases::of([(STATEMENTS, ())]);
    let early_ms = reading.transcript.duration_ms / 3;
    // By label: the weight of all its sentences, and of the one that weighs most.
    let mut weights: BTreeMap<&str, (f64, f64, usize)> = BTreeMap::new();
    let spoken: Vec<&Sentence> = reading.conversation().collect();
    for (at, sentence) in spoken.iter().enumerate() {
        let words = reading.words_of(sentence);
        let mut labels: Vec<&str> = Vec::new();
        for word in 0..words.len() {
            labels
                .extend(cues.longest_at(&words, word).map(|(_, label)| *label).filter(|label| !labels.contains(label)));
        }
        if labels.is_empty() {
            continue;
        }
        let is_customer = roles[reading.speaker_of[sentence.segment as usize]] == Some(Role::Customer);
        let mut weight = if is_customer { CUSTOMER_WEIGHT } else { 1.0 };
        if sentence.start_ms <= early_ms {
            weight *= EARLY_WEIGHT;
        }
        let mut stated = if statements.is_in(&words) { STATED_WEIGHT } else { 1.0 };
        for label in labels {
            // "I want to cancel my credit card" is about cancelling.
            let weight = weight * std::mem::replace(&mut stated, 1.0);
            let (sum, best, place) = weights.entry(label).or_insert((0.0, 0.0, at));
            *sum += weight;
            if weight > *best {
                (*best, *place) = (weight, at);
            }
        }
    }
    let order = |(_, (a, _, at)): &(&str, (f64, f64, usize)), (_, (b, _, bt)): &(&str, (f64, f64, usize))| {
        a.total_cmp(b).then(bt.cmp(at))
    };
    let (label, (_, _, place)) = weights.into_iter().max_by(order)?;
    let sentence = spoken[place];
    Some(Intent {
        label: label.to_owned(),
        text: reading.text_of(sentence).to_owned(),
        segment: sentence.segment,
        start_ms: sentence.start_ms,
    })
}
