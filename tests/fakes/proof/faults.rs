//! Every fault as a client sees it, and the record of what was asked.

use std::time::{Duration, Instant};

use axum::http::Method;

use super::{minutes_before_noon, of_twilio};
use crate::fakes::{ALWAYS, Endpoint, Fake, Fault, Match, Twilio, TwilioRecording, TwilioSettings, client};

struct Scene {
    twilio: Fake<Twilio>,
    media: String,
    whole: usize,
}

impl Scene {
    async fn new() -> Self {
        let twilio = Twilio::start(TwilioSettings::default()).await;
        let recording = TwilioRecording::new(1, minutes_before_noon(1));
        let account = &twilio.settings.account_sid;
        let media = format!("{}/2010-04-01/Accounts/{account}/Recordings/{}", twilio.bases.api, recording.sid);
        let whole = recording.sound.wav(2).len();
        twilio.add_recording(recording);
        Self { twilio, media, whole }
    }

    fn request(&self) -> reqwest::RequestBuilder {
        let (name, value) = of_twilio(&self.twilio);
        client().request(Method::GET, &self.media).header(name, value)
    }

    async fn get(&self) -> reqwest::Response {
        self.request().send().await.unwrap()
    }

    /// The next request alone.
    fn fault(&self, fault: Fault) {
        self.twilio.fault(Endpoint::Media, Match::Any, 1, fault);
    }
}

#[tokio::test]
async fn a_status_comes_as_often_as_told_with_its_pause() {
    let scene = Scene::new().await;
    scene.twilio.fault(Endpoint::Media, Match::Any, 2, Fault::too_many(7));
    for _ in 0..2 {
        let answer = scene.get().await;
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()["retry-after"], "7");
    }
    assert_eq!(scene.get().await.status(), 200);
    assert_eq!(scene.twilio.count(Endpoint::Media), 3);
    let statuses: Vec<_> = scene.twilio.requests().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [Some(429), Some(429), Some(200)]);
}

#[tokio::test]
async fn a_fault_can_be_for_some_requests_alone() {
    let scene = Scene::new().await;
    scene.twilio.fault(Endpoint::Media, Match::Nth(2), ALWAYS, Fault::status(500));
    scene.twilio.fault(Endpoint::Media, Match::Every(3), ALWAYS, Fault::status(503));
    scene.twilio.fault(Endpoint::Media, Match::Path("RE-another".to_owned()), ALWAYS, Fault::status(418));
    scene.twilio.fault(Endpoint::List, Match::Any, ALWAYS, Fault::status(418));
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(scene.get().await.status().as_u16());
    }
    assert_eq!(statuses, [200, 500, 503, 200, 200, 503]);
    scene.twilio.heal();
    for _ in 0..3 {
        assert_eq!(scene.get().await.status(), 200);
    }
}

#[tokio::test]
async fn an_outage_is_everywhere_and_passes() {
    let scene = Scene::new().await;
    scene.twilio.fault_everywhere(&Fault::status(503));
    for _ in 0..3 {
        assert_eq!(scene.get().await.status(), 503);
    }
    scene.twilio.heal();
    assert_eq!(scene.get().await.status(), 200);
}

#[tokio::test]
async fn a_truncated_body_breaks_off() {
    let scene = Scene::new().await;
    scene.fault(Fault::Truncated { after: 100 });
    let answer = scene.get().await;
    assert_eq!(answer.content_length(), Some(scene.whole as u64));
    assert!(answer.bytes().await.is_err());
}

#[tokio::test]
async fn a_wrong_length_breaks_off_or_goes_unnoticed() {
    let scene = Scene::new().await;
    scene.fault(Fault::WrongLength { by: 50 });
    assert!(scene.get().await.bytes().await.is_err());
    scene.fault(Fault::WrongLength { by: -50 });
    assert_eq!(scene.get().await.bytes().await.unwrap().len(), scene.whole - 50);
}

#[tokio::test]
async fn an_endless_body_goes_on_until_the_asker_leaves() {
    let scene = Scene::new().await;
    scene.fault(Fault::Endless);
    let mut answer = scene.get().await;
    assert_eq!(answer.content_length(), None);
    let mut bytes = 0;
    while bytes < 4 << 20 {
        bytes += answer.chunk().await.unwrap().unwrap().len();
    }
    assert_eq!(scene.twilio.in_flight(), 1);
    drop(answer);
    until(|| scene.twilio.in_flight() == 0).await;
}

#[tokio::test]
async fn a_slow_drip_comes_byte_by_byte_and_is_whole() {
    let scene = Scene::new().await;
    scene.twilio.change(&TwilioRecording::new(1, minutes_before_noon(1)).sid, |recording| {
        recording.sound.length_ms = 1;
    });
    scene.fault(Fault::SlowDrip { pause: Duration::from_millis(1) });
    let mut answer = scene.get().await;
    let whole = answer.content_length().unwrap();
    let mut pieces = Vec::new();
    while let Some(piece) = answer.chunk().await.unwrap() {
        pieces.push(piece.len() as u64);
    }
    assert_eq!(pieces.iter().sum::<u64>(), whole);
    assert!(pieces.len() > 10, "{} pieces", pieces.len());
}

#[tokio::test]
async fn a_login_page_comes_with_200() {
    let scene = Scene::new().await;
    scene.fault(Fault::Html);
    let answer = scene.get().await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &"text/html".parse().unwrap()));
}

#[tokio::test]
async fn a_bomb_is_small_on_the_wire() {
    let scene = Scene::new().await;
    scene.fault(Fault::GzipBomb);
    let answer = scene.get().await;
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let packed = answer.bytes().await.unwrap();
    assert!(packed.len() < 4 << 20, "{} bytes", packed.len());
    let whole = std::io::copy(&mut flate2::read::GzDecoder::new(&*packed), &mut std::io::sink()).unwrap();
    assert_eq!(whole, 256 << 20);
}

#[tokio::test]
async fn a_hanging_answer_hangs_and_is_in_flight_meanwhile() {
    let scene = Scene::new().await;
    scene.fault(Fault::Hang);
    let waiting = tokio::spawn(scene.request().send());
    until(|| scene.twilio.in_flight() == 1).await;
    assert_eq!(scene.twilio.requests()[0].status, None);
    waiting.abort();
    until(|| scene.twilio.in_flight() == 0).await;
    assert_eq!(scene.twilio.most_in_flight(), 1);
}

#[tokio::test]
async fn late_answers_show_how_many_are_asked_at_once() {
    let scene = Scene::new().await;
    scene.twilio.fault(Endpoint::Media, Match::Any, ALWAYS, Fault::Late(Duration::from_millis(100)));
    let asks = (0..5).map(|_| async { scene.get().await.bytes().await.unwrap().len() });
    let lengths = futures_util::future::join_all(asks).await;
    assert_eq!(lengths, [scene.whole; 5]);
    assert_eq!(scene.twilio.most_in_flight(), 5);
}

#[tokio::test]
async fn a_redirect_names_the_place_told() {
    let scene = Scene::new().await;
    scene.fault(Fault::RedirectTo("http://127.0.0.1:9/elsewhere".to_owned()));
    let answer = scene.get().await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (302, &"http://127.0.0.1:9/elsewhere".parse().unwrap())
    );
}

/// Waits for a condition; far longer than it takes.
async fn until(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
