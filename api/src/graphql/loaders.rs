//! Loading what many rows point to in one statement. What is loaded is with its subject: there a key is made only for
//! a caller who may see what it stands for.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, atomic::AtomicUsize},
};

use domain::{App, Error, Outcome, actor::Actor};

/// The loaders of one execution.
pub struct Loaders {
    pub app: App,
    pub actor: Actor,
    /// How often something was asked for: a load waits until this rests.
    pub asked: Arc<AtomicUsize>,
}

/// A fault that several fields share.
pub type Shared = Arc<Error>;

pub(super) fn shared<T>(outcome: Outcome<T>) -> Result<T, Shared> {
    outcome.map_err(Arc::new)
}

pub(super) fn by<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

pub(super) fn grouped<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}
