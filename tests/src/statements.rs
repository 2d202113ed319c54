//! What a request asks of the database: stories count it, and may hold it up to let something else happen first;
//! measurements ask it again.

use std::sync::{Arc, Mutex, mpsc};

use domain::database::Database;
use sea_orm::Statement;
use tokio::sync::oneshot;

/// What one process has asked, in order.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    heard: Arc<Mutex<Vec<Statement>>>,
    gates: Arc<Mutex<Vec<Gate>>>,
}

#[derive(Debug)]
struct Gate {
    containing: &'static str,
    reached: oneshot::Sender<()>,
    released: mpsc::Receiver<()>,
}

/// A statement that is held up. Dropped, it goes on.
pub struct Held {
    reached: oneshot::Receiver<()>,
    _released: mpsc::Sender<()>,
}

impl Statements {
    pub fn hear(&self, db: &mut Database) {
        let told = self.clone();
        db.on_statement(move |statement| {
            let mut heard = told.heard.lock().expect("no panic while held");
            heard.push(statement.clone());
            drop(heard);
            told.wait_at_gates(&statement.sql);
        });
    }

    fn wait_at_gates(&self, sql: &str) {
        let gate = {
            let mut gates = self.gates.lock().expect("no panic while held");
            let found = gates.iter().position(|gate| sql.contains(gate.containing));
            found.map(|at| gates.remove(at))
        };
        if let Some(gate) = gate {
            let _ = gate.reached.send(());
            // Until the other end is dropped; the runtime's other tasks go on elsewhere.
            let _ = tokio::task::block_in_place(|| gate.released.recv());
        }
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
        std::mem::take(&mut *self.heard.lock().expect("no panic while held"))
    }

    /// Holds up whoever next sends a statement with this in it. Takes a runtime of several threads.
    pub fn hold(&self, containing: &'static str) -> Held {
        let (reached, has_reached) = oneshot::channel();
        let (release, released) = mpsc::channel();
        self.gates.lock().expect("no panic while held").push(Gate {
            containing,
            reached,
            released,
        });
        Held {
            reached: has_reached,
            _released: release,
        }
    }
}

impl Held {
    /// Waits until the statement has come.
    pub async fn reached(&mut self) {
        (&mut self.reached).await.expect("the statement comes");
    }
}
