//! `[[twilio]]`, `[[ringcentral]]`, `[[webex]]`: accounts at providers, and `[webhooks]`, our door to them.

use std::time::Duration;

use secrecy::SecretString;

use super::Env;
use super::languages::known_language;
use super::reader::Section;
use super::secrets::account_secret;
use crate::call::{AccountName, Language, ProviderKind};

const HOUR_S: u64 = 3600;
/// Entries in a list.
const ENTRIES_MAX: usize = 100;
/// Channels in one file.
const CHANNELS_MAX: usize = 8;

/// One account at a provider.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// The account name its recordings carry.
    pub name: AccountName,
    /// How often it is asked for new recordings.
    pub poll: Duration,
    /// How far the first look goes back.
    pub look_back: Duration,
    /// How much of the time before the last look is read again: recordings appear late.
    pub overlap: Duration,
    /// Who speaks on each channel, by index; empty takes what the provider says, else "unknown".
    pub channels: Vec<String>,
    /// Languages of these calls; empty takes [`super::TranscribeConfig::languages`].
    pub languages: Vec<Language>,
    /// Also fetch the provider's own transcripts and insights.
    pub transcripts: bool,
    /// How long after a recording was found they are first asked for.
    pub transcripts_after: Duration,
    /// Have the provider tell us of calls at [`WebhooksConfig::public_url`].
    pub webhooks: bool,
    /// Begin to record calls as they begin.
    pub record_calls: bool,
    /// Where its API is, when not at the usual place.
    pub base_url: Option<String>,
    /// More hosts that audio may come from.
    pub media_hosts: Vec<String>,
    /// It may lie inside this network.
    pub allow_private_addresses: bool,
    /// What only this vendor asks for.
    pub vendor: VendorConfig,
}

/// What only one vendor asks for.
#[derive(Debug, Clone)]
pub enum VendorConfig {
    /// Twilio.
    Twilio(TwilioConfig),
    /// RingCentral.
    RingCentral(RingCentralConfig),
    /// Webex Calling.
    Webex(WebexConfig),
}

impl AccountConfig {
    /// Which vendor.
    pub const fn kind(&self) -> ProviderKind {
        match self.vendor {
            VendorConfig::Twilio(_) => ProviderKind::Twilio,
            VendorConfig::RingCentral(_) => ProviderKind::RingCentral,
            VendorConfig::Webex(_) => ProviderKind::Webex,
        }
    }
}

/// An account at Twilio.
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    /// `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// The primary Auth Token: signs in where there is no API key, and always proves deliveries.
    pub auth_token: Option<SecretString>,
    /// `SK` and 32 hexadecimal digits.
    pub api_key_sid: Option<String>,
    /// Its secret.
    pub api_key_secret: Option<SecretString>,
    /// `ie1`, `au1`, …; absent is `us1`.
    pub region: Option<String>,
    /// `dublin`, `sydney`, …; needed with any other region than `us1`.
    pub edge: Option<String>,
    /// Where Voice Intelligence is, when not at the usual place.
    pub intelligence_url: Option<String>,
}

/// An account at RingCentral.
#[derive(Debug, Clone)]
pub struct RingCentralConfig {
    /// Of the app.
    pub client_id: String,
    /// Of the app.
    pub client_secret: Option<SecretString>,
    /// The user's JWT credential.
    pub jwt: Option<SecretString>,
    /// Extensions whose calls are read; empty reads the whole company's.
    pub extensions: Vec<String>,
    /// Proves deliveries.
    pub verification_token: Option<SecretString>,
    /// Where audio comes from, when not from the usual place.
    pub media_url: Option<String>,
}

/// An account at Webex.
#[derive(Debug, Clone)]
pub struct WebexConfig {
    /// Of the integration or service app.
    pub client_id: String,
    /// Of the integration or service app.
    pub client_secret: Option<SecretString>,
    /// What it may read.
    pub reach: WebexReach,
    /// Of a service app; absent for an integration that a person signs in to.
    pub service_app_id: Option<String>,
    /// The organisation a service app works for.
    pub organisation_id: Option<String>,
    /// Of the service app's developer; gets its first tokens.
    pub developer_token: Option<SecretString>,
    /// Owners asked for one by one, for organisations whose admin listing is incomplete.
    pub owner_emails: Vec<String>,
    /// Proves deliveries.
    pub webhook_secret: Option<SecretString>,
}

