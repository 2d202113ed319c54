//! An XLSX file that is written row by row: what is behind lies on disk, and memory does not grow with it.

use std::{borrow::Cow, io::Write, path::Path};

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};
use rust_xlsxwriter::{DocProperties, Format, Workbook, Worksheet, XlsxError};

use super::text;

/// Rows that one sheet of the format can hold, its heading included.
const ROWS_OF_A_SHEET: u32 = 1_048_576;
/// From so many rows on a sheet may need the large form of ZIP, which the oldest programs cannot read.
const LARGE: i64 = 500_000;

/// What a cell says. Text is never anything but text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Blank,
    Text(Cow<'a, str>),
    Number(i64),
    /// As the clocks on the wall show it: the format knows no time zones.
    Time(NaiveDateTime),
}

/// What is the same for all rows.
pub(super) struct Layout {
    /// Of the document.
    pub title: String,
    pub sheet: String,
    /// The headings with their widths in characters.
    pub columns: Vec<(String, f64)>,
    /// Part of the file: the same data makes the same bytes.
    pub created: DateTime<Utc>,
    /// How many rows to expect.
    pub rows: i64,
}

pub(super) struct Book {
    layout: Layout,
    workbook: Workbook,
    sheet: Worksheet,
    sheets: u16,
    /// The row of the sheet that is written, its heading being the first.
    row: u32,
    rows_of_a_sheet: u32,
    heading: Format,
    text: Format,
    number: Format,
    time: Format,
}

impl Book {
    /// What is behind lies in files in `scratch` that have no name and go with the process.
    pub fn new(layout: Layout, scratch: &Path) -> Result<Self, XlsxError> {
        Self::with_sheets_of(layout, ROWS_OF_A_SHEET, scratch)
    }

    fn with_sheets_of(layout: Layout, rows_of_a_sheet: u32, scratch: &Path) -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(scratch)?;
        let properties = DocProperties::new()
            .set_title(&layout.title)
            .set_creation_datetime(&layout.created);
        workbook.set_properties(&properties);
        workbook.use_zip_large_file(layout.rows > LARGE);
        let mut book = Self {
            sheet: workbook.new_worksheet_with_constant_memory()?,
            workbook,
            layout,
            sheets: 0,
            row: 0,
            rows_of_a_sheet,
            heading: Format::new().set_bold(),
            // Text stays text when somebody edits it: a formula does not become one, a phone keeps its plus.
            text: Format::new().set_num_format("@"),
            number: Format::new().set_num_format("0"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm"),
        };
        book.head()?;
        Ok(book)
    }

    /// From here on cells go to the next row.
    pub fn begin_row(&mut self) -> Result<(), XlsxError> {
        if self.row + 1 == self.rows_of_a_sheet {
            let next = self.workbook.new_worksheet_with_constant_memory()?;
            let full = std::mem::replace(&mut self.sheet, next);
            self.close(full)?;
            self.head()?;
        }
        self.row += 1;
        Ok(())
    }

    pub fn put(&mut self, column: u16, cell: &Cell<'_>) -> Result<(), XlsxError> {
        let (sheet, row) = (&mut self.sheet, self.row);
        match cell {
            Cell::Blank => {}
            Cell::Text(said) => {
                sheet.write_string_with_format(row, column, text::fitting(said), &self.text)?;
            }
            Cell::Number(number) => {
                // Counts, all of them far below what a double holds exactly.
                #[expect(clippy::cast_precision_loss, reason = "the format has doubles only")]
                sheet.write_number_with_format(row, column, *number as f64, &self.number)?;
            }
            Cell::Time(time) if (1900..=9999).contains(&time.year()) => {
                sheet.write_datetime_with_format(row, column, *time, &self.time)?;
            }
            // Beyond the format's calendar: somebody has mistyped it, and shall see it.
            Cell::Time(time) => {
                sheet.write_string_with_format(row, column, time.to_string(), &self.text)?;
            }
        }
        Ok(())
    }

    /// Writes the whole file.
    pub fn finish(mut self, into: impl Write + Send) -> Result<(), XlsxError> {
        let last = std::mem::replace(&mut self.sheet, Worksheet::new());
        self.close(last)?;
        self.workbook.save_to_writer(into)
    }

    /// Begins a sheet with its heading, which stays in sight.
    fn head(&mut self) -> Result<(), XlsxError> {
        self.sheets += 1;
        let name = match self.sheets {
            1 => self.layout.sheet.clone(),
            n => format!("{} {n}", self.layout.sheet),
        };
        self.sheet.set_name(name)?.set_freeze_panes(1, 0)?;
        for (column, (heading, width)) in (0u16..).zip(&self.layout.columns) {
            self.sheet.set_column_width(column, *width)?;
            self.sheet
                .write_string_with_format(0, column, heading, &self.heading)?;
        }
        self.row = 0;
        Ok(())
    }

    fn close(&mut self, mut sheet: Worksheet) -> Result<(), XlsxError> {
        let columns = u16::try_from(self.layout.columns.len()).unwrap_or(u16::MAX);
        sheet.autofilter(0, 0, self.row, columns.saturating_sub(1))?;
        self.workbook.push_worksheet(sheet);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        Layout {
            title: "Leads".into(),
            sheet: "Leads".into(),
            columns: vec![("Name".into(), 20.0), ("Since".into(), 17.0)],
            created: "2026-03-02T10:20:30Z".parse().expect("a time"),
            rows: 7,
        }
    }

    fn written(rows_of_a_sheet: u32) -> Vec<u8> {
        let scratch = std::env::temp_dir();
        let mut book = Book::with_sheets_of(layout(), rows_of_a_sheet, &scratch).expect("a book");
        for n in 0..7 {
            book.begin_row().expect("a row");
            let name = Cell::Text(format!("=Person {n}").into());
            book.put(0, &name).expect("a cell");
            let since = Cell::Time(layout().created.naive_utc());
            book.put(1, &since).expect("a cell");
        }
        let mut bytes = Vec::new();
        book.finish(&mut bytes).expect("a file");
        bytes
    }

    #[test]
    fn the_same_data_makes_the_same_bytes() {
        assert_eq!(written(100), written(100));
    }

    #[test]
    fn what_a_sheet_cannot_hold_goes_on_in_the_next() {
        use calamine::{Data, Reader, Xlsx};
        // A heading and three rows.
        let file = std::io::Cursor::new(written(4));
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(file).expect("a workbook");
        assert_eq!(book.sheet_names(), ["Leads", "Leads 2", "Leads 3"]);
        let mut seen = Vec::new();
        for name in book.sheet_names() {
            let sheet = book.worksheet_range(&name).expect("a sheet");
            let mut rows = sheet.rows();
            assert_eq!(rows.next().expect("a heading")[0], Data::String("Name".into()));
            seen.extend(rows.map(|row| row[0].to_string()));
        }
        let all: Vec<String> = (0..7).map(|n| format!("=Person {n}")).collect();
        assert_eq!(seen, all);
    }
}
