//! The download host: no sign-in, but a ticket that expires.

use std::time::Instant;

use super::{Webex, error, status};
use crate::fakes::{Asked, Reply, examples, locked};

/// What a link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Audio,
    Transcript,
    SuggestedNotes,
    ShortNotes,
    ActionItems,
}

impl Kind {
    /// As it stands in the path of a note.
    pub fn word(self) -> &'static str {
        match self {
            Self::Audio | Self::Transcript => "media",
            Self::SuggestedNotes => "notes",
            Self::ShortNotes => "shortNotes",
            Self::ActionItems => "actionItems",
        }
    }
}

/// Leave to fetch one thing for a while.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    pub ticket: String,
    pub recording: String,
    pub kind: Kind,
    pub expires: Instant,
}

impl Webex {
    /// Every link given so far is dead.
    pub fn expire_links(&self) {
        let now = self.clock.now();
        locked(&self.state).tickets.iter_mut().for_each(|ticket| ticket.expires = now);
    }

    pub(super) fn download(&self, asked: &Asked) -> Reply {
        let shown = asked.query("ticket").or_else(|| asked.query("token")).unwrap_or_default();
        let Some(ticket) = locked(&self.state).tickets.iter().find(|one| one.ticket == shown).cloned() else {
            return Reply::of(401, "text/html", "<html>No ticket.</html>");
        };
        if !asked.target().contains(&ticket.recording) {
            return Reply::of(401, "text/html", "<html>The ticket is for something else.</html>");
        }
        if self.clock.now() >= ticket.expires {
            return Reply::of(403, "text/html", "<html>This link has expired.</html>");
        }
        self.content(asked, &ticket)
    }

    fn content(&self, asked: &Asked, ticket: &Ticket) -> Reply {
        self.change(&ticket.recording, |recording| {
            if recording.media_gone {
                status::PURGED.clone_into(&mut recording.status);
            }
        });
        let there = self.recording(&ticket.recording).filter(|one| one.is(status::AVAILABLE));
        let Some(recording) = there else { return Reply::of(404, "text/html", "<html>Not found.</html>") };
        let html = |name: &str| Reply::of(200, "text/html", examples::text(name));
        match ticket.kind {
            Kind::Audio => Reply::of(200, &self.settings.audio_content_type, recording.sound.mp3()),
            Kind::Transcript => match recording.transcript {
                Some(layout) => Reply::of(200, &self.settings.transcript_content_type, recording.vtt(layout)),
                None => Reply::empty(404),
            },
            _ if self.settings.notes_need_token && self.scopes_of(asked).is_none() => {
                error(401, "The request requires a valid access token set in the Authorization request header.")
            }
            Kind::SuggestedNotes => html("webex_suggested_notes.html"),
            Kind::ShortNotes => html("webex_short_notes.html"),
            Kind::ActionItems => html("webex_action_items.html"),
        }
    }
}
