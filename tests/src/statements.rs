//! What a request asks of the database: stories count it, measurements ask it again.

use std::sync::{Arc, Mutex};

use domain::database::Database;
use sea_orm::Statement;

/// What one process has asked, in order.
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<Mutex<Vec<Statement>>>);

impl Statements {
    pub fn hear(&self, db: &mut Database) {
        let heard = self.clone();
        db.on_statement(move |statement| {
            heard
                .0
                .lock()
                .expect("no panic while held")
                .push(statement.clone());
        });
    }

    /// The SQL of everything since the last time somebody has taken it.
    pub fn take(&self) -> Vec<String> {
        self.take_whole()
            .into_iter()
            .map(|statement| statement.sql)
            .collect()
    }

    /// The same with its values, so that it can be asked again.
    pub fn take_whole(&self) -> Vec<Statement> {
        std::mem::take(&mut *self.0.lock().expect("no panic while held"))
    }
}
