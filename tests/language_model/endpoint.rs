//! One question to an endpoint in every mood.

use std::time::Duration;

use callscribe::chat::{Chat, ChatError, Question};
use callscribe::config::LanguageModelConfig;
use callscribe::understand::model::answer::{Draft, read};
use serde_json::json;

use crate::fake::{Fake, Reply, account, ends, refuses, runtime, says, status};

type Mood = Box<dyn Fn() -> Reply + Send + Sync>;

fn config(fake: &Fake) -> LanguageModelConfig {
    LanguageModelConfig {
        url: format!("http://{}/v1", fake.address),
        model: "fake-7b".to_owned(),
        api_key: None,
        allow_remote: false,
        summaries: true,
        summary_language: None,
        instructions: None,
        timeout: Duration::from_secs(1),
        attempts_max: 2,
        context_tokens: 8192,
        concurrency: 1,
    }
}

fn ask_as(config: &LanguageModelConfig) -> Result<Draft, ChatError> {
    let chat = Chat::new(config)?;
    runtime().block_on(asked(&chat))
}

async fn asked(chat: &Chat) -> Result<Draft, ChatError> {
    let schema = json!({ "type": "object" });
    let question = Question { system: "Sum up.", user: "<call></call>", schema: &schema, answer_tokens_max: 512 };
    chat.ask(question, read).await
}

fn ask(fake: &Fake) -> Result<Draft, ChatError> {
    ask_as(&config(fake))
}

fn good() -> Reply {
    says(&account(&["A refund was asked for."]))
}

fn is_good(answer: &Result<Draft, ChatError>) -> bool {
    answer.as_ref().is_ok_and(|draft| draft.summary[0].text == "A refund was asked for.")
}

#[test]
fn a_question_asks_for_one_answer_by_schema_at_temperature_nought() {
    let fake = Fake::start(|_, _| good());
    assert!(is_good(&ask(&fake)));
    let asked = fake.asked();
    let body = &asked[0].body;
    assert_eq!((&body["model"], &body["temperature"], &body["stream"]), (&json!("fake-7b"), &json!(0), &json!(false)));
    assert_eq!(body["response_format"]["json_schema"]["schema"], json!({ "type": "object" }));
    assert!(body["seed"].is_number() && body["max_tokens"] == 512);
    assert!(!asked[0].headers.contains_key("authorization"));
    assert_eq!(asked.len(), 1);
}

#[test]
fn a_key_goes_with_the_question() {
    let fake = Fake::start(|_, _| good());
    assert!(is_good(&ask_as(&LanguageModelConfig {
        api_key: Some("sk-of-the-house".to_owned().into()),
        ..config(&fake)
    })));
    assert_eq!(fake.asked()[0].headers["authorization"], "Bearer sk-of-the-house");
}

#[test]
fn an_endpoint_that_takes_no_schema_is_asked_for_less_and_that_is_remembered() {
    let fake = Fake::start(
        |_, asked| if asked.form() == Some("json_object") { good() } else { refuses(400, "response_format") },
    );
    let chat = Chat::new(&config(&fake)).unwrap();
    let runtime = runtime();
    assert!(is_good(&runtime.block_on(asked(&chat))));
    assert!(is_good(&runtime.block_on(asked(&chat))));
    let forms: Vec<_> = fake.asked().iter().map(|asked| asked.form().map(str::to_owned)).collect();
    assert_eq!(forms, ["json_schema", "json_object", "json_object"].map(|form| Some(form.to_owned())));
}

#[test]
fn a_model_that_takes_no_temperature_is_asked_without() {
    let fake = Fake::start(
        |_, asked| if asked.body.get("temperature").is_none() { good() } else { refuses(422, "temperature") },
    );
    assert!(is_good(&ask(&fake)));
    assert_eq!(fake.asked().len(), 4);
}

#[test]
fn a_refusal_that_names_no_form_is_one_of_this_question_alone() {
    for why in ["no", "maximum context length is 4096 tokens, max_tokens is too large"] {
        let fake = Fake::start(move |turn, _| if turn == 0 { refuses(400, why) } else { good() });
        let chat = Chat::new(&config(&fake)).unwrap();
        let runtime = runtime();
        assert!(runtime.block_on(asked(&chat)).is_err(), "{why}");
        assert!(is_good(&runtime.block_on(asked(&chat))));
        assert!(fake.asked().iter().all(|asked| asked.form() == Some("json_schema")), "{why}");
    }
}

