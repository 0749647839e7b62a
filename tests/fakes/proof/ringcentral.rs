//! RingCentral: sign-in, rates, call log, media, insights.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{basic, bearer, each, form, form_type, get, minutes_before_noon, noon};
use crate::fakes::ringcentral::{Group, InsightsPlan, Limits, LiveSession, Spelling};
use crate::fakes::{CallLogRecord, Delivered, Endpoint, Fake, Host, RingCentral, RingCentralSettings, ask};

fn generous() -> RingCentralSettings {
    RingCentralSettings { limits: Limits::generous(), ..RingCentralSettings::default() }
}

async fn with_records(settings: RingCentralSettings, count: u32) -> Fake<RingCentral> {
    let fake = RingCentral::start(settings).await;
    (0..count).for_each(|n| fake.add_record(CallLogRecord::new(n, minutes_before_noon(n.into()))));
    fake
}

async fn token(fake: &Fake<RingCentral>, fields: &[(&str, &str)]) -> Delivered {
    let url = format!("{}/restapi/oauth/token", fake.bases.api);
    let client = basic(&fake.settings.client_id, &fake.settings.client_secret);
    ask(Method::POST, &url, &[client, form_type()], form(fields)).await
}

async fn by_jwt(fake: &Fake<RingCentral>) -> Delivered {
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    token(fake, &[grant, ("assertion", &fake.settings.jwt)]).await
}

