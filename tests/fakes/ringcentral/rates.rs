//! Requests counted by group, and the penalty that every request made during it begins anew.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::RingCentral;
use crate::fakes::when::Clock;
use crate::fakes::{Asked, Host, Reply, examples, locked};

/// Groups that are counted each for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Heavy,
    Medium,
    Light,
    Auth,
}

/// Requests a window, and what comes of too many.
#[derive(Debug, Clone)]
pub struct Limits {
    pub heavy: u32,
    pub medium: u32,
    pub light: u32,
    pub auth: u32,
    pub window: Duration,
    pub penalty: Duration,
}

impl Default for Limits {
    /// The documented ones.
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self { heavy: 10, medium: 40, light: 50, auth: 5, window: minute, penalty: minute }
    }
}

impl Limits {
    /// So high that nothing reaches them.
    pub fn generous() -> Self {
        let many = 1_000_000;
        Self { heavy: many, medium: many, light: many, auth: many, ..Self::default() }
    }

    fn of(&self, group: Group) -> u32 {
        match group {
            Group::Heavy => self.heavy,
            Group::Medium => self.medium,
            Group::Light => self.light,
            Group::Auth => self.auth,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Window {
    began: Option<Instant>,
    count: u32,
    punished_until: Option<Instant>,
}

pub(super) struct Rates {
    limits: Limits,
    clock: Arc<Clock>,
    windows: Mutex<[Window; 4]>,
}

impl Rates {
    pub fn new(limits: Limits, clock: Arc<Clock>) -> Self {
        Self { limits, clock, windows: Mutex::default() }
    }

    /// Counts one request; false when it is one too many.
    pub fn count(&self, group: Group) -> bool {
        let now = self.clock.now();
        let window = &mut locked(&self.windows)[group as usize];
        if window.punished_until.is_some_and(|until| now < until) {
            window.punished_until = Some(now + self.limits.penalty);
            return false;
        }
        if window.punished_until.take().is_some() || window.began.is_none_or(|began| now - began >= self.limits.window)
        {
            *window = Window { began: Some(now), ..Window::default() };
        }
        window.count += 1;
        let within = window.count <= self.limits.of(group);
        if !within {
            window.punished_until = Some(now + self.limits.penalty);
        }
        within
    }

    pub fn counted(&self, group: Group) -> u32 {
        locked(&self.windows)[group as usize].count
    }

    pub fn penalised(&self, group: Group) -> bool {
        locked(&self.windows)[group as usize].punished_until.is_some_and(|until| self.clock.now() < until)
    }

    /// The four headers of every answer.
    pub fn headers(&self, group: Group) -> [(&'static str, String); 4] {
        let limit = self.limits.of(group);
        let name = format!("{group:?}").to_lowercase();
        let remaining = if self.penalised(group) { 0 } else { limit.saturating_sub(self.counted(group)) };
        [
            ("x-rate-limit-group", name),
            ("x-rate-limit-limit", limit.to_string()),
            ("x-rate-limit-remaining", remaining.to_string()),
            ("x-rate-limit-window", self.limits.window.as_secs().to_string()),
        ]
    }
}

impl RingCentral {
    pub(super) fn too_many(&self, group: Group) -> Reply {
        assert!(self.penalised(group) || self.settings.limits.penalty.is_zero());
        let pause = self.settings.limits.penalty.as_secs_f64().ceil();
        Reply::json(429, &examples::json("ringcentral_error_429.json")).header("retry-after", pause)
    }
}

pub(super) fn group_of(asked: &Asked) -> Group {
    let segments = asked.segments();
    match segments.as_slice() {
        _ if asked.host == Host::Media => Group::Heavy,
        ["restapi", "oauth", ..] => Group::Auth,
        ["restapi", "v1.0", "subscription", _, "renew"] => Group::Light,
        ["restapi", "v1.0", "subscription", ..] => Group::Medium,
        ["ai", ..] | ["restapi", "v1.0", "account", _, "telephony", ..] => Group::Light,
        _ => Group::Heavy,
    }
}