/// Whose recordings an account at Webex reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebexReach {
    /// The signed-in user's.
    User,
    /// The organisation's, without the audio.
    Admin,
    /// The organisation's, with the audio.
    Compliance,
}

/// Our door to the providers.
#[derive(Debug, Clone, Default)]
pub struct WebhooksConfig {
    /// Where providers reach us, without a path below it: `https://calls.example.com`.
    pub public_url: Option<String>,
}

pub(super) fn webhooks(section: &Section<'_>) -> WebhooksConfig {
    let public_url = section.text("public_url", "https://calls.example.com").filter(|text| !text.is_empty());
    let checked = |text: String| address(&text).map_err(|message| section.problem("public_url", message)).ok();
    let public_url = public_url.and_then(checked);
    section.finish(|_| None);
    WebhooksConfig { public_url }
}

/// What one account's section is read with.
pub(super) struct Reading<'a> {
    pub(super) section: &'a Section<'a>,
    pub(super) env: Env<'a>,
}

/// `None` when its name is missing or wrong; that is recorded.
pub(super) fn account(reading: &Reading<'_>, kind: ProviderKind) -> Option<AccountConfig> {
    let section = reading.section;
    if !section.has("name") {
        section.problem("name", "Every account needs a name.");
    }
    let name = section.parsed("name", "main", str::parse::<AccountName>);
    let seconds = |key, range, default| Duration::from_secs(section.whole(key, range, default));
    let hours = |key, range, default| Duration::from_secs(HOUR_S * section.whole(key, range, default));
    let poll = seconds("poll_s", 60..=86_400, HOUR_S);
    let look_back = hours("look_back_h", 1..=24 * 90, 24);
    let overlap = hours("overlap_h", 0..=24 * 7, 3);
    let channels = section.list("channels", "agent", CHANNELS_MAX, |text| Ok::<_, String>(text.to_owned()));
    let languages = section.list("languages", "en", ENTRIES_MAX, known_language);
    let transcripts = section.flag("transcripts", true);
    let transcripts_after = seconds("transcripts_after_s", 1..=86_400, 120);
    let webhooks = section.flag("webhooks", false);
    let record_calls = section.flag("record_calls", false);
    let base_url = section.parsed("base_url", "https://api.example.com", address);
    let media_hosts = section.list("media_hosts", "media.example.com", ENTRIES_MAX, host);
    let allow_private_addresses = section.flag("allow_private_addresses", false);
    let secret = |key| account_secret(key, name.as_ref(), reading);
    let vendor = match kind {
        ProviderKind::Twilio => VendorConfig::Twilio(twilio(section, secret)),
        ProviderKind::RingCentral => VendorConfig::RingCentral(ringcentral(section, secret)),
        ProviderKind::Webex => VendorConfig::Webex(webex(section, secret)),
        ProviderKind::Folder | ProviderKind::Upload => return None,
    };
    section.finish(|key| {
        let is_secret = [
            "auth_token",
            "api_key_secret",
            "client_secret",
            "jwt",
            "verification_token",
            "webhook_secret",
            "developer_token",
            "token",
            "password",
            "secret",
        ]
        .contains(&key);
        is_secret.then(|| {
            format!("Secrets do not belong in this file. Put it into a file of its own and name that in {key}_file.")
        })
    });
    Some(AccountConfig {
        name: name?,
        poll,
        look_back,
        overlap,
        channels,
        languages,
        transcripts,
        transcripts_after,
        webhooks,
        record_calls,
        base_url,
        media_hosts,
        allow_private_addresses,
        vendor,
    })
}

