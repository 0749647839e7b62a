//! Three providers with a population, and a daemon that has an account at each.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::common::{TestDaemon, wait_until};
use crate::fakes::ringcentral::Limits;
use crate::fakes::{Fake, RingCentral, RingCentralSettings, Twilio, TwilioSettings, Webex, WebexSettings, World};
use crate::front::Front;

/// So that what never comes is given up while a test waits.
const GIVE_UP: &str = "give_up_s = 45";

/// What is set up.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// Recordings of the last hours, over all providers.
    pub recordings: u32,
    /// Keys that every account has besides.
    pub keys: &'a str,
    /// Keys of `[pipeline]` besides.
    pub pipeline: &'a str,
    /// Webex as an integration that a person signs in to, not as a service app.
    pub webex_needs_a_person: bool,
    /// Accounts at Twilio, all with the same recordings.
    pub twilio_accounts: u32,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Self { recordings: 0, keys: "", pipeline: "", webex_needs_a_person: false, twilio_accounts: 1 }
    }
}

/// Providers, the proxy that their deliveries come through, and the daemon; all end with it.
pub struct Telephony {
    pub daemon: TestDaemon,
    pub twilio: Fake<Twilio>,
    pub ringcentral: Fake<RingCentral>,
    pub webex: Fake<Webex>,
    pub world: World,
    pub front: Front,
    pub runtime: Runtime,
    _secrets: TempDir,
}

impl Telephony {
    /// `count` recordings of the last hours, all three accounts configured with `keys` each.
    pub fn start(count: u32, keys: &str) -> Self {
        Self::planned(Plan { recordings: count, keys, ..Plan::default() })
    }

    pub fn planned(plan: Plan<'_>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (twilio, ringcentral, webex, front) = runtime.block_on(async {
            let settings = RingCentralSettings { limits: Limits::generous(), ..RingCentralSettings::default() };
            (
                Twilio::start(TwilioSettings::default()).await,
                RingCentral::start(settings).await,
                Webex::start(WebexSettings::default()).await,
                Front::start().await,
            )
        });
        let newest = Timestamp::now() - SignedDuration::from_mins(5);
        let world = World::seeded_until(1, plan.recordings, newest);
        world.fill(&twilio, &ringcentral, &webex);
        let secrets = tempfile::tempdir().unwrap();
        let accounts = accounts(secrets.path(), &plan, &twilio, &ringcentral, &webex);
        let daemon = TestDaemon::start(&format!(
            "{}\n{}\n[transcribe]\nlanguages = [\"en\", \"es\"]\n\
             [webhooks]\npublic_url = \"{}\"\n{accounts}",
            if plan.pipeline.contains("give_up_s") { "" } else { GIVE_UP },
            plan.pipeline,
            front.url,
        ));
        front.leads_to(daemon.http().address);
        Self { daemon, twilio, ringcentral, webex, world, front, runtime, _secrets: secrets }
    }

    /// Kills the daemon and starts it again.
    pub fn kill_and_restart(&mut self) {
        self.daemon.kill();
        self.daemon.restart();
        self.front.leads_to(self.daemon.http().address);
    }

    /// Waits until each account of a provider was looked at: what that shows is no test of deliveries.
    pub fn wait_for_first_look(&self, provider: &str) {
        let http = self.daemon.http();
        wait_until("the first look is over", || {
            let accounts = http.get("/api/v1/providers").json();
            let mut own = accounts["items"].as_array().unwrap().iter().filter(|item| item["provider"] == provider);
            own.all(|item| !item["last_look_at"].is_null()).then_some(())
        });
    }

    /// Waits until there is one recording, and it is transcribed; never more than one.
    pub fn wait_for_the_one_recording(&self) {
        let http = self.daemon.http();
        wait_until("the recording is transcribed", || {
            let page = http.get("/api/v1/recordings/").json();
            assert!(page["total"].as_u64().unwrap() <= 1, "{page}");
            (page["items"][0]["processing_status"] == "completed").then_some(())
        });
    }
}

/// Writes a secret that its owner alone can read, and gives its path.
fn secret(folder: &Path, name: &str, secret: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, secret).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file.display().to_string()
}

fn accounts(
    secrets: &Path,
    plan: &Plan<'_>,
    twilio: &Fake<Twilio>,
    ringcentral: &Fake<RingCentral>,
    webex: &Fake<Webex>,
) -> String {
    let common = |name: &str, media: &str| {
        let host = media.trim_start_matches("http://");
        format!(
            "name = \"{name}\"\npoll_s = 60\ntranscripts_after_s = 1\nallow_private_addresses = true\n\
             media_hosts = [\"{host}\"]\n{}\n",
            plan.keys
        )
    };
    let at_twilio = |name: &str| {
        format!(
            "[[twilio]]\n{}base_url = \"{api}\"\nintelligence_url = \"{api}\"\naccount_sid = \"{}\"\n\
             auth_token_file = \"{}\"\n",
            common(name, &twilio.bases.media),
            twilio.settings.account_sid,
            secret(secrets, "auth-token", &twilio.settings.auth_token),
            api = twilio.bases.api,
        )
    };
    let others = (1..plan.twilio_accounts).map(|n| at_twilio(&format!("branch-{n}")));
    let of_twilio: String = [at_twilio("main")].into_iter().chain(others).collect();
    let of_ringcentral = format!(
        "[[ringcentral]]\n{}base_url = \"{}\"\nmedia_url = \"{}\"\nclient_id = \"{}\"\nclient_secret_file = \"{}\"\n\
         jwt_file = \"{}\"\nverification_token_file = \"{}\"\n",
        common("office", &ringcentral.bases.media),
        ringcentral.bases.api,
        ringcentral.bases.media,
        ringcentral.settings.client_id,
        secret(secrets, "client-secret", &ringcentral.settings.client_secret),
        secret(secrets, "jwt", &ringcentral.settings.jwt),
        secret(secrets, "verification-token", "canary-verification-token"),
    );
    let of_webex = format!(
        "[[webex]]\n{}base_url = \"{}/v1\"\nclient_id = \"{}\"\nclient_secret_file = \"{}\"\n\
         webhook_secret_file = \"{}\"\n{}",
        common("clinic", &webex.bases.media),
        webex.bases.api,
        webex.settings.client_id,
        secret(secrets, "webex-secret", &webex.settings.client_secret),
        secret(secrets, "webhook-secret", "canary-webhook-secret"),
        if plan.webex_needs_a_person { String::new() } else { service_app(secrets, webex) },
    );
    [of_twilio, of_ringcentral, of_webex].join("")
}

fn service_app(secrets: &Path, webex: &Fake<Webex>) -> String {
    format!(
        "service_app_id = \"{}\"\norganisation_id = \"{}\"\ndeveloper_token_file = \"{}\"\n",
        webex.settings.service_app_id,
        webex.settings.org_id,
        secret(secrets, "developer-token", &webex.settings.developer_token),
    )
}
