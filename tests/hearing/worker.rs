//! The worker between its parent and a call: cancel, checkpoints, files that cannot be read.

use std::fs;

use callscribe::transcribe::{Checkpoint, Event, Request, TranscribeError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::common::long_call;
use crate::ear::{call_file, ear, hear_with_news, request};

fn checkpoints(news: &[Event]) -> Vec<Checkpoint> {
    news.iter()
        .filter_map(|event| match event {
            Event::Window { checkpoint, .. } => Some(checkpoint.clone()),
            Event::Surveyed { .. } | Event::Said { .. } => None,
        })
        .collect()
}

#[tokio::test]
async fn a_cancelled_call_ends_and_the_same_worker_takes_the_next() {
    let ear = ear(1);
    let cancel = CancellationToken::new();
    let (sender, mut events) = mpsc::channel(1);
    let cancelling = async {
        // The survey is over, the first windows are under way.
        events.recv().await.unwrap();
        cancel.cancel();
        while events.recv().await.is_some() {}
    };
    let call = request(&call_file("en-refund.wav"));
    let (outcome, ()) = tokio::join!(ear.transcribe(call.clone(), sender, cancel.clone()), cancelling);
    assert!(matches!(outcome, Err(TranscribeError::Cancelled)), "{outcome:?}");
    let child = ear.child_id().await;
    assert!(child.is_some(), "a worker that stops when asked keeps its weights");
    assert!(hear_with_news(&ear, call).await.0.is_ok());
    assert_eq!(ear.child_id().await, child);
}

#[tokio::test]
async fn windows_of_an_earlier_attempt_are_not_decoded_again() {
    let ear = ear(2);
    let (first, news) = hear_with_news(&ear, request(&call_file("en-refund.wav"))).await;
    let kept = checkpoints(&news);
    let resumed = Request { checkpoints: kept[..kept.len() / 2].to_vec(), ..request(&call_file("en-refund.wav")) };
    let (second, news) = hear_with_news(&ear, resumed).await;
    assert_eq!(checkpoints(&news).len(), kept.len() - kept.len() / 2);
    assert_eq!(second.unwrap().segments, first.unwrap().segments);
}

#[tokio::test]
async fn checkpoints_of_another_call_are_ignored() {
    let ear = ear(2);
    let (_, news) = hear_with_news(&ear, request(&call_file("en-refund.wav"))).await;
    let foreign = Request { checkpoints: checkpoints(&news), ..request(&call_file("en-complaint.wav")) };
    let (transcript, _) = hear_with_news(&ear, foreign).await;
    let (honest, _) = hear_with_news(&ear, request(&call_file("en-complaint.wav"))).await;
    assert_eq!(transcript.unwrap().segments, honest.unwrap().segments);
}

#[tokio::test]
async fn a_file_that_is_no_audio_gets_a_sentence_and_costs_no_worker() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("call.mp3");
    fs::write(&file, "<!DOCTYPE html><html><head><title>Sign in</title></head></html>").unwrap();
    let ear = ear(1);
    let (outcome, _) = hear_with_news(&ear, request(&file)).await;
    assert!(matches!(outcome, Err(TranscribeError::Unreadable(_))), "{outcome:?}");
    assert!(ear.child_id().await.is_some());
}

/// What was told meanwhile, and how many windows were done by the first of it.
fn told(news: &[Event]) -> (Vec<String>, Option<usize>) {
    let texts = news.iter().flat_map(|event| match event {
        Event::Said { texts } => texts.clone(),
        _ => Vec::new(),
    });
    let first = news.iter().position(|event| matches!(event, Event::Said { .. }));
    (texts.collect(), first.map(|at| checkpoints(&news[..at]).len()))
}

/// Both parties' words are put into one order as they come, whichever state ends first.
#[tokio::test]
async fn what_is_told_meanwhile_is_how_the_transcript_begins() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("long.wav");
    fs::write(&long, long_call("en-complaint.wav", 4)).unwrap();
    for (states, audio) in [(1, call_file("en-refund.wav")), (3, call_file("es-tarjeta.wav")), (3, long)] {
        let asked = Request { tells: true, ..request(&audio) };
        let (heard, news) = hear_with_news(&ear(states), asked).await;
        let (told, first) = told(&news);
        let texts: Vec<String> = heard.unwrap().segments.into_iter().map(|segment| segment.text).collect();
        assert!(!told.is_empty() && texts.starts_with(&told), "{told:#?} {texts:#?}");
        let windows = checkpoints(&news).len();
        assert!(first.is_some_and(|first| first < windows), "{first:?} of {windows}: before all was heard");
    }
}

#[tokio::test]
async fn work_that_has_time_gives_way_and_goes_on_where_it_was() {
    let ear = ear(1);
    let (sender, mut events) = mpsc::channel(1000);
    let (call, cancel) = (request(&call_file("en-refund.wav")), CancellationToken::new());
    let other = async {
        let mut news = Vec::new();
        while let Some(event) = events.recv().await {
            let is_window = matches!(event, Event::Window { .. });
            news.push(event);
            if is_window && checkpoints(&news).len() == 1 {
                // Somebody else comes while it is at it.
                assert!(hear_with_news(&ear, request(&call_file("es-tarjeta.wav"))).await.0.is_ok());
            }
        }
        news
    };
    let aside = Request { translate: true, ..call };
    let (outcome, news) = tokio::join!(ear.transcribe_behind(aside.clone(), sender, cancel.clone()), other);
    assert!(matches!(outcome, Err(TranscribeError::Cancelled)), "{outcome:?}");
    let kept = checkpoints(&news);
    let (sender, mut events) = mpsc::channel(1000);
    let resumed = Request { checkpoints: kept.clone(), ..aside };
    assert!(ear.transcribe_behind(resumed, sender, cancel).await.is_ok());
    events.close();
    let mut again = Vec::new();
    while let Some(event) = events.recv().await {
        again.push(event);
    }
    let done = |windows: &[Checkpoint]| windows.iter().map(|one| one.window).collect::<Vec<_>>();
    assert!(done(&checkpoints(&again)).iter().all(|window| !done(&kept).contains(window)), "none is heard twice");
}
