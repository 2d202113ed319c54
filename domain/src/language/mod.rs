//! What people read, in their language: messages from the Fluent files, money, dates, durations.
//!
//! Messages are in `domain/locales/<language>/*.ftl`. A message may carry a `.generic` attribute, which
//! speaks where the caller does not know every variable of the message itself.

mod format;
mod negotiate;

use std::collections::HashMap;

use entities::Locale;
use fluent_templates::{LanguageIdentifier, static_loader};
use unic_langid::langid;

pub use format::{date, day, duration, money, percent, zone};
pub use negotiate::negotiate;

/// What stands for a variable of a message: text, or a number that chooses the plural.
pub type Value<'a> = fluent_templates::fluent_bundle::FluentValue<'a>;

static_loader! {
    static MESSAGES = {
        locales: "./locales",
        fallback_language: "en",
        // The marks around variables would end up in subjects and in comparisons.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static EN: LanguageIdentifier = langid!("en");
static ES: LanguageIdentifier = langid!("es");
static PT: LanguageIdentifier = langid!("pt");

/// The message of this key, e.g. `text(locale, "invalid-too-long", &[("max", 80.into())])`.
///
/// Words that are stored (`PurchaseKind`, `PaymentGateway`, …) go in as `as_str()`: the message chooses
/// its wording. A key or variable that is missing is logged and shows the key, never a fault.
pub fn text(locale: Locale, key: &str, variables: &[(&str, Value<'_>)]) -> String {
    let variables: HashMap<&str, Value<'_>> = variables
        .iter()
        .map(|(name, value)| (*name, value.clone()))
        .collect();
    let look_up = |key: &str| MESSAGES.lookup_single_language(tag(locale), key, Some(&variables));
    look_up(key)
        .or_else(|error| look_up(&format!("{key}.generic")).map_err(|_| error))
        .unwrap_or_else(|error| {
            tracing::error!(key, %locale, %error, "a message cannot be shown");
            key.to_owned()
        })
}

/// The language's tag for `lang` attributes and `Content-Language` (BCP 47).
pub fn tag_of(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "en",
        Locale::Es => "es",
        Locale::Pt => "pt",
    }
}

fn tag(locale: Locale) -> &'static LanguageIdentifier {
    match locale {
        Locale::En => &EN,
        Locale::Es => &ES,
        Locale::Pt => &PT,
    }
}

#[cfg(test)]
mod tests;
