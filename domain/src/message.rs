//! Sentences for people, kept as what they say rather than in the words of one language.

use chrono::NaiveDate;
use entities::Locale;
use serde::{Deserialize, Serialize};

use crate::language::{self, Value};

/// A sentence of the language files with its arguments, or what a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Message {
    Key {
        key: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        args: Vec<(String, String)>,
    },
    Text(String),
}

impl Message {
    pub fn key(key: &str) -> Self {
        Self::Key {
            key: key.to_owned(),
            args: Vec::new(),
        }
    }

    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        if let Self::Key { args, .. } = &mut self {
            args.push((name.to_owned(), value.to_string()));
        }
        self
    }

    /// The sentence in a language. Whole numbers choose the plural, days are written out.
    pub fn render(&self, locale: Locale) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Key { key, args } => {
                let value = |text: &str| match (text.parse::<i64>(), text.parse::<NaiveDate>()) {
                    (Ok(number), _) => Value::from(number),
                    (_, Ok(day)) => Value::from(language::day(locale, day)),
                    _ => Value::from(text.to_owned()),
                };
                let args: Vec<_> = args
                    .iter()
                    .map(|(name, text)| (name.as_str(), value(text)))
                    .collect();
                language::text(locale, key, &args)
            }
        }
    }

    /// The form in which it is stored: a person's text as it is, anything else as JSON.
    pub fn to_stored(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Key { .. } => serde_json::to_string(self).unwrap_or_default(),
        }
    }

    pub fn from_stored(stored: &str) -> Self {
        serde_json::from_str(stored)
            .ok()
            .filter(|message| matches!(message, Self::Key { .. }))
            .unwrap_or_else(|| Self::text(stored))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_out_in_the_reader_s_language() {
        let said = Message::key("finding-access-revoked").with("date", "2026-11-21");
        assert_eq!(
            said.render(Locale::En),
            "The access was revoked on 21 November 2026."
        );
        assert_eq!(
            said.render(Locale::Es),
            "El acceso se revocó el 21 de noviembre de 2026."
        );
    }
}