#[test]
fn what_passes_is_waited_for() {
    let busy = || Some((429, vec![("retry-after", "1")], String::new()));
    let fake = Fake::start(move |turn, _| if turn == 0 { busy() } else { good() });
    assert!(is_good(&ask(&fake)));
    let fake = Fake::start(|turn, _| if turn == 0 { status(500) } else { good() });
    assert!(is_good(&ask(&fake)));
    let fake = Fake::start(|turn, _| if turn == 0 { None } else { good() });
    assert!(is_good(&ask(&fake)));
    assert_eq!(fake.asked().len(), 2);
}

#[test]
fn an_answer_that_is_no_answer_is_asked_for_once_more_with_another_seed() {
    let fake = Fake::start(|turn, _| if turn == 0 { says("Sure! {\"summary\": [{\"te") } else { good() });
    assert!(is_good(&ask(&fake)));
    let seeds: Vec<_> = fake.asked().iter().map(|asked| asked.body["seed"].clone()).collect();
    assert_ne!(seeds[0], seeds[1]);
    let fenced = Fake::that_says(format!("Here you are:\n```json\n{}\n```", account(&["A refund was asked for."])));
    assert!(is_good(&ask(&fenced)));
}

#[test]
fn every_failure_is_a_sentence_and_holds_none_of_the_words() {
    let secret = "the words of the call";
    let moods: [(&str, Mood); 8] = [
        ("slow", Box::new(|| None)),
        ("500", Box::new(|| status(500))),
        ("401", Box::new(|| status(401))),
        ("404", Box::new(|| status(404))),
        ("redirect", Box::new(|| Some((307, vec![("location", "http://127.0.0.2:9/v1")], String::new())))),
        ("not json", Box::new(move || says(secret))),
        ("cut off", Box::new(|| ends("{\"summary\": [", "length"))),
        ("huge", Box::new(|| says(&"x".repeat(2 * 1024 * 1024)))),
    ];
    let mut said = String::new();
    for (name, mood) in moods {
        let fake = Fake::start(move |_, _| mood());
        let error = ask(&fake).unwrap_err().to_string().replace(&fake.address.to_string(), "[host]");
        assert!(!error.contains(secret), "{error}");
        assert!(fake.asked().len() <= 2, "{name}");
        said += &format!("{name}: {error}\n");
    }
    insta::assert_snapshot!(said);
}

#[test]
fn nothing_is_sent_to_an_address_outside_of_this_network() {
    let fake = Fake::start(|_, _| good());
    let port = fake.address.port();
    for url in ["http://8.8.8.8/v1", "http://[2606:4700::1]/v1", "http://169.254.169.254/v1", "https://100.64.0.1/v1"] {
        let error = ask_as(&LanguageModelConfig { url: url.to_owned(), ..config(&fake) }).unwrap_err().to_string();
        assert!(error.contains("nothing was sent to it") && error.contains("allow_remote"), "{error}");
    }
    // Plain text does not leave, whatever was allowed.
    let loud = LanguageModelConfig { url: "http://8.8.8.8/v1".to_owned(), allow_remote: true, ..config(&fake) };
    assert!(ask_as(&loud).unwrap_err().to_string().contains("nothing was sent"));
    let named = LanguageModelConfig { url: format!("http://localhost:{port}/v1"), ..config(&fake) };
    assert!(is_good(&ask_as(&named)));
}

#[test]
fn an_endpoint_that_never_answers_is_left_alone_for_a_while() {
    let fake = Fake::start(|_, _| status(503));
    let chat = Chat::new(&LanguageModelConfig { attempts_max: 1, ..config(&fake) }).unwrap();
    let runtime = runtime();
    for _ in 0..6 {
        runtime.block_on(asked(&chat)).unwrap_err();
    }
    assert_eq!(fake.asked().len(), 3);
    assert!(matches!(runtime.block_on(asked(&chat)), Err(ChatError::LeftAlone { failures: 3, .. })));
}
