//! Typesets documents as PDF with Typst: PDF/A-2a and PDF/UA-1, so tagged, with text that can be selected, and made to
//! last. A template sees its data and its images, and nothing else: no file, no network, no clock.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::Path,
};

use serde_json::Value;
use typst::{
    Library, LibraryExt, World,
    diag::{FileError, FileResult, SourceDiagnostic},
    foundations::{Bytes, Datetime, Duration, Smart},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook, FontInfo},
    utils::LazyHash,
};
use typst_kit::fonts::{self, FontPath, FontStore};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

/// How many documents a result of layout is remembered for: what all invoices share is laid out once.
const REMEMBERED: usize = 10;
/// Stands for a character that no font has.
const UNPRINTABLE: char = '?';

/// Why a document could not be typeset. The text is for the log.
#[derive(Debug, thiserror::Error)]
#[error("the document could not be typeset: {0}")]
pub struct TypesetError(String);

/// What is to be typeset.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Typst source. It reads its data by `json("data.json")` and images by their names.
    pub template: &'a str,
    pub data: &'a Value,
    /// By file name, with the ending that says the format (`logo.png`).
    pub images: &'a [(&'a str, &'a [u8])],
    /// Year, month and day, for the document's properties. The same input makes the same bytes.
    pub date: (i32, u8, u8),
}

#[derive(Debug)]
pub struct Typeset {
    pub pdf: Vec<u8>,
    /// Characters of the data that no font has; question marks stand for them.
    pub unprintable: BTreeSet<char>,
    /// What else was not as it should be, for the log.
    pub warnings: Vec<String>,
}

/// The fonts and the standard library, loaded once.
pub struct Typesetter {
    fonts: FontStore,
    library: LazyHash<Library>,
}

impl Typesetter {
    /// With the built-in fonts (Latin, Greek, Cyrillic, Hebrew) and those in the folder, which come first where a
    /// template asks for a family and after the others where a character is missing. Files are read when they are needed.
    pub fn new(folder: Option<&Path>) -> Self {
        let mut store = FontStore::new();
        store.extend(fonts::embedded());
        if let Some(folder) = folder {
            store.extend(scan(folder));
        }
        Self {
            fonts: store,
            library: LazyHash::new(Library::default()),
        }
    }

    /// The names of all font families.
    pub fn families(&self) -> impl Iterator<Item = &str> {
        self.fonts.book().families().map(|(name, _)| name)
    }

    /// Typesets a document. Takes some ten milliseconds of one core: not for a thread that serves others.
    pub fn pdf(&self, document: &Document<'_>) -> Result<Typeset, TypesetError> {
        let mut known = HashMap::new();
        let data = self.printable(document.data, &mut known);
        let unprintable = known
            .into_iter()
            .filter(|(_, printable)| !printable)
            .map(|(c, _)| c)
            .collect();
        let world = Page::new(self, document, &data)?;
        let compiled = typst::compile::<PagedDocument>(&world);
        let mut warnings: Vec<String> = compiled.warnings.iter().map(describe).collect();
        let paged = compiled.output.map_err(|errors| failed(&errors))?;
        let (year, month, day) = document.date;
        let timestamp = Datetime::from_ymd_hms(year, month, day, 0, 0, 0).map(Timestamp::new_utc);
        let options = |standards: &[PdfStandard]| -> Result<PdfOptions, TypesetError> {
            Ok(PdfOptions {
                ident: Smart::Auto,
                creator: Smart::Custom(Some("Postventa".into())),
                timestamp,
                standards: PdfStandards::new(standards)
                    .map_err(|error| TypesetError(error.message().to_string()))?,
                ..PdfOptions::default()
            })
        };
        let strict = options(&[PdfStandard::A_2a, PdfStandard::Ua_1])?;
        let pdf = match typst_pdf::pdf(&paged, &strict) {
            Ok(pdf) => pdf,
            // A document that is not quite to the standard is better than none.
            Err(errors) => {
                warnings.push(format!("not PDF/A: {}", failed(&errors)));
                typst_pdf::pdf(&paged, &options(&[])?).map_err(|errors| failed(&errors))?
            }
        };
        comemo::evict(REMEMBERED);
        Ok(Typeset {
            pdf,
            unprintable,
            warnings,
        })
    }

    /// The data with every character that no font has replaced, and without those that control terminals.
    fn printable(&self, value: &Value, known: &mut HashMap<char, bool>) -> Value {
        match value {
            Value::String(text) => Value::String(
                text.chars()
                    .filter(|c| !c.is_control() || *c == '\n')
                    .map(|c| {
                        let printable = known.entry(c).or_insert_with(|| is_invisible(c) || self.has(c));
                        if *printable { c } else { UNPRINTABLE }
                    })
                    .collect(),
            ),
            Value::Array(items) => items.iter().map(|item| self.printable(item, known)).collect(),
            Value::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), self.printable(value, known)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    fn has(&self, c: char) -> bool {
        let book = self.fonts.book();
        (0..)
            .map_while(|index| book.info(index))
            .any(|font| font.coverage.contains(c.into()))
    }
}

/// The fonts in a folder and those below it, in the order of their names. Their files are read again when they are needed.
fn scan(folder: &Path) -> Vec<(FontPath, FontInfo)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    // A link to a folder is not followed: it may lead back here.
    let mut paths: Vec<_> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.path(), entry.file_type().ok()?.is_dir()))
        })
        .collect();
    paths.sort();
    let mut found = Vec::new();
    for (path, is_folder) in paths {
        if is_folder {
            found.extend(scan(&path));
        } else if let Ok(data) = fs::read(&path) {
            // A file may be a collection, and one that is no font has none.
            let faces = (0..).map_while(|index| Some((index, FontInfo::new(&data, index)?)));
            found.extend(faces.map(|(index, info)| {
                let path = path.clone();
                (FontPath { path, index }, info)
            }));
        }
    }
    found
}

/// Characters that no font needs to have: white space, and what steers joins and directions.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// One document as Typst sees it: the world is its template, its data and its images.
struct Page<'a> {
    typesetter: &'a Typesetter,
    main: Source,
    files: HashMap<FileId, Bytes>,
}

impl<'a> Page<'a> {
    fn new(typesetter: &'a Typesetter, document: &Document<'_>, data: &Value) -> Result<Self, TypesetError> {
        let data = serde_json::to_vec(data).map_err(|error| TypesetError(error.to_string()))?;
        let mut files = HashMap::from([(file("data.json")?, Bytes::new(data))]);
        for (name, image) in document.images {
            files.insert(file(name)?, Bytes::new(image.to_vec()));
        }
        Ok(Self {
            typesetter,
            main: Source::new(file("main.typ")?, document.template.into()),
            files,
        })
    }
}

fn file(name: &str) -> Result<FileId, TypesetError> {
    let path = VirtualPath::new(name).map_err(|error| TypesetError(format!("{name}: {error:?}")))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl World for Page<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.typesetter.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.typesetter.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() {
            Ok(self.main.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.typesetter.fonts.font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn describe(diagnostic: &SourceDiagnostic) -> String {
    let hints: Vec<&str> = diagnostic.hints.iter().map(|hint| hint.v.as_str()).collect();
    if hints.is_empty() {
        diagnostic.message.to_string()
    } else {
        format!("{} ({})", diagnostic.message, hints.join("; "))
    }
}

fn failed(errors: &[SourceDiagnostic]) -> TypesetError {
    TypesetError(errors.iter().map(describe).collect::<Vec<_>>().join("; "))
}
