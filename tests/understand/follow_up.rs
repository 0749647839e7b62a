//! Action items, open questions and intent: what follows from a call.

use callscribe::call::{Insight, Transcript};
use callscribe::understand::insight::{Rules, draw};

use crate::{sample_call, transcript};

/// Turns by turns of channel 0 and 1, ten seconds each.
fn call(language: &str, turns: &[(u16, &str)]) -> Transcript {
    let turns: Vec<(u16, u64, u64, &str)> =
        (0..).zip(turns).map(|(at, (channel, text))| (*channel, at * 10_000, at * 10_000 + 9_000, *text)).collect();
    transcript(Some(language), &turns)
}

fn insight(call: &Transcript) -> Insight {
    draw(call, &Rules::default())
}

/// `who: what [when]` of one sentence said by Speaker 1 to Speaker 2.
fn action(language: &str, sentence: &str) -> Option<String> {
    let call = call(language, &[(0, sentence), (1, "Mhm.")]);
    let insight = insight(&call);
    assert!(insight.action_items.len() <= 1, "{:?}", insight.action_items);
    insight.action_items.first().map(|action| {
        assert!(call.segments[action.segment as usize].text.contains(&action.text));
        let when = action.when.as_ref().map(|when| format!(" [{when}]")).unwrap_or_default();
        format!("{}: {}{when}", action.who.replace("Speaker ", ""), action.what)
    })
}

#[test]
fn a_promise_has_who_what_and_when() {
    for (sentence, expected) in [
        ("I will call you back on Friday.", Some("1: call you back [on Friday]")),
        ("I'll email you the invoice tomorrow morning.", Some("1: email you the invoice [tomorrow morning]")),
        (
            "We are going to send a new card within five business days.",
            Some("1: send a new card [within five business days]"),
        ),
        (
            "A technician will come to your house on Monday at 10 am.",
            Some("1: come to your house [on Monday at 10 am]"),
        ),
        ("You will receive the refund by the end of the week.", Some("1: receive the refund [by the end of the week]")),
        ("Please send us a copy of your passport.", Some("2: send us a copy of your passport")),
        ("Can you email me the form?", Some("2: email me the form")),
        ("You need to bring your insurance card.", Some("2: bring your insurance card")),
        ("I'll escalate this to my manager.", Some("1: escalate this to my manager")),
        ("I will not send it again.", None),
        ("I will transfer you now.", None),
        ("Let me look at your invoice.", None),
        ("Have a great day.", None),
        ("Can you confirm your date of birth?", None),
        ("I'll be happy to help you.", None),
    ] {
        assert_eq!(action("en", sentence).as_deref(), expected, "{sentence}");
    }
}

#[test]
fn a_promise_in_spanish_has_them_too() {
    for (sentence, expected) in [
        ("Le llamaré el viernes por la mañana.", Some("1: Le llamaré [el viernes por la mañana]")),
        ("Voy a enviarle el contrato mañana.", Some("1: enviarle el contrato [mañana]")),
        ("Le enviaremos una tarjeta nueva.", Some("1: Le enviaremos una tarjeta nueva")),
        ("Le llamo el lunes.", Some("1: Le llamo [el lunes]")),
        (
            "Recibirá el reembolso en un plazo de cinco días hábiles.",
            Some("1: Recibirá el reembolso [en un plazo de cinco días hábiles]"),
        ),
        ("Envíeme el formulario, por favor.", Some("2: Envíeme el formulario, por favor")),
        ("Tiene que traer su pasaporte.", Some("2: traer su pasaporte")),
        ("No le llamaré más.", None),
        ("Le llamo por la factura.", None),
        ("Déjeme revisar su cuenta.", None),
        ("Que tenga un buen día.", None),
    ] {
        assert_eq!(action("es", sentence).as_deref(), expected, "{sentence}");
    }
}

#[test]
fn other_languages_claim_no_promises() {
    assert_eq!(action("de", "Ich rufe Sie am Freitag zurück."), None);
}

