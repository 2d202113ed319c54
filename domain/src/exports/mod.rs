//! Files that staff and integrations ask for: written by a worker, fetched by a signed link, deleted after a day.

mod cancel;
pub mod download;
mod jobs;
mod keys;
mod output;
mod request;
mod run;
mod spreadsheet;
pub mod state;
mod store;
mod upkeep;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use entities::{ExportKind, Locale};

pub use cancel::{Canceled, cancel};
pub use jobs::WriteExport;
pub use request::{UsersExport, request_users};
pub use store::{count, find, follow, list};
pub use upkeep::{Tended, clear_files, tend};

use crate::language;

/// How long a file is kept: long enough for whoever comes back in the morning, and no longer, for it is a copy of
/// personal data that nobody corrects.
pub const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// What a file is called where it is saved: `customers-2026-11-20.xlsx`, in the language of its headings and by the
/// team's day.
fn file_name(kind: ExportKind, locale: Locale, requested_at: DateTime<Utc>, zone: Tz) -> String {
    let (name, ending) = match kind {
        ExportKind::CustomersXlsx => ("export-file-customers", "xlsx"),
        ExportKind::LeadsXlsx => ("export-file-leads", "xlsx"),
        ExportKind::InvoicesZip => ("export-file-invoices", "zip"),
    };
    let name = language::text(locale, name, &[]);
    let day = requested_at.with_timezone(&zone).format("%Y-%m-%d");
    format!("{name}-{day}.{ending}")
}

fn media_type(kind: ExportKind) -> &'static str {
    match kind {
        ExportKind::CustomersXlsx | ExportKind::LeadsXlsx => {
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        }
        ExportKind::InvoicesZip => "application/zip",
    }
}
