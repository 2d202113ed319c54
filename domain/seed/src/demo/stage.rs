//! Where the demo's scenarios take place: the product itself, at a time that is moved, with gateways that answer as the
//! scenario wants it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Services, Settings,
    actor::{Actor, Principal, Scopes},
    adapters::{bus::LocalBus, mail::LocalMailbox, wake_ups::LocalWakeUps},
    app::App,
    clock::FixedClock,
    entitlements::transitions,
    error::Outcome,
    ids::Ids,
    jobs::{ClaimedJob, Ending, Queue, store},
    work,
};
use entities::{Locale, TeamId, UserId, UserRole, WorkerId};
use uuid::Uuid;

use super::{
    book::numbered,
    gateways::{Memory, ScriptedGateway},
};

/// Jobs that are done in one go.
const BATCH: usize = 100;

/// The product, at the time of a scenario.
pub struct Stage {
    pub app: App,
    pub gateways: Arc<Memory>,
    clock: Arc<FixedClock>,
    ids: Arc<DemoIds>,
    team: TeamId,
}

impl Stage {
    /// Beside `app`, on its database: at this time.
    pub fn beside(app: &App, team: TeamId, at: DateTime<Utc>) -> Self {
        let clock = Arc::new(FixedClock::at(at));
        let ids = Arc::new(DemoIds {
            made: AtomicU64::new(0),
            next: Mutex::new(None),
            secrets: app.clone(),
        });
        let gateways = Arc::new(Memory::default());
        let mut settings: Settings = app.settings.clone();
        for adapter in app.gateways.all() {
            for secret in [adapter.secret(), adapter.webhooks().secret()] {
                settings.gateway_secrets.set(secret, "demo".into());
            }
        }
        let app = App::new(Services {
            db: app.db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            wake_ups: Arc::new(LocalWakeUps::default()),
            bus: Arc::new(LocalBus::default()),
            gateways: ScriptedGateway::all(&app.gateways, &gateways, &clock),
            mail: Arc::new(LocalMailbox),
            files: app.files.clone(),
            vault: app.vault.clone(),
            settings,
        });
        Self {
            app,
            gateways,
            clock,
            ids,
            team,
        }
    }

    /// Time goes on, up to this moment.
    pub fn until(&self, at: DateTime<Utc>) {
        let now = self.app.clock.now();
        self.clock.advance((at - now).max(TimeDelta::zero()));
    }

    /// The next thing that is made gets this id: one that documentation names.
    pub fn next_id(&self, id: Uuid) {
        *self.ids.next() = Some(id);
    }

    /// Staff at their desk.
    pub fn staff(&self, id: UserId, role: UserRole) -> Actor {
        Actor {
            principal: Principal::User { id, role },
            scopes: Scopes::of_role(role),
            locale: Locale::Es,
            ip_address: Some("192.0.2.17".to_owned()),
            ..Actor::system(self.team)
        }
    }

    pub fn store(&self) -> Actor {
        Actor::system(self.team)
    }

    /// Does everything that is to be done, some seconds later.
    pub async fn work(&self) -> Outcome<()> {
        self.clock.advance(TimeDelta::seconds(2));
        let worker = WorkerId(self.ids.uuid(self.app.clock.now()));
        loop {
            let mut jobs: Vec<ClaimedJob> = Vec::new();
            for queue in Queue::ALL {
                jobs.extend(store::claim(&self.app.db, queue, worker, BATCH, self.app.clock.now()).await?);
            }
            if jobs.is_empty() {
                return Ok(());
            }
            for job in jobs {
                self.done(&job).await?;
            }
        }
    }

    /// Nothing of a scenario is left to be done after it, so a job that does not end is a mistake in it.
    async fn done(&self, job: &ClaimedJob) -> Outcome<()> {
        match work::run(&self.app, job).await? {
            Ending::Done => {
                store::finish(&self.app.db, &[job.held()], self.app.clock.now()).await?;
                Ok(())
            }
            Ending::Snooze { note, .. } | Ending::Dead { reason: note } => {
                Err(anyhow::anyhow!("a job of the demo ({}) did not end: {note}", job.payload.kind).into())
            }
        }
    }

    /// Ends at the time of the reader: what has happened by itself is announced.
    pub async fn end(self, now: DateTime<Utc>) -> Outcome<()> {
        self.until(now);
        transitions::announce(&self.app).await?;
        self.app.place_events().await
    }
}

/// The same ids in every installation: by number, in the order in which they are made. What has to be secret comes from
/// the installation.
struct DemoIds {
    made: AtomicU64,
    /// The id of what is made next, if somebody has chosen it.
    next: Mutex<Option<Uuid>>,
    secrets: App,
}

impl DemoIds {
    fn next(&self) -> std::sync::MutexGuard<'_, Option<Uuid>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ids for DemoIds {
    fn uuid(&self, _: DateTime<Utc>) -> Uuid {
        let chosen = self.next().take();
        chosen.unwrap_or_else(|| numbered(self.made.fetch_add(1, Ordering::Relaxed)))
    }

    fn secret(&self) -> [u8; 32] {
        self.secrets.ids.secret()
    }
}
