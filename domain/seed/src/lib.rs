//! Filling a database: a believable demo team, or as many customers as a measurement wants.

pub mod bulk;
pub mod demo;
pub mod gateway_books;

pub use bulk::{BulkOptions, Filled, Progress, bulk};
pub use demo::{Demo, DemoOptions, demo};
pub use gateway_books::{GatewayBooks, GatewayPayment, GatewayRefunded, GatewaySubscription};

use domain::{app::App, database::Sql, error::Outcome};

/// Whether there is no team yet.
pub async fn is_empty(app: &App) -> Outcome<bool> {
    let found = app.db.connection().row("SELECT 1 FROM teams LIMIT 1", vec![]);
    Ok(found.await?.is_none())
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few thousand")]
fn whole(number: i64) -> f64 {
    number as f64
}
