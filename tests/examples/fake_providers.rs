//! Starts fakes of all three providers with a seeded world and stays up, for trying callscribe by hand:
//! `cargo run --example fake_providers -- [first port, 8401] [recordings, 60] [seed, 1]`.
//!
//! Prints the sections for `config.toml`; the secrets they name are put into a folder of their own.
#![allow(clippy::unwrap_used, reason = "an example that cannot go on should stop")]

#[path = "../fakes/mod.rs"]
mod fakes;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use fakes::ringcentral::Limits;
use fakes::{Fake, Ports, RingCentral, RingCentralSettings, Twilio, TwilioSettings, Webex, WebexSettings, World};
use jiff::{SignedDuration, Timestamp};

/// The nth argument, or its default.
fn argument(n: usize, default: u32) -> u32 {
    match std::env::args().nth(n) {
        Some(text) => text.parse().unwrap_or_else(|_| panic!("'{text}' is not a number")),
        None => default,
    }
}

fn ports(first: u32, place: u32) -> Ports {
    let port = |offset: u32| u16::try_from(first + 2 * place + offset).unwrap();
    Ports { api: port(0), media: port(1) }
}

/// Writes a secret that its owner alone can read, and gives its path as the configuration wants it.
fn secret(name: &str, secret: &str) -> String {
    let folder: PathBuf = std::env::temp_dir().join("callscribe-fake-secrets");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    fs::write(&file, secret).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file.display().to_string()
}

/// A section; numbers and lists are written as they are, texts in quotes.
fn section(vendor: &str, media: &str, entries: &[(&str, &str)]) {
    let media_host = media.trim_start_matches("http://");
    println!("[[{vendor}]]\nname = \"fake-{vendor}\"\npoll_s = 60\nallow_private_addresses = true");
    println!("media_hosts = [\"{media_host}\"]");
    entries.iter().for_each(|(key, value)| println!("{key} = \"{value}\""));
    println!();
}

fn print_twilio(fake: &Fake<Twilio>) {
    let settings = &fake.settings;
    section(
        "twilio",
        &fake.bases.media,
        &[
            ("base_url", &fake.bases.api),
            ("intelligence_url", &fake.bases.api),
            ("account_sid", &settings.account_sid),
            ("auth_token_file", &secret("twilio-auth-token", &settings.auth_token)),
            ("api_key_sid", &settings.key_sid),
            ("api_key_secret_file", &secret("twilio-api-key-secret", &settings.key_secret)),
        ],
    );
}

fn print_ringcentral(fake: &Fake<RingCentral>) {
    let settings = &fake.settings;
    println!("# Without rate limits, unless CALLSCRIBE_FAKE_LIMITS is set.");
    section(
        "ringcentral",
        &fake.bases.media,
        &[
            ("base_url", &fake.bases.api),
            ("media_url", &fake.bases.media),
            ("client_id", &settings.client_id),
            ("client_secret_file", &secret("ringcentral-client-secret", &settings.client_secret)),
            ("jwt_file", &secret("ringcentral-jwt", &settings.jwt)),
        ],
    );
}

fn print_webex(fake: &Fake<Webex>) {
    let settings = &fake.settings;
    println!("# A service app. Without its three keys it is an integration, that one signs in to at /v1/authorize.");
    section(
        "webex",
        &fake.bases.media,
        &[
            ("base_url", &format!("{}/v1", fake.bases.api)),
            ("client_id", &settings.client_id),
            ("client_secret_file", &secret("webex-client-secret", &settings.client_secret)),
            ("service_app_id", &settings.service_app_id),
            ("organisation_id", &settings.org_id),
            ("developer_token_file", &secret("webex-developer-token", &settings.developer_token)),
        ],
    );
}

#[tokio::main]
async fn main() {
    let (first, count, seed) = (argument(1, 8401), argument(2, 60), argument(3, 1));
    let limits = match std::env::var_os("CALLSCRIBE_FAKE_LIMITS") {
        Some(_) => Limits::default(),
        None => Limits::generous(),
    };
    let twilio = Twilio::start_on(TwilioSettings::default(), ports(first, 0)).await;
    let settings = RingCentralSettings { limits, ..RingCentralSettings::default() };
    let ringcentral = RingCentral::start_on(settings, ports(first, 1)).await;
    let webex = Webex::start_on(WebexSettings::default(), ports(first, 2)).await;
    // Old enough for every file to have been made by now.
    let newest = Timestamp::now() - SignedDuration::from_mins(5);
    let world = World::seeded_until(seed.into(), count, newest);
    world.fill(&twilio, &ringcentral, &webex);
    print_twilio(&twilio);
    print_ringcentral(&ringcentral);
    print_webex(&webex);
    for provider in ["twilio", "ringcentral", "webex"] {
        println!("# {provider} should end as {:?}", world.tally(provider));
    }
    println!("# {count} recordings since {}; Ctrl-C ends.", world.oldest);
    tokio::signal::ctrl_c().await.unwrap();
}
