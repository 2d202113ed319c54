//! One use case's transaction: the database's, the actor, one frozen `now`, and what goes along with each
//! change: its audit entry, its event, its job.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{AuditEntryId, EventId, EventTopic, JobId, TeamId};
use sea_orm::Value;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    actor::{Actor, Origin},
    adapters::gateways::Gateways,
    app::App,
    database::{Sql, Transaction, WriteTransaction},
    error::Outcome,
    jobs::{self, ClaimedJob, NewJob, Queue},
    values,
};

/// SQLite binds 32,766 values to a statement, and PostgreSQL twice as many; a row has less than ten of its own.
const ROWS_AT_ONCE: usize = 1000;
/// How far the clocks of two machines may be apart. One that is further ahead is wrong, and not followed.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(5);

/// A use case under way. Nothing outside the database happens before [`Tx::commit`].
pub struct Tx {
    app: App,
    transaction: WriteTransaction,
    actor: Actor,
    /// Who stands behind work that this transaction continues; the actor, if nobody else.
    origin: Origin,
    /// What each audit entry says beside its own.
    part_of: Option<(&'static str, Json)>,
    now: DateTime<Utc>,
    audits: Vec<Audit>,
    events: Vec<NewEvent>,
    jobs: Vec<(JobId, NewJob)>,
}

struct Audit {
    origin: Origin,
    action: &'static str,
    subject: Option<String>,
    reason: Option<String>,
    data: Json,
}

struct NewEvent {
    origin: Origin,
    topic: EventTopic,
    subject: String,
    data: Json,
}

impl App {
    /// Starts a use case that changes something.
    pub async fn begin(&self, actor: &Actor) -> Outcome<Tx> {
        Tx::begin(self, actor.clone()).await
    }

    /// Starts a piece of the product's own work in a team.
    pub async fn begin_as_system(&self, team: TeamId) -> Outcome<Tx> {
        Tx::begin(self, Actor::system(team)).await
    }

    /// Starts a piece of a job, in its team and for whoever is behind it.
    pub async fn begin_for(&self, job: &ClaimedJob) -> Outcome<Tx> {
        let tx = self.begin_as_system(job.team()?).await?;
        Ok(tx.on_behalf_of(job.payload.by.clone()))
    }
}

impl Tx {
    pub(crate) async fn begin(app: &App, actor: Actor) -> Outcome<Self> {
        let transaction = app.db.begin().await?;
        let origin = actor.origin();
        let now = app.clock.now();
        Ok(Self {
            app: app.clone(),
            transaction,
            actor,
            origin,
            part_of: None,
            now,
            audits: Vec::new(),
            events: Vec::new(),
            jobs: Vec::new(),
        })
    }

