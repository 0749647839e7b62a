//! The seeded world: the same every time, every quirk in it, every recording to be heard and unlike every other.

use std::collections::{BTreeMap, HashSet};

use callscribe::decode::{DecodeLimits, Decoder};

use super::{bearer, each, get, of_twilio};
use crate::fakes::ringcentral::Limits;
use crate::fakes::world::{Fate, Quirk, Reason};
use crate::fakes::{
    Expected, RingCentral, RingCentralSettings, Sound, Twilio, TwilioSettings, Webex, WebexSettings, World,
};

#[test]
fn a_seed_makes_the_same_world_again() {
    let [one, two, other] = [World::seeded(7, 60), World::seeded(7, 60), World::seeded(8, 60)];
    assert_eq!(one.fates, two.fates);
    assert_eq!(one.twilio[3].0.sound.wav(2), two.twilio[3].0.sound.wav(2));
    assert_ne!(one.fates, other.fates);
}

#[test]
fn every_quirk_is_there_and_has_its_end() {
    let world = World::seeded(1, 300);
    let mut quirks: BTreeMap<Quirk, usize> = BTreeMap::new();
    world.fates.iter().for_each(|fate| *quirks.entry(fate.quirk).or_default() += 1);
    assert_eq!(quirks.len(), 12, "{quirks:?}");
    assert_eq!(world.fates.len(), 300);
    assert_eq!(world.tally("twilio").values().sum::<usize>(), 100);
    let good = world.tally("webex")[&Expected::Completed];
    assert!((60..100).contains(&good), "{good} of 100");
}

#[test]
fn every_sound_differs_from_every_other() {
    let bytes = |sound: Sound| [sound.wav(1), sound.wav(2), sound.mp3()];
    let numbers = [0, 1, 2, 3, 399, 400, 401, 799, 800, 1_200, 60_000, 99_999];
    let all: HashSet<_> = numbers.into_iter().flat_map(|unique| bytes(Sound::new(unique))).collect();
    assert_eq!(all.len(), 3 * numbers.len());
}

/// Codec, channels and milliseconds of a file with these bytes.
fn decoded(bytes: &[u8]) -> (String, u16, u64) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mut decoder = Decoder::open(file.path(), None, &DecodeLimits::default()).unwrap();
    let mut samples = 0;
    while let Some(block) = decoder.next_block().unwrap() {
        samples += block[0].len() as u64;
    }
    (decoder.format().codec.clone(), decoder.format().channel_count, samples / 16)
}

#[test]
fn every_sound_can_be_heard() {
    for unique in [0, 1, 2, 800] {
        let sound = Sound::new(unique);
        assert_eq!(sound.turns().iter().filter(|turn| turn.text.is_some()).count().min(1), 1);
        let [mono, stereo, mp3] = [sound.wav(1), sound.wav(2), sound.mp3()].map(|bytes| decoded(&bytes));
        assert_eq!((mono.0.as_str(), mono.1, stereo.0.as_str(), stereo.1), ("pcm_s16le", 1, "pcm_s16le", 2));
        assert_eq!((mp3.0.as_str(), mp3.1), ("mp3", 1));
        for (_, _, length) in [mono, stereo, mp3] {
            assert!(length.abs_diff(6_000) < 250, "{length} ms");
        }
    }
}

#[tokio::test]
async fn a_filled_world_can_be_listed() {
    let world = World::seeded(3, 90);
    let twilio = Twilio::start(TwilioSettings::default()).await;
    let limits = Limits::generous();
    let ringcentral = RingCentral::start(RingCentralSettings { limits, ..RingCentralSettings::default() }).await;
    let webex = Webex::start(WebexSettings::default()).await;
    world.fill(&twilio, &ringcentral, &webex);
    let url = format!("{}/2010-04-01/Accounts/{}/Recordings.json", twilio.bases.api, twilio.settings.account_sid);
    let listed = get(&url, of_twilio(&twilio)).await.json();
    let known: Vec<_> = world.twilio.iter().map(|(recording, _)| recording.sid.as_str()).collect();
    assert_eq!(each(&listed["recordings"], "sid"), known);
    assert!(known.iter().all(|sid| world.expected("twilio", sid).is_some()));
}

#[tokio::test]
async fn what_is_deleted_meanwhile_is_there_until_its_media_are_asked_for() {
    let world = World::seeded(5, 90);
    let twilio = Twilio::start(TwilioSettings::default()).await;
    let limits = Limits::generous();
    let ringcentral = RingCentral::start(RingCentralSettings { limits, ..RingCentralSettings::default() }).await;
    let webex = Webex::start(WebexSettings::default()).await;
    world.fill(&twilio, &ringcentral, &webex);
    let gone = |provider: &str| {
        let fits = |fate: &&Fate| fate.provider == provider && fate.expected == Expected::Partial(Reason::Gone);
        world.fates.iter().find(fits).unwrap().id.clone()
    };
    let [on_twilio, on_ringcentral, on_webex] = ["twilio", "ringcentral", "webex"].map(gone);
    let recording = format!("/2010-04-01/Accounts/{}/Recordings/{on_twilio}", twilio.settings.account_sid);
    let recording = format!("{}{recording}", twilio.bases.api);
    let log = format!("/restapi/v1.0/account/~/recording/{on_ringcentral}");
    let webex_token = || bearer(&webex.tokens(&["spark-compliance:recordings_read"]).0);
    let details = format!("{}/v1/convergedRecordings/{on_webex}", webex.bases.api);
    let links = get(&details, webex_token()).await.json()["temporaryDirectDownloadLinks"].clone();
    let asked = async || {
        [
            get(&format!("{recording}.json"), of_twilio(&twilio)).await.status,
            get(&format!("{}{log}", ringcentral.bases.api), bearer(&ringcentral.access_token())).await.status,
            get(&details, webex_token()).await.status,
        ]
    };
    assert_eq!(asked().await, [Some(200); 3]);
    let media = [
        get(&recording, of_twilio(&twilio)).await.status,
        get(&format!("{}{log}/content", ringcentral.bases.media), bearer(&ringcentral.access_token())).await.status,
        get(links["audioDownloadLink"].as_str().unwrap(), webex_token()).await.status,
    ];
    assert_eq!(media, [Some(404); 3]);
    assert_eq!(asked().await, [Some(404); 3]);
}
