//! Customers and leads as a spreadsheet (S3.9–S3.17).

use std::collections::BTreeSet;

use anyhow::anyhow;
use entities::{ExportKind, ProductId, export};
use tokio::{sync::mpsc, task::spawn_blocking};

use super::{
    book::{Book, Layout},
    columns::{Column, Facts, columns, plan},
};
use crate::{
    error::Outcome,
    exports::{
        output::{self, Output, Written},
        run::{Attempt, Made},
    },
    language, products, teams,
    users::{Position, UserFilter, UserParts, UserView, walk},
};

/// Rows that are read at once.
const CHUNK: u32 = 1000;
/// Chunks that may wait for the writer.
const WAITING: usize = 2;

/// What is read and not yet written.
enum Batch {
    Rows {
        users: Vec<UserView>,
        /// The names of products that were not met before.
        products: Vec<(ProductId, String)>,
    },
    /// That was everybody. Without it the file is not whole.
    End,
}

/// Writes everybody whom the export wants. None: it has to stop.
pub(in crate::exports) async fn write(attempt: &mut Attempt<'_>) -> Outcome<Option<Made>> {
    let app = attempt.app;
    let team = teams::load(app, attempt.export.team_id).await?;
    let facts = Facts::new(attempt.export.locale, language::zone(&team.time_zone));
    let columns = columns(attempt.export.kind);
    let layout = layout(&attempt.export, &team.name, &facts, &columns);
    let scratch = app.files.scratch().await?;
    let (rows, to_write) = mpsc::channel(WAITING);
    let (output, pieces) = output::pipe();
    // A thread of its own: packing and temporary files would hold up everything else here.
    let writing = spawn_blocking(move || {
        let book = Book::new(layout, &scratch)?;
        write_book(book, &columns, facts, to_write, output)
    });
    let Some(count) = feed(attempt, rows).await? else {
        return Ok(None);
    };
    let key = attempt.key.clone();
    let put = app.files.put(&key, pieces).await;
    let written = writing.await.map_err(|error| anyhow!("the writer: {error}"))?;
    // Where one of them has failed the other has no end, or nobody to write to: both say so.
    let written = match (put, written) {
        (Ok(()), written) => written?,
        (Err(error), Ok(_)) => return Err(error.into()),
        (Err(put), Err(written)) => return Err(put.context(format!("{written:#}")).into()),
    };
    Ok(Some(Made {
        key,
        rows: count,
        written,
    }))
}

/// Walks through everybody. None if the export has to stop.
async fn feed(attempt: &mut Attempt<'_>, rows: mpsc::Sender<Batch>) -> Outcome<Option<i64>> {
    let (app, team) = (attempt.app, attempt.export.team_id);
    let until = attempt.export.requested_at;
    let filter: UserFilter = serde_json::from_value(attempt.export.filter.clone())?;
    let parts = UserParts {
        ecosystem: true,
        plan: attempt.export.kind == ExportKind::CustomersXlsx,
    };
    // One moment for all of a file, however long it takes.
    let now = app.clock.now();
    let mut known = BTreeSet::new();
    let (mut place, mut count) = (None, 0);
    loop {
        let users = walk(
            app.db.connection(),
            team,
            &filter,
            (place, until),
            CHUNK,
            (parts, now),
        )
        .await?;
        let Some(last) = users.last() else { break };
        place = Some(Position {
            created_at: last.created_at,
            id: last.id,
        });
        count += i64::try_from(users.len()).unwrap_or(0);
        let new: Vec<ProductId> = (users.iter().filter_map(plan))
            .map(|plan| plan.product)
            .filter(|product| known.insert(product.0))
            .collect();
        let products = products::by_ids(app, team, &new).await?;
        let products = products.into_iter().map(|it| (it.id, it.name)).collect();
        // A writer that has failed says so itself.
        if rows.send(Batch::Rows { users, products }).await.is_err() {
            return Ok(Some(count));
        }
        if !attempt.reached(count).await? {
            return Ok(None);
        }
    }
    let _ = rows.send(Batch::End).await;
    Ok(Some(count))
}

fn write_book(
    mut book: Book,
    columns: &[&'static Column],
    mut facts: Facts,
    mut rows: mpsc::Receiver<Batch>,
    mut output: Output,
) -> anyhow::Result<Written> {
    loop {
        match rows.blocking_recv() {
            Some(Batch::Rows { users, products }) => {
                facts.products.extend(products);
                for user in &users {
                    book.add(columns.iter().map(|column| (column.cell)(&facts, user)))?;
                }
            }
            Some(Batch::End) => {
                book.finish(&mut output)?;
                return Ok(output.finish()?);
            }
            None => return Err(anyhow!("the rows have come to no end")),
        }
    }
}

fn layout(export: &export::Model, team: &str, facts: &Facts, columns: &[&'static Column]) -> Layout {
    let sheet = match export.kind {
        ExportKind::LeadsXlsx => "export-sheet-leads",
        ExportKind::CustomersXlsx | ExportKind::InvoicesZip => "export-sheet-customers",
    };
    let sheet = language::text(export.locale, sheet, &[]);
    Layout {
        title: format!("{sheet} – {team}"),
        columns: columns
            .iter()
            .map(|column| column.head(export.locale, facts))
            .collect(),
        sheet,
        created: export.requested_at,
        rows: export.total,
    }
}