#[test]
fn a_question_is_open_when_nobody_answers_it() {
    let open = |turns: &[(u16, &str)]| -> Vec<String> {
        insight(&call("en", turns)).open_questions.into_iter().map(|question| question.text).collect()
    };
    let question = "When will the parcel arrive?";
    assert_eq!(open(&[(1, question), (0, "It arrives on Tuesday.")]), Vec::<String>::new());
    assert_eq!(open(&[(1, question), (0, "I don't know."), (1, "Okay. Goodbye.")]), [question]);
    assert_eq!(open(&[(1, question), (0, "One moment, please."), (0, "It comes tomorrow.")]), Vec::<String>::new());
    assert_eq!(
        open(&[(1, question), (0, "I'm not sure, let me check."), (1, "Fine."), (0, "It says it arrives on Tuesday.")]),
        Vec::<String>::new()
    );
    assert_eq!(open(&[(0, "Hello."), (1, question)]), [question]);
    assert_eq!(open(&[(1, question)]), Vec::<String>::new(), "nobody is there to answer");
    assert_eq!(open(&[(0, "How can I help you today?"), (1, "Hello?")]), Vec::<String>::new());
}

#[test]
fn questions_are_left_open_in_spanish_too() {
    let call = call("es", &[(1, "¿Cuándo llega mi pedido?"), (0, "No lo sé, la verdad."), (1, "Vale. Adiós.")]);
    let questions = insight(&call).open_questions;
    assert_eq!(questions.len(), 1);
    assert_eq!((questions[0].speaker.as_str(), questions[0].segment, questions[0].start_ms), ("Speaker 2", 0, 0));
}

#[test]
fn the_intent_is_what_the_customer_called_for() {
    for (language, business, label) in [
        ("en", "I was charged twice on my last invoice.", "billing"),
        ("en", "My internet stopped working this morning.", "technical_problem"),
        ("en", "I'd like to make an appointment with the doctor.", "appointment"),
        ("en", "I want to cancel my contract.", "cancellation"),
        ("en", "My package hasn't arrived yet.", "order_status"),
        ("en", "I lost my card yesterday.", "card_problem"),
        ("es", "Me cobraron dos veces la factura de mayo.", "billing"),
        ("es", "El router no funciona desde ayer.", "technical_problem"),
        ("es", "Quisiera pedir una cita con el médico.", "appointment"),
        ("es", "Quiero dar de baja mi línea.", "cancellation"),
        ("es", "Mi pedido no ha llegado.", "order_status"),
        ("es", "Olvidé mi contraseña y no puedo entrar.", "account_access"),
    ] {
        let call = call(language, &[(0, "Thank you for calling, how can I help you?"), (1, business)]);
        let intent = insight(&call).intent.unwrap();
        assert_eq!((intent.label.as_str(), intent.text.as_str(), intent.segment), (label, business, 1));
    }
    assert_eq!(insight(&call("en", &[(0, "Good morning."), (1, "The weather is nice.")])).intent, None);
}

#[test]
fn the_sample_calls_followed_up() {
    let lines = |name: &str| {
        let insight = insight(&sample_call(name));
        let points = insight.points.iter().map(|point| format!("point: {}", point.text));
        let actions = insight
            .action_items
            .iter()
            .map(|action| format!("action: {} / {} / {:?}", action.who, action.what, action.when));
        let questions = insight.open_questions.iter().map(|question| format!("open: {}", question.text));
        let intent = insight.intent.iter().map(|intent| format!("intent: {} / {}", intent.label, intent.text));
        format!("{name}\n{}\n", points.chain(actions).chain(questions).chain(intent).collect::<Vec<_>>().join("\n"))
    };
    let calls: Vec<String> = ["en-refund", "en-complaint", "es-tarjeta"].map(lines).to_vec();
    insta::assert_snapshot!(calls.join("\n"));
}
