//! A chat endpoint on loopback that answers as a test says, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use callscribe::call::{Language, Segment, Transcript, TranscriptSource};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::common::wait_until;

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub headers: HeaderMap,
    pub body: Value,
}

impl Asked {
    /// What the model is told to do, or with what.
    pub fn message(&self, role: &str) -> String {
        let messages = self.body["messages"].as_array().unwrap();
        messages.iter().find(|message| message["role"] == role).unwrap()["content"].as_str().unwrap().to_owned()
    }

    /// `json_schema`, `json_object`, or nothing.
    pub fn form(&self) -> Option<&str> {
        self.body["response_format"]["type"].as_str()
    }
}

/// What is answered; `None` is no answer at all.
pub type Reply = Option<(u16, Vec<(&'static str, &'static str)>, String)>;
type Mood = Box<dyn Fn(usize, &Asked) -> Reply + Send + Sync>;

/// Listens until it is dropped.
pub struct Fake {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    mood: Arc<Mutex<Mood>>,
    _runtime: Runtime,
}

impl Fake {
    pub fn start(mood: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> Self {
        let runtime = runtime();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, mood) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Box::new(mood) as Mood)));
        let shared = (Arc::clone(&asked), Arc::clone(&mood));
        let router = Router::new().fallback(move |request| answer(shared.clone(), request));
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, asked, mood, _runtime: runtime }
    }

    /// Every answer holds this text.
    pub fn that_says(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::start(move |_, _| says(&text))
    }

    pub fn changes_to(&self, mood: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) {
        *self.mood.lock().unwrap() = Box::new(mood);
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn wait_for(&self, count: usize) -> Vec<Asked> {
        wait_until("the model is asked", || Some(self.asked()).filter(|asked| asked.len() >= count))
    }

    /// The section of a configuration that names it, with these further lines.
    pub fn section(&self, more: &str) -> String {
        format!("[language_model]\nurl = \"http://{}/v1\"\nmodel = \"fake-7b\"\n{more}\n", self.address)
    }
}

type Ears = (Arc<Mutex<Vec<Asked>>>, Arc<Mutex<Mood>>);

async fn answer((asked, mood): Ears, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    assert_eq!((parts.method.as_str(), parts.uri.path()), ("POST", "/v1/chat/completions"));
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let one = Asked { headers: parts.headers, body: serde_json::from_slice(&body).unwrap() };
    let place = {
        let mut asked = asked.lock().unwrap();
        asked.push(one.clone());
        asked.len() - 1
    };
    let reply = mood.lock().unwrap()(place, &one);
    match reply {
        Some((status, headers, body)) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        None => std::future::pending().await,
    }
}

/// A completion with this text.
pub fn says(text: &str) -> Reply {
    ends(text, "stop")
}

/// A completion that ended for this reason.
pub fn ends(text: &str, reason: &str) -> Reply {
    let message = json!({ "role": "assistant", "content": text });
    let body = json!({ "id": "chat-1", "choices": [{ "index": 0, "message": message, "finish_reason": reason }] });
    Some((200, Vec::new(), body.to_string()))
}

/// A bare status.
pub fn status(status: u16) -> Reply {
    Some((status, Vec::new(), "{\"error\": {\"message\": \"no\"}}".to_owned()))
}

/// A refusal for this reason.
pub fn refuses(status: u16, why: &str) -> Reply {
    Some((status, Vec::new(), json!({ "error": { "message": why } }).to_string()))
}

/// An account with this summary, all of it said to stand in segment 2, and nothing else.
pub fn account(sentences: &[&str]) -> String {
    let summary: Vec<Value> = sentences.iter().map(|text| json!({ "text": text, "segments": [2] })).collect();
    json!({ "summary": summary, "points": [], "action_items": [], "open_questions": [], "topics": [] }).to_string()
}

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A transcript of these turns, a second each.
pub fn transcript(language: &str, turns: &[(&str, &str)]) -> Transcript {
    let segment = |(at, (speaker, text)): (usize, &(&str, &str))| Segment {
        channel: 0,
        speaker: (*speaker).to_owned(),
        start_ms: at as u64 * 1000,
        end_ms: at as u64 * 1000 + 900,
        text: (*text).to_owned(),
        words: Vec::new(),
        avg_logprob: -0.1,
        no_speech_prob: 0.0,
    };
    Transcript {
        language: Some(Language::new(language)),
        language_confidence: 1.0,
        duration_ms: turns.len() as u64 * 1000,
        ..Transcript::new(TranscriptSource::Local, "base", turns.iter().enumerate().map(segment).collect())
    }
}

/// A call about an invoice, as the sample call has it.
pub fn refund() -> Transcript {
    transcript(
        "en",
        &[
            ("agent", "This call is being recorded for quality and training."),
            ("agent", "Thank you for calling Harbor Health, my name is Laura. How can I help you today?"),
            ("customer", "Hello, this is Daniel. I have a problem with my invoice. I was charged two hundred dollars."),
            ("agent", "I am sorry about that. Can I have your phone number, please?"),
            ("customer", "My phone number is 5 5 5 0 1 2 3."),
            ("agent", "The total is one hundred dollars. We can give you a refund of one hundred dollars."),
            ("customer", "Perfect, thank you very much. I really appreciate your help."),
            ("agent", "I will call you back on Friday. Is there anything else I can help you with?"),
            ("customer", "No, thank you. Goodbye."),
        ],
    )
}
