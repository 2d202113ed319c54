//! Checking what people send: each check returns the clean value, or the refusal that names the field.

use entities::{Currency, Money, MoneyError};

use crate::{error::Refusal, message::Message};

/// Names and other one-line texts.
pub const LINE: usize = 200;
/// Notes, reasons and messages.
pub const NOTE: usize = 2000;
/// Characters of the longest normal form in which anything is searched, with some room.
const LONGEST_FOUND: usize = 4000;

/// A text that must say something, on one line and without control characters.
pub fn line(field: &'static str, text: &str, max: usize) -> Result<String, Refusal> {
    let clean = text.replace(is_unseen, "").trim().to_owned();
    if clean.is_empty() {
        return Err(Refusal::invalid(field, Message::key("invalid-required")));
    }
    short_enough(field, clean, max)
}

/// A text that may be left out; nothing but white space counts as left out.
pub fn optional_line(field: &'static str, text: Option<&str>, max: usize) -> Result<Option<String>, Refusal> {
    text.filter(|text| !text.replace(is_unseen, "").trim().is_empty())
        .map(|text| line(field, text, max))
        .transpose()
}

/// A text of several lines that may be left out.
pub fn optional_note(field: &'static str, text: Option<&str>) -> Result<Option<String>, Refusal> {
    let unseen = |c: char| is_unseen(c) && c != '\n';
    text.map(|text| text.replace(unseen, "").trim().to_owned())
        .filter(|text| !text.is_empty())
        .map(|text| short_enough(field, text, NOTE))
        .transpose()
}

/// Control characters, and those that turn the direction of the letters behind them: `gpj.exe` is read as `exe.jpg`
/// after U+202E. Right-to-left letters have their direction by themselves.
fn is_unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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

/// The normal form in which texts are searched: without case and accents. Down, up and down again makes one of
/// letters that differ in one case only: ß and ẞ and ss, ς and σ, ı and i. Latin letters that Unicode does not take
/// apart become what people type who do not have them on their keyboard.
pub fn searchable(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .filter(|c| !is_unseen(*c))
        .fold(String::with_capacity(text.len()), |mut normal, c| {
            match plain_letters(c) {
                Some(letters) => normal.push_str(letters),
                None => normal.push(c),
            }
            normal
        })
}

/// A change to these is a migration of what is stored (`0011_letters.sql`).
fn plain_letters(letter: char) -> Option<&'static str> {
    Some(match letter {
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' | 'ɖ' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ł' => "l",
        'ŋ' => "n",
        'ŧ' => "t",
        _ => return None,
    })
}

/// The order in which people look for names: letters first, then accents and case. PostgreSQL has it from ICU, where
/// what two letters have in common is finer; SQLite asks this.
pub fn in_alphabet(one: &str, other: &str) -> std::cmp::Ordering {
    let letters = searchable(one).cmp(&searchable(other));
    letters.then_with(|| one.cmp(other))
}

/// Whether any text could have this term in it. The longest that are searched are names, of 201 characters at most,
/// and no character's normal form has more than 18. Whatever is longer is kept from the databases: SQLite takes no
/// pattern of more than 50,000 bytes.
pub fn can_be_found(term: &str) -> bool {
    term.chars().count() <= LONGEST_FOUND
}

/// The digits of a term that is written as a phone number is, if they are more than those of an extension.
pub fn dialled(term: &str) -> Option<String> {
    let punctuation = |c: char| "+()-./ ".contains(c);
    let digits: String = term.chars().filter(char::is_ascii_digit).collect();
    let phone = term.chars().all(|c| c.is_ascii_digit() || punctuation(c));
    (phone && digits.len() >= 5 && digits != term).then_some(digits)
}

/// `column LIKE $n`, and the pattern that finds `term` in it as it is written, wildcards included.
pub fn contains(column: &str, term: &str, n: usize) -> (String, String) {
    let escaped = term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    (format!("{column} LIKE ${n} ESCAPE '\\'"), format!("%{escaped}%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cleaned_or_refused() {
        assert_eq!(
            line("name", "  Ana\r\nBcc: x  ", LINE).as_deref(),
            Ok("AnaBcc: x")
        );
        // What turns the direction goes, right-to-left letters stay.
        let turned = "\u{202e} gpj.\u{2066}exe\u{2069} \u{202c}";
        assert_eq!(line("name", turned, LINE).as_deref(), Ok("gpj.exe"));
        assert_eq!(line("name", "مرحبا שלום", LINE).as_deref(), Ok("مرحبا שלום"));
        assert_eq!(
            optional_note("note", Some("\u{202a}two\n\u{202e}lines\u{202c}")),
            Ok(Some("two\nlines".into()))
        );
        assert_eq!(optional_note("note", Some("\u{202e}")), Ok(None));
        assert_eq!(optional_line("name", Some(" \u{202e}"), LINE), Ok(None));
        assert_eq!(line("name", " \u{7} ", LINE).expect_err("empty").field, ["name"]);
        assert!(line("name", &"x".repeat(201), LINE).is_err());
        assert_eq!(optional_line("name", Some("  "), LINE), Ok(None));
        assert_eq!(
            optional_note("note", Some(" two\nlines ")),
            Ok(Some("two\nlines".into()))
        );
    }

    #[test]
    fn phone_numbers_are_told_from_other_terms() {
        for (term, digits) in [
            ("+34600123456", Some("34600123456")),
            ("600-123-456", Some("600123456")),
            ("600123456", None),
            ("600-1", None),
            ("call 600-123-456", None),
            ("", None),
        ] {
            assert_eq!(dialled(term).as_deref(), digits, "{term}");
        }
    }

    #[test]
    fn the_longest_name_of_the_longest_characters_can_be_found() {
        let most = ('\0'..=char::MAX)
            .map(|c| searchable(&c.to_string()).chars().count())
            .max();
        assert!(most.is_some_and(|most| most * 201 <= LONGEST_FOUND), "{most:?}");
        // Four bytes each, the wildcards escaped.
        const { assert!(LONGEST_FOUND * 4 + 2 < 50_000) };
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

    #[test]
    fn what_is_searched_has_no_case_and_no_accents() {
        for (text, normal) in [
            ("Ángela NÚÑEZ", "angela nunez"),
            ("São Paulo", "sao paulo"),
            ("ﬁn", "fin"),
            ("Straße STRASSE STRAẞE", "strasse strasse strasse"),
            ("İstanbul IŞIK ışık", "istanbul isik isik"),
            ("Łukasz Bjørn Đặng ÐAVÍÐ", "lukasz bjorn dang david"),
            ("Œuvre Ærø Þór ǾRSTED", "oeuvre aero thor orsted"),
            ("Ħal Ŧ Ŋ Ɖ ł", "hal t n d l"),
            ("ＡＢＣ１２３", "abc123"),
            ("\u{2068}Ana\u{2069}", "ana"),
            ("ΟΔΥΣΣΕΥΣ Ὀδυσσεύς", "οδυσσευσ οδυσσευσ"),
        ] {
            assert_eq!(searchable(text), normal);
        }
    }
}
