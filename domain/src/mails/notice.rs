//! A notice, ready to be laid out: as plain text here, as HTML by the templates.

use std::{collections::HashMap, fmt::Write, sync::LazyLock};

use minijinja::{AutoEscape, Environment, value::Serde};
use mrml::prelude::render::RenderOptions;
use serde::Serialize;

use super::compose::ComposeError;

/// Everything that a notice says, already in the reader's language. Values may hold anything that a
/// person typed: the templates escape all of it.
#[derive(Serialize)]
pub(super) struct Notice {
    pub lang: &'static str,
    pub subject: String,
    /// What a mailbox shows beside the subject.
    pub preview: String,
    pub team: String,
    pub address: String,
    pub accent: &'static str,
    pub status: String,
    pub status_color: &'static str,
    pub status_background: &'static str,
    pub title: String,
    pub greeting: String,
    pub paragraphs: Vec<String>,
    pub details: Vec<Detail>,
    pub next_title: String,
    pub next: String,
    pub questions: String,
    pub questions_number: String,
    pub signature: String,
    pub why: String,
}

#[derive(Serialize)]
pub(super) struct Detail {
    pub label: String,
    pub value: String,
}

/// The frame of every mail: no image, no font and no style comes from elsewhere.
const LAYOUT: &str = include_str!("../../templates/mail/layout.mjml");
/// Something has happened: a state, what it means, the facts, and what comes next.
const NOTICE: &str = include_str!("../../templates/mail/notice.mjml");

/// HTML with places for a notice's words. To lay MJML out takes milliseconds, so it is done once, with the places
/// in it.
static TEMPLATES: LazyLock<Result<Environment<'static>, ComposeError>> = LazyLock::new(|| {
    let options = RenderOptions {
        fonts: HashMap::new(),
        ..RenderOptions::default()
    };
    let mjml = LAYOUT.replace("<!-- content -->", NOTICE);
    let html = mrml::parse(mjml)?.element.render(&options)?;
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.add_template_owned("notice", html)?;
    Ok(templates)
});

impl Notice {
    pub(super) fn html(&self) -> Result<String, ComposeError> {
        let templates = TEMPLATES.as_ref().map_err(Clone::clone)?;
        Ok(templates.get_template("notice")?.render(Serde(self))?)
    }

    /// The same in the same order, for readers without HTML. Lines are not broken: each reader's window does that.
    pub(super) fn plain(&self) -> String {
        let mut text = format!("{}\n\n", self.greeting);
        for paragraph in &self.paragraphs {
            let _ = writeln!(text, "{paragraph}\n");
        }
        for Detail { label, value } in &self.details {
            let _ = writeln!(text, "  {label}: {value}");
        }
        let _ = writeln!(text, "\n{}\n{}\n", self.next_title, self.next);
        let _ = writeln!(
            text,
            "{} {}\n\n{}\n",
            self.questions, self.questions_number, self.signature
        );
        // The signature's delimiter (RFC 3676, section 4.3): answers leave out what follows.
        let _ = writeln!(text, "-- \n{}", self.why);
        text
    }
}
