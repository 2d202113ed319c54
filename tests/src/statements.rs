//! What a request asks of the database: stories count it.

use std::sync::{Arc, Mutex};

use domain::database::Database;

/// The SQL of one process, in order.
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    pub(crate) fn hear(&self, db: &mut Database) {
        let heard = self.clone();
        db.on_statement(move |sql| heard.0.lock().expect("no panic while held").push(sql.to_owned()));
    }

    /// Everything since the last time somebody has taken it.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no panic while held"))
    }
}
