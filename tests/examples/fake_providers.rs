//! Starts fakes of all three providers with a seeded world and stays up, for trying callscribe by hand:
//! `cargo run --example fake_providers -- [first port, 8401] [recordings, 60] [seed, 1]`.
#![allow(clippy::unwrap_used, reason = "an example that cannot go on should stop")]

#[path = "../fakes/mod.rs"]
mod fakes;

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

fn print_twilio(fake: &Fake<Twilio>) {
    let settings = &fake.settings;
    println!("# Twilio; Intelligence answers on the same base, below /v2.");
    println!("[twilio]");
    println!("base_url = \"{}\"", fake.bases.api);
    println!("intelligence_base_url = \"{}\"", fake.bases.api);
    println!("media_base_url = \"{}\"", fake.bases.media);
    println!("account_sid = \"{}\"", settings.account_sid);
    println!("auth_token = \"{}\"", settings.auth_token);
    println!("key_sid = \"{}\"", settings.key_sid);
    println!("key_secret = \"{}\"", settings.key_secret);
    println!("intelligence_service_sid = \"{}\"\n", settings.service_sid);
}

fn print_ringcentral(fake: &Fake<RingCentral>) {
    let settings = &fake.settings;
    println!("# RingCentral; its documented rate limits are off unless CALLSCRIBE_FAKE_LIMITS is set.");
    println!("[ringcentral]");
    println!("base_url = \"{}\"", fake.bases.api);
    println!("media_base_url = \"{}\"", fake.bases.media);
    println!("client_id = \"{}\"", settings.client_id);
    println!("client_secret = \"{}\"", settings.client_secret);
    println!("jwt = \"{}\"\n", settings.jwt);
}

fn print_webex(fake: &Fake<Webex>) {
    let settings = &fake.settings;
    let scopes: Vec<&str> = settings.scopes.iter().map(String::as_str).collect();
    println!("# Webex; sign in at /v1/authorize, as a service app, or with the refresh token below.");
    println!("[webex]");
    println!("base_url = \"{}/v1\"", fake.bases.api);
    println!("media_base_url = \"{}\"", fake.bases.media);
    println!("client_id = \"{}\"", settings.client_id);
    println!("client_secret = \"{}\"", settings.client_secret);
    println!("refresh_token = \"{}\"", fake.tokens(&scopes).1);
    println!("service_app_id = \"{}\"", settings.service_app_id);
    println!("developer_token = \"{}\"", settings.developer_token);
    println!("org_id = \"{}\"\n", settings.org_id);
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
    let world = World::seeded_until(seed.into(), count, Timestamp::now() - SignedDuration::from_mins(5));
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