fn twilio(section: &Section<'_>, secret: impl Fn(&'static str) -> Option<SecretString>) -> TwilioConfig {
    let account_sid = section.parsed("account_sid", "AC0123…", |text| sid("AC", text));
    let api_key_sid = section.parsed("api_key_sid", "SK0123…", |text| sid("SK", text));
    let (auth_token, api_key_secret) = (secret("auth_token"), secret("api_key_secret"));
    let (region, edge) = (section.text("region", "ie1"), section.text("edge", "dublin"));
    if !section.has("account_sid") {
        section.problem("account_sid", "An account at Twilio needs its account_sid; the Twilio console shows it.");
    }
    if api_key_sid.is_some() != api_key_secret.is_some() {
        section.problem("api_key_sid", "api_key_sid and its secret (api_key_secret_file) come together.");
    }
    if auth_token.is_none() && api_key_secret.is_none() {
        section
            .problem("auth_token_file", "Signing in needs auth_token_file, or api_key_sid with api_key_secret_file.");
    }
    if region.as_deref().is_some_and(|region| region != "us1") && edge.is_none() {
        section.problem("edge", "Twilio serves other regions than us1 only with their edge: ie1 with dublin, au1 with sydney, jp1 with tokyo.");
    }
    TwilioConfig {
        account_sid: account_sid.unwrap_or_default(),
        auth_token,
        api_key_sid,
        api_key_secret,
        region,
        edge,
        intelligence_url: section.parsed("intelligence_url", "https://intelligence.twilio.com", address),
    }
}

fn ringcentral(section: &Section<'_>, secret: impl Fn(&'static str) -> Option<SecretString>) -> RingCentralConfig {
    let client_id = needed(section, "client_id");
    let (client_secret, jwt) = (secret("client_secret"), secret("jwt"));
    if client_secret.is_none() || jwt.is_none() {
        section.problem("jwt_file", "Signing in at RingCentral needs client_secret_file and jwt_file.");
    }
    RingCentralConfig {
        client_id,
        client_secret,
        jwt,
        extensions: section.list("extensions", "101", ENTRIES_MAX, |text| Ok::<_, String>(text.to_owned())),
        verification_token: secret("verification_token"),
        media_url: section.parsed("media_url", "https://media.ringcentral.com", address),
    }
}

fn webex(section: &Section<'_>, secret: impl Fn(&'static str) -> Option<SecretString>) -> WebexConfig {
    let client_id = needed(section, "client_id");
    let client_secret = secret("client_secret");
    if client_secret.is_none() {
        section.problem("client_secret_file", "Signing in at Webex needs client_secret_file.");
    }
    let reach = section.parsed("reach", "compliance", |text| match text {
        "user" => Ok(WebexReach::User),
        "admin" => Ok(WebexReach::Admin),
        "compliance" => Ok(WebexReach::Compliance),
        _ => Err(format!("'{text}' is none of \"user\", \"admin\" and \"compliance\".")),
    });
    let service_app_id = section.text("service_app_id", "Y2lzY29…");
    let organisation_id = section.text("organisation_id", "Y2lzY29…");
    let developer_token = secret("developer_token");
    if service_app_id.is_some() && (organisation_id.is_none() || developer_token.is_none()) {
        section.problem("service_app_id", "A service app needs organisation_id and developer_token_file too.");
    }
    WebexConfig {
        client_id,
        client_secret,
        reach: reach.unwrap_or(WebexReach::Compliance),
        service_app_id,
        organisation_id,
        developer_token,
        owner_emails: section
            .list("owner_emails", "ana@example.com", ENTRIES_MAX, |text| Ok::<_, String>(text.to_owned())),
        webhook_secret: secret("webhook_secret"),
    }
}

fn needed(section: &Section<'_>, key: &'static str) -> String {
    let text = section.text(key, "the one the provider shows").filter(|text| !text.is_empty());
    text.unwrap_or_else(|| {
        section.problem(key, format!("This account needs its {key}."));
        String::new()
    })
}

/// Two letters and 32 hexadecimal digits.
fn sid(prefix: &str, text: &str) -> Result<String, String> {
    let digits = text.strip_prefix(prefix).filter(|digits| digits.len() == 32);
    match digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        true => Ok(text.to_owned()),
        false => Err(format!("This is {prefix} with 32 hexadecimal digits behind it.")),
    }
}

pub(super) fn address(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|error| format!("'{text}' is no address: {error}."))?;
    match matches!(url.scheme(), "https" | "http") && url.query().is_none() {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err("An address begins with https:// and has no query.".to_owned()),
    }
}

fn host(text: &str) -> Result<String, String> {
    let is_host = !text.is_empty() && !text.contains('/') && !text.contains(char::is_whitespace);
    is_host.then(|| text.to_ascii_lowercase()).ok_or_else(|| "A host is a name, like media.example.com.".to_owned())
}
