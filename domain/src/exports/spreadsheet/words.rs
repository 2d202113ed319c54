//! Stored words as people read them, looked up once for a whole file.

use std::collections::HashMap;

use entities::Locale;

use crate::language;

/// The wording of each word of one kind.
pub(super) struct Words(HashMap<&'static str, String>);

impl Words {
    /// `key` is a message that chooses by `$word`.
    pub fn of(locale: Locale, key: &str, words: impl Iterator<Item = &'static str>) -> Self {
        let said = |word: &'static str| (word, language::text(locale, key, &[("word", word.into())]));
        Self(words.map(said).collect())
    }

    pub fn say(&self, word: &'static str) -> &str {
        self.0.get(word).map_or(word, String::as_str)
    }
}
