//! A hundred recordings with their quirks: each is listed once and ends where it should.

use std::time::Duration;

use callscribe::call::Disposition;
use callscribe::provider::{Provider, ProviderError};

use crate::fakes::Expected;
use crate::fakes::world::{Reason, World};
use crate::support::{Office, noon};

/// Asks again and again for what is worth it, as the pipeline does.
async fn asked_again(office: &Office, sid: &str) -> Result<Vec<u8>, ProviderError> {
    for _ in 0..10 {
        match office.audio(sid).await {
            Err(ProviderError { disposition: Disposition::Wait { .. } | Disposition::Retry { .. }, .. }) => {}
            ended => return ended,
        }
    }
    office.audio(sid).await
}

#[tokio::test]
async fn every_recording_of_the_world_ends_where_it_should() {
    let office = Office::with(|config, _| config.look_back = Duration::from_secs(48 * 3600)).await;
    let world = World::seeded_until(5, 300, noon());
    for (recording, call) in &world.twilio {
        office.fake.add_recording(recording.clone());
        office.fake.add_call(call.clone());
    }
    let (found, _) = office.look(None).await;
    assert_eq!((found.listed.len(), found.refused.len()), (world.twilio.len(), 0));
    for (recording, _) in &world.twilio {
        let (sid, expected) = (recording.sid.as_str(), world.expected("twilio", &recording.sid).unwrap());
        office.provider.details(sid, "").await.unwrap();
        let ended = asked_again(&office, sid).await.map_err(|error| error.disposition);
        let channels = if recording.dual_version { 2 } else { 1 };
        let disposition = match expected {
            Expected::Completed => Ok(recording.sound.wav(channels).to_vec()),
            // Deleted, or never made: not to be had, and no fault.
            Expected::Partial(Reason::Gone | Reason::Absent) => Err(Disposition::Absent),
            Expected::Failed(Reason::Encrypted) => Err(Disposition::Reject),
            other => panic!("{other:?} is no end at Twilio"),
        };
        assert_eq!(ended, disposition, "{sid}");
    }
    assert_eq!(office.fake.credentials_on_media_host().len(), 0);
}
