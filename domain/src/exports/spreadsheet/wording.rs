//! How cells are said: in one language and one time zone, each stored word looked up once for a whole file.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use entities::Locale;

use crate::language;

pub(super) struct Wording {
    locale: Locale,
    zone: Tz,
    /// By message and `$word`, as far as they were met.
    words: HashMap<(&'static str, &'static str), String>,
}

impl Wording {
    pub fn new(locale: Locale, zone: Tz) -> Self {
        Self {
            locale,
            zone,
            words: HashMap::new(),
        }
    }

    pub fn text(&self, message: &str) -> String {
        language::text(self.locale, message, &[])
    }

    /// A heading of times: it names their zone.
    pub fn zoned(&self, message: &str) -> String {
        language::text(self.locale, message, &[("zone", self.zone.name().into())])
    }

    /// As the clocks on the wall show it.
    pub fn time(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.zone).naive_local()
    }

    /// A message that cells say again and again.
    pub fn said(&mut self, message: &'static str) -> &str {
        self.word(message, "")
    }

    /// A stored word as people read it. The message chooses by `$word`.
    pub fn word(&mut self, message: &'static str, word: &'static str) -> &str {
        let locale = self.locale;
        let said = || language::text(locale, message, &[("word", word.into())]);
        self.words.entry((message, word)).or_insert_with(said)
    }
}
