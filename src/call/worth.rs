//! Why somebody should listen to a call. Pure: it follows from what is known of the recording.

use super::{Recording, SentimentLabel};

/// Agreement with the provider's transcript from which on down one of both must be wrong in much of what was said. Two good
/// transcripts of a clear call share nine words of ten.
pub const LOW_AGREEMENT: f32 = 0.7;

/// A reason to listen to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenReason {
    /// One of the operator's rules found something.
    Category(String),
    /// It sounded discontent.
    Negative,
    /// Our transcript and the provider's differ in much: [`LOW_AGREEMENT`].
    LowAgreement,
}

impl ListenReason {
    /// As it is written in JSON: `category`, `negative`, `low_agreement`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Category(_) => "category",
            Self::Negative => "negative",
            Self::LowAgreement => "low_agreement",
        }
    }
}

impl Recording {
    /// Why this call is worth a listen; empty when nothing speaks for it.
    pub fn listen_reasons(&self) -> Vec<ListenReason> {
        let insight = self.insight.as_ref();
        let names = insight.into_iter().flat_map(super::Insight::category_names);
        let mut reasons: Vec<ListenReason> = names.map(|name| ListenReason::Category(name.to_owned())).collect();
        let sentiment = insight.and_then(|insight| insight.sentiment.as_ref());
        if sentiment.is_some_and(|sentiment| sentiment.label == SentimentLabel::Negative) {
            reasons.push(ListenReason::Negative);
        }
        let agreement = self.opinion.as_ref().and_then(|opinion| opinion.agreement);
        if agreement.is_some_and(|score| score < LOW_AGREEMENT) {
            reasons.push(ListenReason::LowAgreement);
        }
        reasons
    }
}
