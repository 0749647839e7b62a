//! A call's summary in a language model's words: asked in parts where the call is long, then held against the transcript.
//!
//! Whatever goes wrong here is a sentence and no failure: the caller has a summary by rule.

use std::time::Duration;

use crate::call::{Insight, SummaryModel, SummarySource, Transcript};
use crate::chat::{Chat, ChatError, Question};
use crate::config::LanguageModelConfig;
use crate::understand::model::answer::{Draft, read};
use crate::understand::model::prompt::{Messages, Prompt};
use crate::understand::model::{Account, parts, support, transcript_digest};

/// Requests for one call: hours of speech with the default context take a dozen.
const REQUESTS_MAX: usize = 64;
/// Longest time for one call, all its requests together.
const CALL_TIME_MAX: Duration = Duration::from_secs(3600);
/// Of the context the share that is kept free for the answer, within these bounds.
const ANSWER_SHARE: usize = 4;
const ANSWER_TOKENS: std::ops::RangeInclusive<usize> = 512..=2048;
/// Room for the call that is worth asking for.
const ROOM_TOKENS_MIN: usize = 256;
/// Characters of a call below which there is nothing to tell in other words.
const CALL_CHARS_MIN: usize = 40;

/// Writes summaries.
#[derive(Debug)]
pub(in crate::pipeline) struct Writer {
    chat: Chat,
    prompt: Prompt,
    prompt_version: String,
    context_tokens: usize,
}

impl Writer {
    /// `None` where nobody is to write summaries.
    pub(in crate::pipeline) fn of(config: Option<&LanguageModelConfig>) -> Result<Option<Self>, ChatError> {
        let Some(config) = config.filter(|config| config.summaries) else { return Ok(None) };
        let prompt = Prompt::new(config.instructions.as_deref(), config.summary_language.clone());
        Ok(Some(Self {
            chat: Chat::new(config)?,
            prompt_version: prompt.version(),
            prompt,
            context_tokens: config.context_tokens,
        }))
    }

    /// Puts the model's account of `transcript` into `insight`. Where that fails the earlier account stays, if it is of the
    /// same words, else what was drawn by rule; a note says why.
    pub(in crate::pipeline) async fn rewrite(
        &self,
        insight: &mut Insight,
        transcript: &Transcript,
        earlier: Option<&Insight>,
    ) {
        if transcript.segments.iter().map(|segment| segment.text.len()).sum::<usize>() < CALL_CHARS_MIN {
            insight.summary_note = Some("Too little was said to ask the language model.".to_owned());
            return;
        }
        let model = SummaryModel {
            name: self.chat.model().to_owned(),
            prompt_version: self.prompt_version.clone(),
            transcript_digest: transcript_digest(transcript),
        };
        let asked = tokio::time::timeout(CALL_TIME_MAX, self.account(transcript)).await;
        let asked = asked.unwrap_or_else(|_| Err("It took more than an hour.".to_owned()));
        match asked {
            Ok(account) => {
                insight.summary_note = account.is_checked_by_half.then(|| {
                    "The summary is in another language than the call: only its names, numbers and dates were checked."
                        .to_owned()
                });
                account.put_into(insight);
                (insight.summary_source, insight.summary_model) = (SummarySource::Model, Some(model));
            }
            Err(why) => {
                tracing::warn!(why, "The language model wrote no summary.");
                let known = earlier.and_then(|earlier| Some((earlier, earlier.summary_model.as_ref()?)));
                match known.filter(|(_, known)| known.transcript_digest == model.transcript_digest) {
                    Some((earlier, known)) => {
                        insight.summary_note = Some(format!(
                            "The language model was asked again, without success; this is its earlier summary. {why}"
                        ));
                        Account::of(earlier).put_into(insight);
                        (insight.summary_source, insight.summary_model) = (SummarySource::Model, Some(known.clone()));
                    }
                    None => {
                        insight.summary_note =
                            Some(format!("The language model wrote no summary; this one was made by rule. {why}"));
                    }
                }
            }
        }
    }

    async fn account(&self, transcript: &Transcript) -> Result<Account, String> {
        let spoken = transcript.language.as_ref();
        let answer_tokens_max =
            (self.context_tokens / ANSWER_SHARE).clamp(*ANSWER_TOKENS.start(), *ANSWER_TOKENS.end());
        let taken = answer_tokens_max + self.prompt.overhead_tokens();
        let room = self.context_tokens.saturating_sub(taken);
        if room < ROOM_TOKENS_MIN {
            return Err("Its instructions leave no room for a call; raise language_model.context_tokens.".to_owned());
        }
        let parts = parts::parts(transcript, room);
        let mut asking = Asking { writer: self, answer_tokens_max, left: REQUESTS_MAX };
        if parts.len() > REQUESTS_MAX / 2 {
            let count = parts.len();
            return Err(format!("The call is too long: it takes {count} parts; raise language_model.context_tokens."));
        }
        let mut drafts = Vec::new();
        for part in &parts {
            drafts.push(asking.ask(self.prompt.of_lines(part, spoken)).await?);
        }
        let draft = if drafts.len() > 1 {
            let whole = asking.merge(drafts.clone(), transcript, room).await?;
            support::merged(drafts, whole)
        } else {
            drafts.pop().unwrap_or_default()
        };
        let wanted = self.prompt.language(spoken);
        if let (Some(other), Some(wanted)) = (support::other_language(&draft, wanted), wanted) {
            return Err(format!("It answered in '{other}' instead of '{wanted}'."));
        }
        let account = support::check(transcript, draft, wanted);
        if account.is_backed() { Ok(account) } else { Err("Nothing in its summary is backed by the call.".to_owned()) }
    }
}

/// The requests of one call.
struct Asking<'w> {
    writer: &'w Writer,
    answer_tokens_max: usize,
    left: usize,
}

impl Asking<'_> {
    async fn ask(&mut self, messages: Messages) -> Result<Draft, String> {
        self.left = self.left.checked_sub(1).ok_or("The call is too long: it takes too many requests.")?;
        let Messages { system, user, schema } = &messages;
        let answer_tokens_max = self.answer_tokens_max;
        let question = Question { system, user, schema, answer_tokens_max };
        self.writer.chat.ask(question, read).await.map_err(|error| error.to_string())
    }

    /// One draft of many: as many at once as fit, again and again until one is left.
    async fn merge(&mut self, mut drafts: Vec<Draft>, transcript: &Transcript, room: usize) -> Result<Draft, String> {
        let prompt = &self.writer.prompt;
        while drafts.len() > 1 {
            let mut merged = Vec::new();
            let mut rest = drafts.as_slice();
            while !rest.is_empty() {
                // Two at least, or it would never end; notes that are too long for that are cut off by the endpoint.
                let fits = (2..=rest.len()).take_while(|count| Prompt::notes_tokens(&rest[..*count]) <= room).last();
                let (group, behind) = rest.split_at(fits.unwrap_or(2).min(rest.len()));
                merged.push(match group {
                    [one] => one.clone(),
                    group => self.ask(prompt.of_drafts(group, transcript.language.as_ref())).await?,
                });
                rest = behind;
            }
            drafts = merged;
        }
        Ok(drafts.pop().unwrap_or_default())
    }
}
