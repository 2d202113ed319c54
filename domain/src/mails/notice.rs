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

static TEMPLATES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.add_template("layout.mjml", include_str!("../../templates/mail/layout.mjml"))?;
    templates.add_template("notice.mjml", include_str!("../../templates/mail/notice.mjml"))?;
    Ok(templates)
});

impl Notice {
    pub(super) fn html(&self) -> Result<String, ComposeError> {
        let templates = TEMPLATES
            .as_ref()
            .map_err(|error| ComposeError(error.to_string()))?;
        let filled = templates.get_template("notice.mjml")?.render(Serde(self))?;
        let options = RenderOptions {
            fonts: HashMap::new(),
            ..RenderOptions::default()
        };
        Ok(mrml::parse(filled)?.element.render(&options)?)
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
