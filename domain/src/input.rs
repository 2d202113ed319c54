//! Checking what people send: each check returns the clean value, or the refusal that names the field.

pub mod phone;
mod sought;
mod time;

use entities::{
    Currency, Money, MoneyError,
    search_text::{is_joiner, is_space, is_unseen, says_something},
};

pub use entities::search_text::searchable;
pub use sought::{Sought, Word};
pub use time::{end, time};

use crate::{error::Refusal, message::Message};

/// Names and other one-line texts.
pub const LINE: usize = 200;
/// Notes, reasons and messages.
pub const NOTE: usize = 2000;

/// A text for people that must say something, on one line: every gap is one space, and what cannot be seen is left out.
pub fn line(field: &'static str, text: &str, max: usize) -> Result<String, Refusal> {
    if !says_something(text) {
        return Err(required(field));
    }
    short_enough(field, on_one_line(text), max)
}

/// A text that may be left out; nothing that could be seen counts as left out.
pub fn optional_line(field: &'static str, text: Option<&str>, max: usize) -> Result<Option<String>, Refusal> {
    text.filter(|text| says_something(text))
        .map(|text| line(field, text, max))
        .transpose()
}

/// A text of several lines that may be left out. Its gaps stay as wide as they are.
pub fn optional_note(field: &'static str, text: Option<&str>) -> Result<Option<String>, Refusal> {
    text.filter(|text| says_something(text))
        .map(|text| short_enough(field, on_lines(text), NOTE))
        .transpose()
}

/// An id of another system, which recognises it to the letter: it stays exactly as it was sent.
pub fn reference(field: &'static str, text: &str, max: usize) -> Result<String, Refusal> {
    if !says_something(text) {
        return Err(required(field));
    }
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean = text.replace(|c: char| c.is_control() || turns(c), "");
    short_enough(field, clean.trim().to_owned(), max)
}

/// The same, where it may be left out.
pub fn optional_reference(
    field: &'static str,
    text: Option<&str>,
    max: usize,
) -> Result<Option<String>, Refusal> {
    text.filter(|text| says_something(text))
        .map(|text| reference(field, text, max))
        .transpose()
}

fn required(field: &'static str) -> Refusal {
    Refusal::invalid(field, Message::key("invalid-required"))
}

