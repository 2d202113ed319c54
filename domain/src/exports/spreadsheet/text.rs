//! What a cell can hold of what people have typed in.

use std::borrow::Cow;

/// UTF-16 units that a cell holds.
const LONGEST: usize = 32_767;

/// The text without the characters that XML cannot carry, cut to what a cell holds. What looks like a formula stays
/// as it is: it is written as a string, in the format of text.
pub(super) fn fitting(text: &str) -> Cow<'_, str> {
    let mut clean = if text.chars().all(is_allowed) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|c| is_allowed(*c)).collect())
    };
    // A character has at least one byte for each unit of UTF-16: mostly there is nothing to count.
    if clean.len() > LONGEST
        && let Some(end) = cut(&clean)
    {
        clean = Cow::Owned(format!("{}…", &clean[..end]));
    }
    clean
}

/// `Char` of XML 1.0.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Where a text that is too long has to end, so that an ellipsis still fits.
fn cut(text: &str) -> Option<usize> {
    let (mut units, mut end) = (0, 0);
    for (at, c) in text.char_indices() {
        if units < LONGEST {
            end = at;
        }
        units += c.len_utf16();
        if units > LONGEST {
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_carry_goes_and_all_else_stays() {
        for (typed, kept) in [
            ("Lucía 🦊 \u{202e}abc", "Lucía 🦊 \u{202e}abc"),
            ("=HYPERLINK(\"x\")", "=HYPERLINK(\"x\")"),
            ("\ttab\r\n", "\ttab\r\n"),
            ("a\0b\u{1f}c\u{b}\u{fffe}\u{ffff}d", "abcd"),
            ("", ""),
        ] {
            assert_eq!(fitting(typed), kept);
        }
    }

    #[test]
    fn what_is_too_long_ends_with_an_ellipsis() {
        let units = |text: &str| text.encode_utf16().count();
        let fits = "x".repeat(LONGEST);
        assert_eq!(fitting(&fits), fits);
        for long in ["x".repeat(40_000), "é".repeat(LONGEST + 1), "🦊".repeat(20_000)] {
            let cut = fitting(&long);
            assert!(cut.ends_with('…'));
            assert!(
                units(&cut) <= LONGEST && units(&cut) >= LONGEST - 1,
                "{}",
                units(&cut)
            );
        }
        // Many bytes and few units are not too long.
        let accents = "é".repeat(LONGEST - 1);
        assert_eq!(fitting(&accents), accents);
    }
}
