//! Taking in many reports at once: what is known, what changes, and by how much the totals grow.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use entities::{ProductId, ReadingSessionId, UserId};

use super::{
    report::Entry,
    rules::{self, ReadingSession, TimeSpan},
};
use crate::{
    error::{Refusal, UserErrorCode},
    message::Message,
};

/// What the database knows of a batch's sessions, readers and titles.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub users: HashSet<UserId>,
    pub products: HashSet<ProductId>,
    pub sessions: HashMap<String, Stored>,
}

/// A session as earlier reports have left it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub id: ReadingSessionId,
    pub session: ReadingSession,
    /// When a report has last changed it.
    pub reported_at: DateTime<Utc>,
}

/// The sessions of a batch as they will be written, by external id: everybody writes in this order, so that nobody waits
/// for somebody who waits for them.
pub(super) struct ReportBatch {
    known: Known,
    now: DateTime<Utc>,
    sessions: BTreeMap<String, MergedSession>,
}

struct MergedSession {
    session: ReadingSession,
    /// The latest of the reports' own last moments. A session that turns out to have begun earlier does not say it:
    /// the merged one would end before what was told first.
    last_read_at: DateTime<Utc>,
}

/// One session that is new or has gone on.
pub(super) struct SessionChange<'a> {
    pub external_id: &'a str,
    pub id: Option<ReadingSessionId>,
    pub before: Option<&'a ReadingSession>,
    pub after: &'a ReadingSession,
    pub last_read_at: DateTime<Utc>,
}

/// What is added to a title's row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TitleGain {
    pub sessions: i64,
    pub seconds: i64,
    pub percent_read: f64,
    pub first_read_at: DateTime<Utc>,
    pub last_read_at: DateTime<Utc>,
}

/// What is added to a user's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UserGain {
    pub sessions: i64,
    /// Less than nothing where a session turns out to have begun earlier, in time that was counted already.
    pub seconds: i64,
    pub last_read_at: Option<DateTime<Utc>>,
}

impl ReportBatch {
    /// `now`: when the batch has arrived.
    pub fn new(known: Known, now: DateTime<Utc>) -> Self {
        Self {
            known,
            now,
            sessions: BTreeMap::new(),
        }
    }

    /// Takes one report as if it came alone, after those before it.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Vec<Refusal>> {
        let report = &entry.session;
        let mut missing = Vec::new();
        if !self.known.users.contains(&report.user) {
            missing.push(Refusal::not_found("userId", "user"));
        }
        if !self.known.products.contains(&report.product) {
            missing.push(Refusal::not_found("productId", "product"));
        }
        if !missing.is_empty() {
            return Err(missing);
        }
        let taken = self.sessions.get(&entry.external_id);
        let stored = self.known.sessions.get(&entry.external_id);
        let earlier = taken
            .map(|taken| &taken.session)
            .or_else(|| stored.map(|stored| &stored.session));
        let next = match earlier {
            None => report.clone(),
            Some(earlier) if (earlier.user, earlier.product) == (report.user, report.product) => {
                earlier.after(report)
            }
            Some(_) => {
                let refusal = Refusal::new(UserErrorCode::Conflict).on("externalId");
                return Err(vec![refusal.saying(Message::key("conflict-external-id"))]);
            }
        };
        if next.is_too_long() {
            let message = Message::key("invalid-session-too-long");
            return Err(vec![Refusal::invalid("endedAt", message)]);
        }
        // A device whose clock is ahead does not read in the future.
        let told = report.last_read_at().min(self.now);
        let taken = MergedSession {
            session: next,
            last_read_at: taken.map_or(told, |taken| taken.last_read_at.max(told)),
        };
        self.sessions.insert(entry.external_id.clone(), taken);
        Ok(())
    }

    /// How many sessions were reported, each once.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// What is to be written: reports that say nothing new change nothing.
    pub fn changes(&self) -> Vec<SessionChange<'_>> {
        let changes = self.sessions.iter().map(|(external_id, taken)| {
            let known = self.known.sessions.get(external_id);
            let after = &taken.session;
            let was_read_just_now =
                known.is_some_and(|it| after.was_read_just_now(&it.session, it.reported_at, self.now));
            SessionChange {
                external_id,
                id: known.map(|it| it.id),
                before: known.map(|it| &it.session),
                after,
                last_read_at: if was_read_just_now {
                    taken.last_read_at.max(self.now)
                } else {
                    taken.last_read_at
                },
            }
        });
        let is_news = |change: &SessionChange<'_>| {
            let told_before = |before: &ReadingSession| change.last_read_at <= before.last_read_at();
            change.before != Some(change.after) || !change.before.is_some_and(told_before)
        };
        changes.filter(is_news).collect()
    }

    /// The readers of the batch, also those of whom nothing new was said.
    pub fn readers(&self) -> impl Iterator<Item = UserId> {
        self.sessions.values().map(|taken| taken.session.user)
    }
}

/// For each reader, the spans in which another session must have started to overlap with what changes.
pub(super) fn neighbourhoods(changes: &[SessionChange<'_>]) -> Vec<(UserId, TimeSpan)> {
    let mut spans = BTreeMap::<UserId, Vec<TimeSpan>>::new();
    for change in changes {
        let of_user = spans.entry(change.after.user).or_default();
        of_user.extend(change.before.map(ReadingSession::span));
        of_user.push(change.after.span());
    }
    let windows = spans.into_iter().flat_map(|(user, spans)| {
        let windows = rules::neighbourhoods(spans);
        windows.into_iter().map(move |window| (user, window))
    });
    windows.collect()
}

pub(super) fn title_gains(changes: &[SessionChange<'_>]) -> BTreeMap<(UserId, ProductId), TitleGain> {
    let mut gains = BTreeMap::new();
    for change in changes {
        let SessionChange { before, after, .. } = change;
        let gain = gains
            .entry((after.user, after.product))
            .or_insert_with(|| TitleGain {
                sessions: 0,
                seconds: 0,
                percent_read: after.percent_read,
                first_read_at: after.started_at,
                last_read_at: change.last_read_at,
            });
        gain.sessions += i64::from(before.is_none());
        gain.seconds += after.seconds - before.map_or(0, |before| before.seconds);
        gain.percent_read = gain.percent_read.max(after.percent_read);
        gain.first_read_at = gain.first_read_at.min(after.started_at);
        gain.last_read_at = gain.last_read_at.max(change.last_read_at);
    }
    gains
}

/// `neighbours` are the unchanged sessions around the changed ones.
pub(super) fn user_gains(
    readers: impl Iterator<Item = UserId>,
    changes: &[SessionChange<'_>],
    neighbours: &HashMap<UserId, Vec<TimeSpan>>,
) -> BTreeMap<UserId, UserGain> {
    let mut gains: BTreeMap<UserId, UserGain> = readers.map(|user| (user, UserGain::default())).collect();
    let mut spans = HashMap::<UserId, (Vec<TimeSpan>, Vec<TimeSpan>)>::new();
    for change in changes {
        let SessionChange { before, after, .. } = change;
        let gain = gains.entry(after.user).or_default();
        gain.sessions += i64::from(before.is_none());
        gain.last_read_at = gain.last_read_at.max(Some(change.last_read_at));
        let (old, new) = spans.entry(after.user).or_default();
        old.extend(before.map(ReadingSession::span));
        new.push(after.span());
    }
    for (user, gain) in &mut gains {
        if let Some((old, new)) = spans.get(user) {
            let around = neighbours.get(user).map_or(&[][..], Vec::as_slice);
            gain.seconds = rules::growth(around, old, new);
        }
    }
    gains
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
