//! Three providers with a population, and a daemon that has an account at each.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::common::TestDaemon;
use crate::fakes::ringcentral::Limits;
use crate::fakes::{Fake, RingCentral, RingCentralSettings, Twilio, TwilioSettings, Webex, WebexSettings, World};

/// Where deliveries come in, as the providers were told. Nobody resolves it.
pub const PUBLIC_URL: &str = "https://calls.example.com";

/// Providers and daemon; all end with it.
pub struct Telephony {
    pub daemon: TestDaemon,
    pub twilio: Fake<Twilio>,
    pub ringcentral: Fake<RingCentral>,
    pub webex: Fake<Webex>,
    pub world: World,
    pub runtime: Runtime,
    _secrets: TempDir,
}

impl Telephony {
    /// `count` recordings of the last hours, all three accounts configured with `extra` keys each.
    pub fn start(count: u32, extra: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (twilio, ringcentral, webex) = runtime.block_on(async {
            let settings = RingCentralSettings { limits: Limits::generous(), ..RingCentralSettings::default() };
            (
                Twilio::start(TwilioSettings::default()).await,
                RingCentral::start(settings).await,
                Webex::start(WebexSettings::default()).await,
            )
        });
        let newest = Timestamp::now() - SignedDuration::from_mins(5);
        let world = World::seeded_until(1, count, newest);
        world.fill(&twilio, &ringcentral, &webex);
        let secrets = tempfile::tempdir().unwrap();
        let accounts = accounts(secrets.path(), &twilio, &ringcentral, &webex, extra);
        let daemon = TestDaemon::start(&format!(
            "give_up_s = 45\nattempts_max = 100\n[transcribe]\nlanguages = [\"en\", \"es\"]\n\
             [webhooks]\npublic_url = \"{PUBLIC_URL}\"\n{accounts}"
        ));
        Self { daemon, twilio, ringcentral, webex, world, runtime, _secrets: secrets }
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
    twilio: &Fake<Twilio>,
    ringcentral: &Fake<RingCentral>,
    webex: &Fake<Webex>,
    extra: &str,
) -> String {
    let common = |name: &str, media: &str| {
        let host = media.trim_start_matches("http://");
        format!(
            "name = \"{name}\"\npoll_s = 60\ntranscripts_after_s = 1\nallow_private_addresses = true\n\
             media_hosts = [\"{host}\"]\n{extra}\n"
        )
    };
    let of_twilio = format!(
        "[[twilio]]\n{}base_url = \"{api}\"\nintelligence_url = \"{api}\"\naccount_sid = \"{}\"\nauth_token_file = \"{}\"\n",
        common("main", &twilio.bases.media),
        twilio.settings.account_sid,
        secret(secrets, "auth-token", &twilio.settings.auth_token),
        api = twilio.bases.api,
    );
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
        "[[webex]]\n{}base_url = \"{}/v1\"\nclient_id = \"{}\"\nclient_secret_file = \"{}\"\nservice_app_id = \"{}\"\n\
         organisation_id = \"{}\"\ndeveloper_token_file = \"{}\"\nwebhook_secret_file = \"{}\"\n",
        common("clinic", &webex.bases.media),
        webex.bases.api,
        webex.settings.client_id,
        secret(secrets, "webex-secret", &webex.settings.client_secret),
        webex.settings.service_app_id,
        webex.settings.org_id,
        secret(secrets, "developer-token", &webex.settings.developer_token),
        secret(secrets, "webhook-secret", "canary-webhook-secret"),
    );
    [of_twilio, of_ringcentral, of_webex].join("")
}