async fn refreshed(fake: &Fake<RingCentral>, refresh: &str) -> Delivered {
    token(fake, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await
}

const LOG: &str = "restapi/v1.0/account/~/call-log";

/// With a token of its own.
async fn got(fake: &Fake<RingCentral>, path: &str) -> Delivered {
    get(&format!("{}/{path}", fake.bases.api), bearer(&fake.access_token())).await
}

async fn works(fake: &Fake<RingCentral>, access: &serde_json::Value) -> bool {
    let url = format!("{}/{LOG}", fake.bases.api);
    get(&url, bearer(access.as_str().unwrap())).await.status == Some(200)
}

#[tokio::test]
async fn a_refresh_ends_the_old_pair_at_once() {
    let settings = RingCentralSettings { grace: Duration::ZERO, ..generous() };
    let fake = with_records(settings, 0).await;
    let first = by_jwt(&fake).await.json();
    assert!(works(&fake, &first["access_token"]).await);
    let second = refreshed(&fake, first["refresh_token"].as_str().unwrap()).await.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert!(!works(&fake, &first["access_token"]).await, "the old access token is dead");
    assert!(works(&fake, &second["access_token"]).await);
    let again = refreshed(&fake, first["refresh_token"].as_str().unwrap()).await;
    assert_eq!((again.status, &again.json()["error"]), (Some(400), &json!("invalid_grant")));
    assert!(works(&fake, &second["access_token"]).await);
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again() {
    let fake = with_records(generous(), 0).await;
    let first = by_jwt(&fake).await.json();
    let refresh = first["refresh_token"].as_str().unwrap();
    let [one, two] = [refreshed(&fake, refresh).await.json(), refreshed(&fake, refresh).await.json()];
    assert_eq!(one["access_token"], two["access_token"]);
    assert!(works(&fake, &one["access_token"]).await);
    assert_eq!(refreshed(&fake, refresh).await.status, Some(200), "within ten seconds of its first use");
    fake.pass(Duration::from_secs(10));
    assert_eq!(refreshed(&fake, refresh).await.status, Some(400));
}

#[tokio::test]
async fn without_the_apps_setting_there_is_no_refresh_token() {
    let fake = with_records(RingCentralSettings { refresh_tokens: false, ..generous() }, 0).await;
    let pair = by_jwt(&fake).await.json();
    assert_eq!(pair["refresh_token"], json!(null));
    assert!(works(&fake, &pair["access_token"]).await);
}

#[tokio::test]
async fn wrong_clients_wrong_credentials_and_dead_tokens_are_refused() {
    let fake = with_records(generous(), 0).await;
    let url = format!("{}/restapi/oauth/token", fake.bases.api);
    let stranger = ask(Method::POST, &url, &[basic("x", "y"), form_type()], "grant_type=refresh_token").await;
    assert_eq!((stranger.status, &stranger.json()["error"]), (Some(401), &json!("invalid_client")));
    let forged = token(&fake, &[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", "x")]);
    assert_eq!(forged.await.status, Some(400));
    let pair = by_jwt(&fake).await.json();
    assert!(works(&fake, &pair["access_token"]).await);
    fake.pass(Duration::from_secs(3_600));
    assert!(!works(&fake, &pair["access_token"]).await);
}

#[tokio::test]
async fn the_penalty_begins_anew_with_every_request_made_during_it() {
    let limits = Limits { heavy: 2, ..Limits::default() };
    let fake = with_records(RingCentralSettings { limits, ..RingCentralSettings::default() }, 0).await;
    let first = got(&fake, LOG).await;
    let named = |name: &str| first.header(&format!("x-rate-limit-{name}")).unwrap().to_owned();
    assert_eq!([named("group"), named("limit"), named("remaining"), named("window")], ["heavy", "2", "1", "60"]);
    assert_eq!(got(&fake, LOG).await.header("x-rate-limit-remaining"), Some("0"));

    let third = got(&fake, LOG).await;
    assert_eq!((third.status, &third.json()["errorCode"]), (Some(429), &json!("CMN-301")));
    assert_eq!(third.header("retry-after"), Some("60"));
    for _ in 0..3 {
        fake.pass(Duration::from_secs(40));
        assert_eq!(got(&fake, LOG).await.status, Some(429), "asked too early, and so it goes on");
    }
    assert!(fake.penalised(Group::Heavy));
    fake.pass(Duration::from_secs(60));
    assert_eq!(got(&fake, LOG).await.status, Some(200));
    assert_eq!((fake.counted(Group::Heavy), fake.counted(Group::Light)), (1, 0));
}

#[tokio::test]
async fn media_and_call_log_share_one_group() {
    let fake = with_records(RingCentralSettings::default(), 1).await;
    let log = got(&fake, &format!("{LOG}?dateFrom=2026-08-14T00:00:00Z&dateTo=2026-08-15T00:00:00Z")).await.json();
    let media = log["records"][0]["recording"]["contentUri"].as_str().unwrap();
    assert!(media.starts_with(&fake.bases.media) && fake.bases.media != fake.bases.api);
    let answer = get(media, bearer(&fake.access_token())).await;
    assert_eq!(answer.body, CallLogRecord::new(0, noon()).sound.mp3());
    assert_eq!(fake.counted(Group::Heavy), 2);
    assert_eq!(fake.requests_to(Endpoint::Media)[0].asked.host, Host::Media);
}

#[tokio::test]
async fn pages_end_with_the_one_that_names_no_next() {
    let fake = with_records(generous(), 7).await;
    let window = "recordingType=All&dateFrom=2026-08-14T00:00:00.000Z&dateTo=2026-08-15T00:00:00.000Z";
    let mut next = Some(format!("{}/{LOG}?{window}&perPage=3", fake.bases.api));
    let mut seen = Vec::new();
    while let Some(page) = next {
        let body = get(&page, bearer(&fake.access_token())).await.json();
        seen.extend(each(&body["records"], "id").into_iter().map(str::to_owned));
        assert_eq!(body["paging"].get("totalPages"), None);
        next = body["navigation"]["nextPage"]["uri"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, (0..7).map(|n| CallLogRecord::new(n, noon()).id).collect::<Vec<_>>());
    assert_eq!(fake.count(Endpoint::List), 3);
    fake.loop_pages(true);
    let body = got(&fake, &format!("{LOG}?{window}")).await.json();
    let again = body["navigation"]["nextPage"]["uri"].as_str().unwrap();
    assert_eq!(get(again, bearer(&fake.access_token())).await.json()["records"], body["records"]);
}

#[tokio::test]
async fn the_call_log_filters() {
    let fake = with_records(generous(), 3).await;
    let on_demand = CallLogRecord { automatic: false, ..CallLogRecord::new(50, noon()) };
    let short = CallLogRecord { short: true, ..CallLogRecord::new(51, noon()) };
    let late = CallLogRecord { listed_after: 1, ..CallLogRecord::new(52, noon()) };
    [&on_demand, &short, &late].into_iter().for_each(|record| fake.add_record(record.clone()));
    let day = "dateFrom=2026-08-14T00:00:00Z&dateTo=2026-08-15T00:00:00Z";
    let count =
        async |query: &str| got(&fake, &format!("{LOG}?{query}")).await.json()["records"].as_array().unwrap().len();
    assert_eq!(count("").await, 0, "the default window is one day up to now");
    assert_eq!(count(&format!("{day}&recordingType=All")).await, 5, "one is late");
    assert_eq!(count(&format!("{day}&recordingType=All")).await, 6);
    assert_eq!(count(&format!("{day}&recordingType=OnDemand")).await, 1);
    assert_eq!(count(&format!("recordingType=All&telephonySessionId={}", short.telephony_session_id)).await, 1);
    let body = got(&fake, &format!("{LOG}?telephonySessionId={}", short.telephony_session_id)).await.json();
    assert_eq!((&body["records"][0]["shortRecording"], body["records"][0].get("recording")), (&json!(true), None));
    for wrong in ["dateFrom=yesterday", "perPage=0", "page=1001", "recordingType=Some"] {
        let refused = got(&fake, &format!("{LOG}?{wrong}")).await;
        assert_eq!((refused.status, &refused.json()["errorCode"]), (Some(400), &json!("CMN-101")), "{wrong}");
    }
    let both = got(&fake, &format!("{LOG}?sessionId=1&phoneNumber=2")).await;
    assert_eq!(both.json()["errorCode"], "CLG-110");
}

#[tokio::test]
async fn the_companys_log_needs_its_permission() {
    let fake = with_records(RingCentralSettings { full_company_call_log: false, ..generous() }, 1).await;
    let refused = got(&fake, LOG).await;
    assert_eq!((refused.status, &refused.json()["permissionName"]), (Some(403), &json!("FullCompanyCallLog")));
    assert_eq!(got(&fake, "restapi/v1.0/account/~/extension/~/call-log").await.status, Some(200));
}

#[tokio::test]
async fn media_need_a_token_come_in_ranges_and_may_be_late() {
    let fake = with_records(generous(), 0).await;
    let record = CallLogRecord { media_404s: 1, as_wav: true, ..CallLogRecord::new(1, noon()) };
    fake.add_record(record.clone());
    let path = format!("restapi/v1.0/account/~/recording/{}/content", record.recording_id);
    let url = format!("{}/{path}", fake.bases.media);
    assert_eq!(ask(Method::GET, &url, &[], "").await.status, Some(401));
    let early = get(&url, bearer(&fake.access_token())).await;
    assert_eq!((early.status, &early.json()["errorCode"]), (Some(404), &json!("CMN-102")));
    let whole = record.sound.wav(1);
    let ranged = async |range: &str| {
        ask(Method::GET, &url, &[bearer(&fake.access_token()), ("range", range.to_owned())], "").await
    };
    let part = ranged("bytes=10-19").await;
    assert_eq!((part.status, part.body), (Some(206), whole.slice(10..20)));
    let rest = ranged("bytes=1000-").await;
    let told = format!("bytes 1000-{}/{}", whole.len() - 1, whole.len());
    assert_eq!((rest.header("content-range"), rest.body.len()), (Some(told.as_str()), whole.len() - 1_000));
    let outside = ranged(&format!("bytes={}-", whole.len())).await;
    assert_eq!((outside.status, &outside.json()["errorCode"]), (Some(416), &json!("CMN-107")));
}

#[tokio::test]
async fn deletion_names_ids_in_its_body_and_keeps_the_call() {
    let fake = with_records(generous(), 2).await;
    let record = CallLogRecord::new(0, noon());
    let url = format!("{}/restapi/v1.0/account/~/call-recordings", fake.bases.api);
    let delete = async |body: String| ask(Method::DELETE, &url, &[bearer(&fake.access_token())], body).await.status;
    assert_eq!(delete(String::new()).await, Some(400));
    assert_eq!(delete(json!({ "records": [record.recording_id] }).to_string()).await, Some(204));
    let of = async |path: String| got(&fake, &path).await;
    assert_eq!(of(format!("restapi/v1.0/account/~/recording/{}", record.recording_id)).await.status, Some(404));
    let call = of(format!("{LOG}/{}", record.id)).await.json();
    assert_eq!((call.get("recording"), &call["id"]), (None, &json!(record.id)));
}

#[tokio::test]
async fn insights_come_after_some_asks_in_either_spelling() {
    let fake = with_records(generous(), 0).await;
    let late = InsightsPlan { after_asks: 2, empty_first: false, spelling: Spelling::HighLights };
    let empty = InsightsPlan { after_asks: 1, empty_first: true, spelling: Spelling::Highlights };
    let records = [(1, Some(late)), (2, Some(empty)), (3, None)];
    let records = records.map(|(n, insights)| CallLogRecord { insights, ..CallLogRecord::new(n, noon()) });
    records.iter().for_each(|record| fake.add_record(record.clone()));
    let asked = async |n: usize, rest: &str| {
        let id = &records[n].recording_id;
        got(&fake, &format!("ai/ringsense/v1/public/accounts/~/domains/pbx/records/{id}/insights{rest}")).await
    };
    assert_eq!([asked(0, "").await.status, asked(0, "").await.status], [Some(404), Some(404)]);
    let insights = asked(0, "").await.json()["insights"].clone();
    assert!(insights.get("HighLights").is_some() && insights.get("Highlights").is_none());
    assert_eq!(insights["Transcript"][0]["text"], json!(records[0].sound.turns()[0].text));
    let only = asked(0, "?insightTypes=Summary&insightTypes=AIScore").await.json()["insights"].clone();
    assert_eq!(only.as_object().unwrap().keys().collect::<Vec<_>>(), ["Summary", "AIScore"]);
    assert_eq!(asked(1, "").await.json()["insights"], json!({}));
    assert!(asked(1, "").await.json()["insights"]["Highlights"].is_array());
    assert_eq!(asked(2, "").await.status, Some(404));
}

#[tokio::test]
async fn recording_can_be_begun_on_a_live_session() {
    let fake = with_records(generous(), 0).await;
    let live = LiveSession::new(1);
    fake.add_live_session(live.clone());
    let path = |session: &str| {
        let base = format!("{}/restapi/v1.0/account/~/telephony/sessions", fake.bases.api);
        format!("{base}/{session}/parties/{}/recordings", live.party_id)
    };
    let begin = async |session: &str| ask(Method::POST, &path(session), &[bearer(&fake.access_token())], "{}").await;
    assert_eq!(begin("s-unknown").await.status, Some(404));
    let begun = begin(&live.telephony_session_id).await;
    assert_eq!((begun.status, &begun.json()["active"]), (Some(201), &json!(true)));
    assert_eq!(fake.recordings_begun(&live.telephony_session_id), 1);
    let url = format!("{}/{}", path(&live.telephony_session_id), live.recording_id);
    let paused = ask(Method::PATCH, &url, &[bearer(&fake.access_token())], r#"{"active":false}"#).await;
    assert_eq!((paused.status, &paused.json()["active"]), (Some(200), &json!(false)));
}
