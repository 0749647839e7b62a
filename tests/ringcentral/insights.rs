//! RingSense: transcript and insights, which come later or never.

use callscribe::call::{Disposition, TranscriptSource};
use callscribe::provider::{Listed, Opinion, Provider, ProviderError};

use crate::fakes::ringcentral::{InsightsPlan, Spelling};
use crate::fakes::{CallLogRecord, Endpoint, Fault, Match, examples};
use crate::support::{Account, generous, record};

async fn with_plan(plan: Option<InsightsPlan>) -> (Account, Listed) {
    let account = Account::new(0).await;
    account.fake.add_record(CallLogRecord { insights: plan, ..record(0) });
    let listed = account.only().await;
    (account, listed)
}

async fn opinion(account: &Account, listed: &Listed) -> Result<Option<Opinion>, ProviderError> {
    account.provider.opinion(&listed.remote_id, &listed.locator).await
}

#[tokio::test]
async fn too_early_an_ask_waits_whichever_way_it_is_told() {
    for empty_first in [false, true] {
        let plan = InsightsPlan { after_asks: 2, empty_first, ..InsightsPlan::default() };
        let (account, listed) = with_plan(Some(plan)).await;
        for _ in 0..2 {
            let error = opinion(&account, &listed).await.unwrap_err();
            assert_eq!(error.disposition, Disposition::Wait { after: None });
        }
        assert!(opinion(&account, &listed).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn the_transcript_has_speakers_and_times() {
    let (account, listed) = with_plan(Some(InsightsPlan::default())).await;
    let transcript = opinion(&account, &listed).await.unwrap().unwrap().transcript.unwrap();
    assert_eq!((transcript.source, transcript.model.as_str()), (TranscriptSource::Provider, "ringcentral"));
    assert_eq!(transcript.duration_ms, 6_000);
    let turns = record(0).sound.turns();
    let said: Vec<_> = transcript.segments.iter().map(|segment| segment.text.clone()).collect();
    assert_eq!(said, turns.iter().map(|turn| turn.text.clone().unwrap()).collect::<Vec<_>>());
    assert_eq!(transcript.segments[0].speaker, ["Ravi Agent", "Dana Cole"][usize::from(turns[0].channel)]);
    assert_eq!(transcript.segments[0].start_ms, (turns[0].start * 1000.0).round() as u64);
}

#[tokio::test]
async fn insights_are_kept_whole_in_one_spelling() {
    for spelling in [Spelling::Highlights, Spelling::HighLights] {
        let (account, listed) = with_plan(Some(InsightsPlan { spelling, ..InsightsPlan::default() })).await;
        let insights = opinion(&account, &listed).await.unwrap().unwrap().insights;
        assert_eq!(insights["insights"]["Highlights"][0]["value"], "Invoice amount disputed");
        assert!(insights["insights"].get("HighLights").is_none());
        assert_eq!(insights["insights"]["Sentiment"][0]["value"], "Positive");
        assert_eq!(insights["speakerInfo"], examples::json("ringcentral_ringsense_insights.json")["speakerInfo"]);
    }
}

#[tokio::test]
async fn an_old_call_without_insights_will_have_none() {
    let (account, listed) = with_plan(None).await;
    assert!(opinion(&account, &listed).await.is_err());
    account.wait(49 * 60);
    assert_eq!(opinion(&account, &listed).await.unwrap(), None);
}

#[tokio::test]
async fn without_a_licence_or_when_not_wanted_there_are_none_and_nothing_stops() {
    let (account, listed) = with_plan(Some(InsightsPlan::default())).await;
    account.fake.fault(Endpoint::Transcript, Match::Any, 1, Fault::status(403));
    assert_eq!(opinion(&account, &listed).await.unwrap(), None);
    let account = account.changed(|config| config.transcripts = false);
    account.fake.forget_requests();
    assert_eq!(opinion(&account, &listed).await.unwrap(), None);
    assert!(account.fake.requests().is_empty());
}

#[tokio::test]
async fn insights_without_a_transcript_are_an_opinion_too() {
    let account = Account::with(generous(), 1, |_| ()).await;
    let listed = account.only().await;
    let body = r#"{"insights":{"Summary":[{"value":"Short."}],"Transcript":[{"text":""},{"speakerId":7},null]}}"#;
    let fault = Fault::Status { code: 200, retry_after: None, body: Some(body.to_owned()) };
    account.fake.fault(Endpoint::Transcript, Match::Any, 1, fault);
    let opinion = opinion(&account, &listed).await.unwrap().unwrap();
    assert_eq!(opinion.transcript, None);
    assert_eq!(opinion.insights["insights"]["Summary"][0]["value"], "Short.");
}
