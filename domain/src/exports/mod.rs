//! Files that staff and integrations ask for: written by a worker, fetched by a signed link, deleted after a day.

mod cancel;
pub mod download;
mod jobs;
mod keys;
mod output;
mod promises;
mod reading;
mod request;
mod run;
mod source;
mod spreadsheet;
pub mod state;
mod store;
mod streaming;
mod upkeep;

use chrono::TimeDelta;

pub use cancel::{Canceled, cancel};
pub use jobs::WriteExport;
pub(crate) use promises::PROMISES;
pub use reading::{count, find, follow, list};
pub(crate) use request::request;
pub(crate) use source::{AnyExport, ExportSource, Kinds, Wanted};
pub(crate) use spreadsheet::{Column, Sheet, Spreadsheet};
pub use upkeep::{Tended, clear_files, tend};

/// How long a file is kept: long enough for whoever comes back in the morning, and no longer, for it is a copy of
/// personal data that nobody corrects.
pub const KEPT_FOR: TimeDelta = TimeDelta::hours(24);
