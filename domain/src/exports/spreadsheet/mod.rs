//! Spreadsheets of any rows: they go through, never a sheet in memory.

mod book;
mod columns;
mod text;
mod wording;

use entities::export;

use self::{
    book::{Book, Layout},
    wording::Wording,
};
pub(crate) use columns::Column;

use super::{
    run::{Attempt, Made},
    source::{ExportSource, Writer},
    streaming::Rows,
};
use crate::{error::Outcome, language, teams};

/// What a kind says of its sheet.
pub(crate) trait Sheet: ExportSource {
    /// The message that names the sheet.
    const TITLE: &'static str;

    /// From left to right.
    fn columns() -> Vec<&'static Column<Self::Row>>;
}

/// Writes XLSX: typed cells in the language of whoever has asked, times in the team's zone, nothing that runs.
pub(crate) struct Spreadsheet;

impl<S: Sheet> Writer<S> for Spreadsheet {
    const ENDING: &'static str = "xlsx";
    const MEDIA_TYPE: &'static str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    async fn write(attempt: &mut Attempt<'_>, filter: S::Filter) -> Outcome<Option<Made>> {
        let app = attempt.app;
        let team = teams::load(app, attempt.export.team_id).await?;
        let mut wording = Wording::new(attempt.export.locale, language::zone(&team.time_zone));
        let layout = layout::<S>(&attempt.export, &team.name, &wording);
        let scratch = app.files.scratch().await?;
        let write = move |rows: Rows<S::Row>, output: &mut _| {
            let book = Book::new(layout, &scratch)?;
            Ok(fill(book, rows, &S::columns(), &mut wording)?.finish(output)?)
        };
        attempt.stream::<S>(&filter, write).await
    }
}

fn fill<Row>(
    mut book: Book,
    mut rows: Rows<Row>,
    columns: &[&'static Column<Row>],
    wording: &mut Wording,
) -> anyhow::Result<Book> {
    while let Some(batch) = rows.next()? {
        for row in &batch {
            book.begin_row()?;
            for (place, column) in (0u16..).zip(columns) {
                book.put(place, &column.cell(row, wording))?;
            }
        }
    }
    Ok(book)
}

fn layout<S: Sheet>(export: &export::Model, team: &str, wording: &Wording) -> Layout {
    let sheet = wording.text(S::TITLE);
    Layout {
        title: format!("{sheet} – {team}"),
        columns: S::columns().iter().map(|column| column.head(wording)).collect(),
        sheet,
        created: export.requested_at,
        rows: export.total,
    }
}
