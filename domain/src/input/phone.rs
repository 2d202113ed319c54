//! Telephone numbers as people write and paste them. Which numbers there are is not ours to know: they are taken if
//! they can be dialled, shown as they were written, and found by their digits (`docs/decisions/0020`).

use entities::search_text::{dialled, searchable};

use super::optional_line;
use crate::{error::Refusal, message::Message};

/// Room for a number with its extension, and for a second one.
const LONGEST: usize = 60;
/// Fewer digits are an extension.
pub(super) const FEWEST_DIGITS: usize = 5;
const MOST_DIGITS: usize = 40;
/// `ext.`, `WhatsApp`, `oficina`: more is a sentence.
const MOST_LETTERS: usize = 24;

/// A number that may be left out, as it was written.
pub fn optional_phone(field: &'static str, text: Option<&str>) -> Result<Option<String>, Refusal> {
    let phone = optional_line(field, text, LONGEST)?;
    if phone.as_deref().is_none_or(can_be_dialled) {
        return Ok(phone);
    }
    Err(Refusal::invalid(field, Message::key("invalid-phone")))
}

fn can_be_dialled(phone: &str) -> bool {
    let normal = searchable(phone);
    let others = |c: &char| !c.is_ascii_digit() && !is_punctuation(*c);
    let letters = normal.chars().filter(others);
    (FEWEST_DIGITS..=MOST_DIGITS).contains(&dialled(&normal)[0].len())
        && letters.clone().count() <= MOST_LETTERS
        && letters.clone().all(char::is_alphabetic)
}

/// What stands between the digits of a number, in its normal form.
pub(super) fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() && !"@<>%$?!^".contains(c)
        || matches!(c, ' ' | '·' | '•' | '☎' | '☏' | '✆' | '📞' | '📱')
}

/// Words before a number and before its extension, in their normal form.
pub(super) fn comes_with_numbers(word: &str) -> bool {
    matches!(
        word,
        "tel"
            | "telefono"
            | "telefone"
            | "phone"
            | "x"
            | "ext"
            | "extn"
            | "extension"
            | "extensao"
            | "int"
            | "interno"
            | "anexo"
            | "ramal"
            | "poste"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_as_people_paste_them_and_nothing_else_is() {
        for (phone, shown) in [
            ("+34 600 123 456", "+34 600 123 456"),
            (
                "+34\u{a0}600\u{2011}123\u{2013}456",
                "+34 600\u{2011}123\u{2013}456",
            ),
            ("\u{202a}+34 600 123 456\u{202c}", "+34 600 123 456"),
            ("0034 (600) 123.456/7", "0034 (600) 123.456/7"),
            ("+44 (0)20 7946 0000 ext. 12", "+44 (0)20 7946 0000 ext. 12"),
            ("６００１２３４５６", "６００１２３４５６"),
            ("+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧", "+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧"),
            ("1-800-FLOWERS", "1-800-FLOWERS"),
            ("Tel.: 600123456;ext=12#", "Tel.: 600123456;ext=12#"),
            (
                "600 123 456 (Oficina) / 91 123 45 67",
                "600 123 456 (Oficina) / 91 123 45 67",
            ),
        ] {
            assert_eq!(
                optional_phone("phone", Some(phone)),
                Ok(Some(shown.into())),
                "{phone}"
            );
        }
        for none in ["", " ", "\u{2060}"] {
            assert_eq!(optional_phone("phone", Some(none)), Ok(None));
        }
        let digits = "1".repeat(41);
        for wrong in [
            "call me",
            "600-1",
            "12",
            "ana12345@x.test",
            "<b>600123456</b>",
            &digits,
            "+",
            "600123456 €",
            "please ask for Ana at 600123456, after six",
        ] {
            assert_eq!(
                optional_phone("phone", Some(wrong)).expect_err(wrong).field,
                ["phone"]
            );
        }
    }
}
