//! Everything that a use case works with.

use std::{ops::Deref, sync::Arc};

use entities::TeamId;
use url::Url;

use crate::{
    actor::Actor,
    adapters::{bell::Bell, files::BlobStore, gateways::Gateways, mail::MailTransport},
    clock::Clock,
    database::Database,
    error::Outcome,
    events::{EventBus, sequencer},
    ids::Ids,
    operations::WriteProof,
    stats,
    tx::Tx,
    vault::Vault,
};

/// The product's surroundings: made once for each process. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    services: Services,
    /// What this process remembers of them.
    reading_notes: stats::Notes,
    write_proof: WriteProof,
}

/// Where the outside world begins.
pub struct Services {
    pub db: Database,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub bell: Arc<dyn Bell>,
    pub bus: Arc<dyn EventBus>,
    pub gateways: Gateways,
    pub mail: Arc<dyn MailTransport>,
    pub files: Arc<dyn BlobStore>,
    pub vault: Vault,
    pub settings: Settings,
}

/// What an operator decides for the installation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the installation is reached from outside.
    pub public_url: Url,
    /// The address that mails come from where a team has none of its own.
    pub support_email_from: String,
    /// The installation's own gateway credentials, for teams without their own (S1.32).
    pub gateway_secrets: crate::teams::GatewaySecrets,
}

impl App {
    pub fn new(services: Services) -> Self {
        Self(Arc::new(Parts {
            services,
            reading_notes: stats::Notes::default(),
            write_proof: WriteProof::default(),
        }))
    }

    pub(crate) fn reading_notes(&self) -> &stats::Notes {
        &self.0.reading_notes
    }

    /// Whether the database has taken something that was written within the last second.
    pub async fn can_write(&self) -> bool {
        self.0.write_proof.holds(&self.db).await
    }

    /// Starts a use case that changes something.
    pub async fn begin(&self, actor: &Actor) -> Outcome<Tx> {
        Tx::begin(self, actor.clone()).await
    }

    /// Starts a piece of the product's own work in a team.
    pub async fn begin_as_system(&self, team: TeamId) -> Outcome<Tx> {
        Tx::begin(self, Actor::system(team)).await
    }

    /// Gives new events their positions and tells whoever waits for them.
    pub async fn place_events(&self) -> Outcome<()> {
        for (team, position) in sequencer::place(&self.db).await? {
            self.bus.announce(team, position);
        }
        Ok(())
    }
}

impl Deref for App {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0.services
    }
}