    /// Says on whose behalf the product acts here (S0.6): for work that somebody set in motion earlier.
    #[must_use]
    pub fn on_behalf_of(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Nobody stands behind what is recorded from here on, until [`Self::give_back`]: for what has happened by
    /// itself and is told along the way.
    pub(crate) fn take_origin(&mut self) -> Origin {
        std::mem::take(&mut self.origin)
    }

    pub(crate) fn give_back(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// Says what larger piece of work this is a part of: each audit entry from here on names it in its data.
    #[must_use]
    pub fn part_of(mut self, name: &'static str, id: impl ToString) -> Self {
        self.part_of = Some((name, json!(id.to_string())));
        self
    }

    pub fn db(&self) -> &Transaction {
        self.transaction.connection()
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The gateways that can be asked, for what is known of them without asking.
    pub fn gateways(&self) -> &Gateways {
        &self.app.gateways
    }

    /// The time of this use case: the same however often it is asked, until [`Self::read_clock_again`].
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Time goes on while a lock is waited for. Who decides by the time reads the clock again once they have the
    /// lock, or what somebody else has decided meanwhile would lie in their future.
    pub(crate) fn read_clock_again(&mut self) {
        self.now = self.now.max(self.app.clock.now());
    }

    /// Whether another machine has written this, whose clock is a little ahead.
    pub(crate) fn is_ahead(&self, written: DateTime<Utc>) -> bool {
        written > self.now && written - self.now <= CLOCK_SKEW
    }

    /// Moves `now` to what another machine has written, whose clock is a little ahead, so that it does not lie in the
    /// future.
    pub(crate) fn not_before(&mut self, written: DateTime<Utc>) {
        if self.is_ahead(written) {
            self.now = written;
        }
    }

    pub fn id<T: From<Uuid>>(&self) -> T {
        T::from(self.app.ids.uuid(self.now))
    }

    /// Records who did what. `subject` is a public id.
    pub fn audit(&mut self, action: &'static str, subject: impl ToString) {
        self.audit_with(action, Some(subject.to_string()), None, json!({}));
    }

    /// Records who did what and why, with what the entry should still say in years.
    pub fn audit_with(
        &mut self,
        action: &'static str,
        subject: Option<String>,
        reason: Option<String>,
        mut data: Json,
    ) {
        if let (Some((name, id)), Some(data)) = (&self.part_of, data.as_object_mut()) {
            data.insert((*name).to_owned(), id.clone());
        }
        self.audits.push(Audit {
            origin: self.origin.clone(),
            action,
            subject,
            reason,
            data,
        });
    }

    /// Tells whoever follows the team. `subject` is the public id of the changed object.
    pub fn publish(&mut self, topic: EventTopic, subject: impl ToString, data: Json) {
        self.events.push(NewEvent {
            origin: self.origin.clone(),
            topic,
            subject: subject.to_string(),
            data,
        });
    }

    /// Wants background work.
    pub fn enqueue(&mut self, job: NewJob) -> JobId {
        let id = self.id();
        self.jobs.push((id, job));
        id
    }

    /// Writes everything in one commit, then wakes the workers.
    pub async fn commit(mut self) -> Outcome<()> {
        self.write_audits().await?;
        self.write_events().await?;
        let jobs = std::mem::take(&mut self.jobs);
        if !jobs.is_empty() {
            jobs::store::insert(self.db(), Some(self.actor.team), &self.origin, self.now, &jobs).await?;
        }
        let has_events = !self.events.is_empty();
        self.transaction.commit().await?;
        wake(&self.app, &jobs, self.now);
        // The change is made: trouble from here on delays its announcement and is not the caller's.
        if has_events && let Err(error) = self.app.place_events().await {
            tracing::warn!(error = ?error, "events wait for the next run of the sequencer");
        }
        Ok(())
    }

    async fn write_audits(&mut self) -> Outcome<()> {
        let audits = std::mem::take(&mut self.audits);
        self.insert_rows(
            "INSERT INTO audit_entries (team_id, at, ip_address, id, actor_id, impersonator_id, api_key_id, \
             action, subject_id, reason, data)",
            values![self.actor.team, self.now, self.actor.ip_address.clone()],
            audits.into_iter().map(|audit| {
                let id: AuditEntryId = self.id();
                let by = audit.origin;
                values![
                    id,
                    by.actor,
                    by.impersonator,
                    by.api_key,
                    audit.action,
                    audit.subject,
                    audit.reason,
                    audit.data
                ]
            }),
        )
        .await
    }

    async fn write_events(&self) -> Outcome<()> {
        self.insert_rows(
            "INSERT INTO events (team_id, at, id, actor_id, impersonator_id, topic, subject_id, data)",
            values![self.actor.team, self.now],
            self.events.iter().map(|event| {
                let id: EventId = self.id();
                let Origin {
                    actor, impersonator, ..
                } = event.origin;
                values![
                    id,
                    actor,
                    impersonator,
                    event.topic,
                    event.subject.clone(),
                    event.data.clone()
                ]
            }),
        )
        .await
    }

    /// Many rows that share their first values, in as few statements as the databases' numbers of values allow.
    async fn insert_rows(
        &self,
        insert: &str,
        shared: Vec<Value>,
        rows: impl Iterator<Item = Vec<Value>>,
    ) -> Outcome<()> {
        let first: Vec<String> = (1..=shared.len()).map(|n| format!("${n}")).collect();
        let mut rows = rows.collect::<Vec<_>>().into_iter();
        while rows.len() > 0 {
            let mut values = shared.clone();
            let mut places = Vec::new();
            for row in rows.by_ref().take(ROWS_AT_ONCE) {
                let own = (1..=row.len()).map(|n| format!("${}", values.len() + n));
                places.push(format!(
                    "({})",
                    first.iter().cloned().chain(own).collect::<Vec<_>>().join(", ")
                ));
                values.extend(row);
            }
            self.db()
                .run(&format!("{insert} VALUES {}", places.join(", ")), values)
                .await?;
        }
        Ok(())
    }
}

fn wake(app: &App, jobs: &[(JobId, NewJob)], now: DateTime<Utc>) {
    for queue in Queue::ALL {
        let due = jobs
            .iter()
            .filter(|(_, job)| job.queue == queue && job.run_at.is_none_or(|at| at <= now));
        let ids: Vec<JobId> = due.map(|(id, _)| *id).collect();
        if !ids.is_empty() {
            app.wake_ups.send(queue, &ids);
        }
    }
}
