//! Reads a document's tokens without recursion, to count them and their brackets before the
//! recursive parser may see it. What it takes for a string or a comment, the parser does too; what
//! is ambiguous, such as a string without an end, is refused here.

use async_graphql::Pos;

/// What a document consists of, before it has any meaning.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Census {
    pub tokens: usize,
    pub directives: usize,
    /// The most brackets of any kind that are open at once.
    pub brackets: usize,
}

/// A string that does not end, and where it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unterminated(pub Pos);

pub(crate) fn census(text: &str) -> Result<Census, Unterminated> {
    let bytes = text.as_bytes();
    let (mut at, mut open, mut census) = (0, 0_usize, Census::default());
    while let Some(&byte) = bytes.get(at) {
        let len = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += bytes[at..]
                    .iter()
                    .take_while(|b| !matches!(b, b'\n' | b'\r'))
                    .count();
                continue;
            }
            0xEF if bytes[at..].starts_with("\u{feff}".as_bytes()) => {
                at += 3;
                continue;
            }
            b'"' => string(&bytes[at..]).ok_or_else(|| Unterminated(position(text, at)))?,
            b'(' | b'[' | b'{' => {
                open += 1;
                census.brackets = census.brackets.max(open);
                1
            }
            b')' | b']' | b'}' => {
                open = open.saturating_sub(1);
                1
            }
            b'@' => {
                census.directives += 1;
                1
            }
            b'.' if bytes[at..].starts_with(b"...") => 3,
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => name(&bytes[at..]),
            b'-' | b'0'..=b'9' => number(&bytes[at..]),
            _ => 1,
        };
        census.tokens += 1;
        at += len;
    }
    Ok(census)
}

fn name(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .count()
}

fn number(bytes: &[u8]) -> usize {
    let mut len = 1;
    while let Some(&byte) = bytes.get(len) {
        let digit_follows = bytes.get(len + 1).is_some_and(u8::is_ascii_digit);
        let goes_on = match byte {
            b'0'..=b'9' => true,
            b'.' | b'e' | b'E' => {
                digit_follows || (byte != b'.' && matches!(bytes.get(len + 1), Some(b'+' | b'-')))
            }
            b'+' | b'-' => matches!(bytes[len - 1], b'e' | b'E') && digit_follows,
            _ => false,
        };
        if !goes_on {
            break;
        }
        len += 1;
    }
    len
}

/// The length of the string that begins here, with its quotes.
fn string(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\"\"\"") {
        return block_string(bytes);
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            b'\n' | b'\r' => return None,
            _ => at += 1,
        }
    }
}

fn block_string(bytes: &[u8]) -> Option<usize> {
    let mut at = 3;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"\"\"\"") {
            return Some(at + 3);
        }
        at += if rest.starts_with(b"\\\"\"\"") { 4 } else { 1 };
    }
    None
}

fn position(text: &str, at: usize) -> Pos {
    let before = &text.as_bytes()[..at];
    let line_start = before
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |newline| newline + 1);
    Pos {
        line: before.split(|b| *b == b'\n').count(),
        column: String::from_utf8_lossy(&before[line_start..]).chars().count() + 1,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Pos, parser::parse_query};

    use super::{Census, Unterminated, census};

    #[test]
    fn counts_tokens_directives_and_brackets() {
        let cases = [
            ("", (0, 0, 0)),
            ("{ a }", (3, 0, 1)),
            ("{ a(b: [1, -2.5e+3, \"x\"]) }", (12, 0, 3)),
            (
                "query Q($a: [Int!]! = 1) @x { ...F b: c @skip(if: $a) }",
                (31, 2, 2),
            ),
            ("# { { { \"\n{ a } # (((", (3, 0, 1)),
            (r#"{ a(b: "{{{ \" [[[ # ") }"#, (8, 0, 2)),
            ("{ a(b: \"\"\" {{{ \" \\\"\"\" ((( \n # \"\"\") }", (8, 0, 2)),
            ("{ a(b: \"\"\"\"\"\") }", (8, 0, 2)),
            ("\u{feff}{ a }", (3, 0, 1)),
            ("{ é }", (4, 0, 1)),
        ];
        for (text, (tokens, directives, brackets)) in cases {
            assert_eq!(
                census(text),
                Ok(Census {
                    tokens,
                    directives,
                    brackets
                }),
                "{text}"
            );
        }
    }

    #[test]
    fn a_string_without_an_end_is_refused_where_the_parser_refuses_it() {
        for (text, line, column) in [
            ("{ a(b: \"x) }", 1, 8),
            ("{\n a(b: \"x\n\") }", 2, 7),
            ("{ a(b: \"\"\" x\") }", 1, 8),
            ("{ a(b: \"\\\") }", 1, 8),
        ] {
            assert_eq!(census(text), Err(Unterminated(Pos { line, column })), "{text}");
            assert!(parse_query(text).is_err(), "{text}");
        }
    }
}