fn on_one_line(text: &str) -> String {
    let shown = seen(text);
    shown
        .split(is_space)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn on_lines(text: &str) -> String {
    let lines = text.replace("\r\n", "\n");
    let breaks = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let plain = |line: &str| seen(line).replace(is_space, " ");
    lines
        .split(breaks)
        .map(plain)
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

/// Without what cannot be seen. Joiners stay where they do something: behind what can be seen, and inside a word or
/// behind a virama, with which they show its last letter (ന്‍).
fn seen(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    let mut letters = text.chars().filter(|c| !is_unseen(*c)).peekable();
    let joins = |c: char| matches!(c, '\u{34f}' | '\u{200c}' | '\u{200d}');
    while let Some(c) = letters.next() {
        let stays = if !is_joiner(c) {
            true
        } else if let Some(before) = seen.chars().next_back().filter(|before| !is_space(*before)) {
            let tag = |c: char| matches!(c, '\u{e0020}'..='\u{e007f}');
            let inside = letters
                .peek()
                .is_some_and(|next| !is_space(*next) && !joins(*next));
            let virama = unicode_normalization::char::canonical_combining_class(before) == 9;
            match c {
                // Flags are spelt behind a black one.
                _ if tag(c) => tag(before) || before == '\u{1f3f4}',
                _ if joins(c) => (inside || virama) && !joins(before),
                _ => true,
            }
        } else {
            false
        };
        if stays {
            seen.push(c);
        }
    }
    seen
}

fn short_enough(field: &'static str, text: String, max: usize) -> Result<String, Refusal> {
    if text.chars().count() > max {
        return Err(Refusal::invalid(
            field,
            Message::key("invalid-too-long").with("max", max),
        ));
    }
    Ok(text)
}

/// A whole number within bounds.
pub fn within(field: &'static str, value: i64, min: i64, max: i64) -> Result<i64, Refusal> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    let message = Message::key("invalid-range").with("min", min).with("max", max);
    Err(Refusal::invalid(field, message))
}

/// An ISO 4217 code.
pub fn currency(field: &'static str, code: &str) -> Result<Currency, Refusal> {
    code.parse().map_err(|_| {
        let shown: String = code.chars().take(12).collect();
        Refusal::invalid(
            field,
            Message::key("invalid-currency-unknown").with("currency", shown),
        )
    })
}

/// An amount that is more than nothing, in whole minor units of its currency.
pub fn positive_money(field: &'static str, amount: &str, code: &str) -> Result<Money, Refusal> {
    let money = any_money(field, amount, code)?;
    if money.minor <= 0 {
        return Err(Refusal::invalid(
            field,
            Message::key("invalid-amount-not-positive"),
        ));
    }
    Ok(money)
}

fn any_money(field: &'static str, amount: &str, code: &str) -> Result<Money, Refusal> {
    let currency = currency(field, code)?;
    Money::from_major(amount, currency).map_err(|error| {
        let message = match error {
            MoneyError::TooPrecise => Message::key("invalid-amount-too-precise")
                .with("decimals", currency.decimals())
                .with("currency", currency),
            MoneyError::TooLarge => Message::key("invalid-amount-too-large"),
            MoneyError::NotANumber | MoneyError::UnknownCurrency | MoneyError::CurrencyMismatch => {
                Message::key("invalid-amount-not-a-number")
            }
        };
        Refusal::invalid(field, message)
    })
}

/// The order in which people look for names: letters first, then accents and case. PostgreSQL has it from ICU, where
/// what two letters have in common is finer; SQLite asks this.
pub fn in_alphabet(one: &str, other: &str) -> std::cmp::Ordering {
    let letters = searchable(one).cmp(&searchable(other));
    letters.then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cleaned_or_refused() {
        for (text, clean) in [
            ("  Ana\r\nBcc: x  ", "Ana Bcc: x"),
            // Any gap is one space.
            ("Ana\tMaría", "Ana María"),
            (
                "\u{a0}Ana \u{3000}\u{2028} María\u{85}Gil\u{2800}",
                "Ana María Gil",
            ),
            ("Ana\u{3164}María", "Ana María"),
            // What cannot be seen is left out.
            ("A\u{200b}n\u{ad}a\u{2060}\u{feff}\u{115f}", "Ana"),
            ("Ana\u{e0041}\u{200d} \u{200d}María\u{200c}", "Ana María"),
            // What turns the direction goes, right-to-left letters stay.
            ("\u{202e} gpj.\u{2066}exe\u{2069} \u{202c}", "gpj.exe"),
            ("مرحبا שלום", "مرحبا שלום"),
            // Joiners stay where they do something.
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("രാജന\u{d4d}\u{200d} ക", "രാജന\u{d4d}\u{200d} ക"),
            ("👩\u{200d}💻 ❤\u{fe0f}", "👩\u{200d}💻 ❤\u{fe0f}"),
            ("葛\u{e0100}城", "葛\u{e0100}城"),
            ("🏴\u{e0067}\u{e0062}\u{e007f}", "🏴\u{e0067}\u{e0062}\u{e007f}"),
        ] {
            assert_eq!(line("name", text, LINE).as_deref(), Ok(clean), "{text:?}");
        }
        for nothing in [
            "",
            " \u{7} ",
            "\u{2800}",
            "\u{200b}",
            "\u{ad}",
            "\u{3164}",
            "\u{115f}",
            "\u{ffa0}",
            "\u{200d}",
            "\u{fe0f}",
            "\u{e0041}",
            "\u{a0}\u{2029}",
            "\u{202e}",
            "\u{feff}",
            "\u{180e}",
            "\u{301}",
        ] {
            assert_eq!(line("name", nothing, LINE).expect_err(nothing).field, ["name"]);
            assert_eq!(optional_line("name", Some(nothing), LINE), Ok(None));
            assert_eq!(optional_note("note", Some(nothing)), Ok(None));
            assert!(reference("externalId", nothing, LINE).is_err());
        }
        assert!(line("name", &"x".repeat(201), LINE).is_err());
    }

    #[test]
    fn notes_keep_their_lines_and_gaps() {
        for (text, clean) in [
            (" two\r\nlines ", "two\nlines"),
            ("a\tb\u{a0} c\u{2028}d", "a b  c\nd"),
            ("\u{202a}two\n\u{202e}lines\u{202c}", "two\nlines"),
        ] {
            assert_eq!(optional_note("note", Some(text)), Ok(Some(clean.into())));
        }
    }

    #[test]
    fn what_another_system_has_named_stays_to_the_letter() {
        for (text, clean) in [
            (" pi_1\n", "pi_1"),
            ("A  1", "A  1"),
            ("a\u{200b}b", "a\u{200b}b"),
        ] {
            assert_eq!(reference("externalId", text, LINE).as_deref(), Ok(clean));
        }
    }

    #[test]
    fn names_stand_where_people_look_for_them() {
        let sorted = [
            "Adam",
            "Ærø",
            "Álvarez",
            "Alvarez B",
            "Dinh",
            "Đỗ",
            "Duran",
            "Łukasz",
            "Lund",
            "Oest",
            "Ørsted",
            "Thea",
            "Þór",
            "Tia",
            "Zapata",
        ];
        let mut names = sorted;
        names.reverse();
        names.sort_by(|one, other| in_alphabet(one, other));
        assert_eq!(names, sorted);
    }
}
