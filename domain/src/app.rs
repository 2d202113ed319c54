//! Everything that a use case works with.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use url::Url;

use crate::{
    adapters::{
        bus::EventBus,
        files::BlobStore,
        gateways::{GatewaySecrets, Gateways},
        mail::MailTransport,
        wake_ups::WakeUps,
    },
    clock::Clock,
    database::{Database, WriteProof},
    ids::Ids,
    vault::Vault,
};

/// The product's surroundings: made once for each process. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    services: Services,
    memories: Mutex<HashMap<TypeId, Memory>>,
    write_proof: WriteProof,
}

type Memory = Arc<dyn Any + Send + Sync>;

/// Where the outside world begins.
pub struct Services {
    pub db: Database,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub wake_ups: Arc<dyn WakeUps>,
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
    pub gateway_secrets: GatewaySecrets,
}

impl App {
    /// Without what the subjects do for each other: see [`crate::composition`].
    pub(crate) fn alone(services: Services) -> Self {
        Self(Arc::new(Parts {
            services,
            memories: Mutex::default(),
            write_proof: WriteProof::default(),
        }))
    }

    /// What a subject remembers in this process, and may forget with it: one value of each type.
    pub(crate) fn memory<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        let mut memories = self.0.memories.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = memories
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Arc::<T>::default());
        Arc::clone(memory)
            .downcast()
            .expect("each type has the value of its own")
    }

    /// Gives a subject something to remember.
    pub(crate) fn remember<T: Any + Send + Sync>(&self, value: T) {
        let mut memories = self.0.memories.lock().unwrap_or_else(PoisonError::into_inner);
        memories.insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// Whether the database has taken something that was written within the last second.
    pub async fn can_write(&self) -> bool {
        self.0.write_proof.holds(&self.db).await
    }

    /// The database has not answered: whether it takes what is written has to be proved anew.
    pub async fn lost_database(&self) {
        self.0.write_proof.forget().await;
    }
}

impl Deref for App {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0.services
    }
}
