//! Any language by the language model, from the transcript: asked line by line, some dozen at a time.

use std::time::Duration;

use super::whisper::in_language;
use super::{Hindrance, LOOK_AGAIN, is_busy};
use crate::call::{Disposition, Place, Step, Transcript, Translation, TranslationFacts, Translator};
use crate::chat::{Chat, ChatError, Question};
use crate::config::LanguageModelConfig;
use crate::pipeline::PipelineError;
use crate::pipeline::outcome::PARKED_RETRY;
use crate::pipeline::shared::Shared;
use crate::pipeline::steps::Setback;
use crate::pipeline::worker::program_version;
use crate::store::{Lane, WishClaim};
use crate::understand::pii::mask::masked;
use crate::understand::translation::answer::read;
use crate::understand::translation::{Line, assembled, batches, is_untranslated, prompt};

/// Requests for one call: three hours of speech take about a hundred.
const REQUESTS_MAX: usize = 256;
/// Longest time for one call, all its requests together.
const CALL_TIME_MAX: Duration = Duration::from_secs(4 * 3600);
/// Of the room that is left for lines and answer the share of the lines: other languages take more tokens, and JSON some.
const LINES_SHARE: usize = 3;
/// Tokens of lines in one request: a small model on a plain processor answers that within a minute or two.
const LINES_TOKENS: std::ops::RangeInclusive<usize> = 128..=800;

/// Translates.
pub(in crate::pipeline) struct ByModel {
    chat: Chat,
    context_tokens: usize,
    version: String,
}

impl ByModel {
    /// `None` where there is no language model.
    pub(in crate::pipeline) fn of(config: Option<&LanguageModelConfig>) -> Result<Option<Self>, ChatError> {
        let Some(config) = config else { return Ok(None) };
        let version = prompt::version();
        Ok(Some(Self { chat: Chat::new(config)?, context_tokens: config.context_tokens, version }))
    }

    /// The lines of a call with their translations. An answer that lacks a line is asked for again, within the tries.
    /// Before each request summaries go first, and whoever removed the call meanwhile has its words stay here.
    async fn lines(
        &self,
        shared: &Shared,
        words: &Transcript,
        claim: &WishClaim,
    ) -> Result<Vec<(Line, String)>, Setback> {
        let room = self.context_tokens.saturating_sub(prompt::overhead_tokens());
        let lines_tokens = (room / LINES_SHARE).min(*LINES_TOKENS.end());
        if lines_tokens < *LINES_TOKENS.start() {
            let why = "The instructions leave no room for a call; raise language_model.context_tokens.";
            return Err(Setback::NotToBeHad(why.to_owned()));
        }
        let batches = batches(words, lines_tokens);
        if batches.len() > REQUESTS_MAX {
            let why =
                format!("The call is too long: it takes {} requests, and {REQUESTS_MAX} are the most.", batches.len());
            return Err(Setback::NotToBeHad(why));
        }
        let mut done = Vec::new();
        for batch in batches {
            give_way(shared, claim).await?;
            let messages = prompt::of_lines(&batch, words.language.as_ref(), &claim.language);
            let answer_tokens_max = room.saturating_sub(lines_tokens);
            let question = Question {
                system: &messages.system,
                user: &messages.user,
                schema: &messages.schema,
                answer_tokens_max,
            };
            let texts = self.chat.ask(question, |answer| read(answer, &batch)).await?;
            done.extend(batch.into_iter().zip(texts));
        }
        Ok(done)
    }
}

/// Lets summaries pass; cancelled when the translation is no longer wanted of these words.
async fn give_way(shared: &Shared, claim: &WishClaim) -> Result<(), Setback> {
    let broken = |error: PipelineError| Setback::Failure {
        message: error.to_string(),
        disposition: Disposition::Retry { after: None },
    };
    while is_busy(shared, Step::GenerateSummary, Lane::Summarise).await.map_err(broken)? {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let held = claim.clone();
    let is_wished = shared.ask(move |store| store.is_wished(&held)).await.map_err(broken)?;
    if is_wished { Ok(()) } else { Err(Setback::Cancelled) }
}

impl From<ChatError> for Setback {
    fn from(error: ChatError) -> Self {
        let message = error.to_string();
        // A machine that is off for the night uses up nobody's tries.
        if error.is_absence() {
            return Self::NotYet { after: PARKED_RETRY, reason: message };
        }
        // Nor does a model that is not there under its name: else all that is wanted would fail in seconds.
        let disposition = if error.needs_a_person() { Disposition::Park } else { error.disposition() };
        Self::Failure { message, disposition }
    }
}

pub(super) async fn translation(
    shared: &Shared,
    claim: &WishClaim,
) -> Result<Result<Translation, Hindrance>, PipelineError> {
    let Some(by) = &shared.translator else {
        let error = format!("A translation into '{}' takes a language model; see [language_model].", claim.language);
        return Ok(Err(Hindrance::NotByMe(error)));
    };
    let id = claim.recording.id;
    let Some(words) = shared.ask(move |store| store.spoken(id)).await? else {
        return Ok(Err(Setback::NotToBeHad("There is no transcript.".to_owned()).into()));
    };
    // It is shown what summaries are made of.
    let privacy = &shared.config.privacy;
    let kinds = if privacy.masks_in(Place::Summaries) { privacy.mask.as_slice() } else { &[] };
    let words = masked(&words, kinds, &shared.rules.pii);
    let lines = match tokio::time::timeout(CALL_TIME_MAX, by.lines(shared, &words, claim)).await {
        Ok(Ok(lines)) => lines,
        Ok(Err(setback)) => return Ok(Err(setback.into())),
        Err(_) => {
            let (message, disposition) = ("It took more than four hours.".to_owned(), Disposition::Reject);
            return Ok(Err(Setback::Failure { message, disposition }.into()));
        }
    };
    Ok(put_together(shared, by, claim, words, &lines).map_err(Hindrance::from))
}

fn put_together(
    shared: &Shared,
    by: &ByModel,
    claim: &WishClaim,
    words: Transcript,
    lines: &[(Line, String)],
) -> Result<Translation, Setback> {
    let (segments, doubtful) = assembled(&words, lines);
    let (from, into, model) = (words.language.clone(), &claim.language, by.chat.model().to_owned());
    if let Some(from) = from.as_ref().filter(|from| is_untranslated(&segments, from)) {
        return Err(Setback::NotToBeHad(format!("The language model answered in '{from}' instead of '{into}'.")));
    }
    let note = match &from {
        Some(from) => format!("Translated from '{from}' into '{into}' by a language model."),
        None => format!("Translated into '{into}' by a language model."),
    };
    let is_of_miniature = words.model_is_miniature;
    let translated = Transcript { segments, suspects: Vec::new(), model: model.clone(), ..words };
    Ok(Translation {
        facts: TranslationFacts {
            by: Translator::LanguageModel,
            version: format!("{} and {model}, prompt {}", program_version(), by.version),
            made_with: model,
            is_of_miniature,
            from,
            made_at: shared.clock.now(),
            doubtful,
            is_stale: false,
        },
        words: in_language(translated, into, note),
    })
}
