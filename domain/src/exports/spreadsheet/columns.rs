//! What a sheet says of each row: a heading, a kind of cell, and how it is read.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{book::Cell, wording::Wording};

/// One column of a sheet of any rows.
pub(crate) struct Column<Row> {
    /// The message of the heading.
    heading: &'static str,
    /// In characters.
    width: f64,
    kind: Kind<Row>,
    /// The message where there is nothing to say.
    otherwise: Option<&'static str>,
}

enum Kind<Row> {
    Text(for<'a> fn(&'a Row) -> Option<Cow<'a, str>>),
    Number(fn(&Row) -> Option<i64>),
    Time(fn(&Row) -> Option<DateTime<Utc>>),
    YesOrNo(fn(&Row) -> Option<bool>),
    /// A stored word, and the message that chooses its wording.
    Word(&'static str, fn(&Row) -> Option<&'static str>),
}

impl<Row> Column<Row> {
    pub const fn text(
        heading: &'static str,
        width: f64,
        read: for<'a> fn(&'a Row) -> Option<Cow<'a, str>>,
    ) -> Self {
        Self::new(heading, width, Kind::Text(read))
    }

    pub const fn number(heading: &'static str, width: f64, read: fn(&Row) -> Option<i64>) -> Self {
        Self::new(heading, width, Kind::Number(read))
    }

    /// In the team's zone, which the message of the heading takes as `$zone`.
    pub const fn time(heading: &'static str, width: f64, read: fn(&Row) -> Option<DateTime<Utc>>) -> Self {
        Self::new(heading, width, Kind::Time(read))
    }

    pub const fn yes_or_no(heading: &'static str, width: f64, read: fn(&Row) -> Option<bool>) -> Self {
        Self::new(heading, width, Kind::YesOrNo(read))
    }

    /// `wording` is a message that chooses by `$word`.
    pub const fn word(
        heading: &'static str,
        width: f64,
        wording: &'static str,
        read: fn(&Row) -> Option<&'static str>,
    ) -> Self {
        Self::new(heading, width, Kind::Word(wording, read))
    }

    /// What stands there where there is nothing.
    pub const fn or(self, message: &'static str) -> Self {
        Self {
            otherwise: Some(message),
            ..self
        }
    }

    const fn new(heading: &'static str, width: f64, kind: Kind<Row>) -> Self {
        Self {
            heading,
            width,
            kind,
            otherwise: None,
        }
    }

    /// The heading with its width in characters.
    pub(super) fn head(&self, wording: &Wording) -> (String, f64) {
        let heading = match self.kind {
            Kind::Time(_) => wording.zoned(self.heading),
            _ => wording.text(self.heading),
        };
        (heading, self.width)
    }

    pub(super) fn cell<'a>(&self, row: &'a Row, wording: &'a mut Wording) -> Cell<'a> {
        let nothing = |wording: &'a mut Wording| match self.otherwise {
            Some(message) => Cell::Text(wording.said(message).into()),
            None => Cell::Blank,
        };
        match self.kind {
            Kind::Text(read) => read(row).map_or_else(|| nothing(wording), Cell::Text),
            Kind::Number(read) => read(row).map_or_else(|| nothing(wording), Cell::Number),
            Kind::Time(read) => match read(row) {
                Some(at) => Cell::Time(wording.time(at)),
                None => nothing(wording),
            },
            Kind::YesOrNo(read) => match read(row) {
                Some(true) => Cell::Text(wording.said("export-yes").into()),
                Some(false) => Cell::Text(wording.said("export-no").into()),
                None => nothing(wording),
            },
            Kind::Word(message, read) => match read(row) {
                Some(word) => Cell::Text(wording.word(message, word).into()),
                None => nothing(wording),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Madrid;
    use entities::Locale;

    use super::*;

    struct Tin {
        label: Option<String>,
        fish: i64,
        sealed_at: Option<DateTime<Utc>>,
    }

    const COLUMNS: &[Column<Tin>] = &[
        Column::text("export-column-company", 9.0, |tin| {
            tin.label.as_deref().map(Into::into)
        }),
        Column::number("export-column-licenses-total", 9.0, |tin| Some(tin.fish)),
        Column::time("export-column-plan-end", 9.0, |tin| tin.sealed_at),
        Column::<Tin>::time("export-column-plan-end", 9.0, |tin| tin.sealed_at).or("export-no"),
        Column::yes_or_no("export-column-active", 9.0, |tin| Some(tin.fish > 2)),
        Column::word("export-column-interval", 9.0, "export-interval", |tin| {
            (tin.fish > 2).then_some("ANNUAL")
        }),
    ];

    fn cells(tin: &Tin) -> String {
        let mut wording = Wording::new(Locale::Es, Madrid);
        let said = |column: &Column<Tin>| format!("{:?}", column.cell(tin, &mut wording));
        COLUMNS.iter().map(said).collect::<Vec<_>>().join(" ")
    }

    /// A sheet says of its rows what its columns read, whatever the rows are.
    #[test]
    fn any_row_has_typed_cells_in_the_readers_language_and_zone() {
        let full = Tin {
            label: Some("=Sardinas".into()),
            fish: 3,
            sealed_at: Some("2026-01-31T23:30:00Z".parse().expect("a time")),
        };
        let time = "Time(2026-02-01T00:30:00)";
        assert_eq!(
            cells(&full),
            format!(r#"Text("=Sardinas") Number(3) {time} {time} Text("Sí") Text("Anual")"#)
        );
        let empty = Tin {
            label: None,
            fish: 0,
            sealed_at: None,
        };
        assert_eq!(
            cells(&empty),
            r#"Blank Number(0) Blank Text("No") Text("No") Blank"#
        );
    }

    #[test]
    fn only_the_heading_of_a_time_names_the_zone() {
        let wording = Wording::new(Locale::En, Madrid);
        let heads = COLUMNS.iter().map(|column| column.head(&wording).0);
        assert_eq!(
            heads.collect::<Vec<_>>(),
            [
                "Company name",
                "Licences",
                "End (Europe/Madrid)",
                "End (Europe/Madrid)",
                "Active",
                "Interval"
            ]
        );
    }
}
