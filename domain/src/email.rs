//! E-mail addresses: as people write them, and in the one form in which they are compared.
//!
//! What is written stands in letters and lists. Who somebody is goes by the key: `J@Müller.example.` and
//! `j@xn--mller-kva.example` reach one mailbox, so they are one person.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{error::Refusal, message::Message};

/// RFC 5321, section 4.5.3.1, in bytes.
const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

/// An address that a mail can be sent to (RFC 5321 and 6531, without quoted local parts and address literals), as it
/// was written, without what a clipboard or a keyboard of another script has added.
pub fn check(field: &'static str, text: &str) -> Result<String, Refusal> {
    let refused = || Refusal::invalid(field, Message::key("invalid-email"));
    let too_long = || Refusal::invalid(field, Message::key("invalid-too-long").with("max", LONGEST));
    let written = tidy(text);
    if written.len() > LONGEST {
        return Err(too_long());
    }
    let (local, domain) = written.rsplit_once('@').ok_or_else(refused)?;
    let ascii = ascii_domain(domain).ok_or_else(refused)?;
    if local.len() + 1 + ascii.len() > LONGEST {
        return Err(too_long());
    }
    // Mail goes by the same rules as this, or it would never be sent.
    let can_be_sent_to = format!("{local}@{ascii}").parse::<lettre::Address>().is_ok();
    if !is_local_part(local) || !is_mail_domain(&ascii) || !can_be_sent_to {
        return Err(refused());
    }
    Ok(written)
}

/// The form in which addresses are compared, of any text: the domain as the DNS has it (UTS 46), the rest without case
/// and compatibility variants. What is stored follows it: a change to it is a migration (`m0018_identity`).
pub fn key(text: &str) -> String {
    let written = tidy(text);
    match written.rsplit_once('@') {
        Some((local, domain)) => {
            let domain = ascii_domain(domain).unwrap_or_else(|| folded(domain));
            format!("{}@{domain}", folded(local))
        }
        None => folded(&written),
    }
}

/// Under which somebody may be found: the key, and what was the key before addresses had one form. Whoever then had an
/// address that is somebody else's now still has that one.
pub fn keys(text: &str) -> [String; 2] {
    let former = text.trim().to_lowercase();
    [key(text), former.replace(char::is_control, "\u{fffd}")]
}

/// The address as mail servers take it: few of them know any but the ASCII form of a domain.
pub fn for_mail(address: &str) -> String {
    let sent_to = |(local, domain): (&str, &str)| Some(format!("{local}@{}", ascii_domain(domain)?));
    let parts = address.rsplit_once('@');
    parts.and_then(sent_to).unwrap_or_else(|| address.to_owned())
}

/// Without white space around it, invisible characters that come along from a text, full-width letters and signs, and
/// the dot of the root.
fn tidy(text: &str) -> String {
    let visible = text
        .chars()
        .filter(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}'))
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '\u{fe6b}' => '@',
            c => c,
        });
    let text: String = visible.nfc().collect();
    match text.trim().rsplit_once('@') {
        Some((local, domain)) => {
            let domain = domain.replace(['\u{3002}', '\u{ff61}'], ".");
            format!("{local}@{}", without_root(&domain))
        }
        None => text.trim().to_owned(),
    }
}

/// One dot at the end is the root's, two are a mistake.
fn without_root(domain: &str) -> &str {
    match domain.strip_suffix('.') {
        Some(rest) if !rest.ends_with('.') => rest,
        _ => domain,
    }
}

fn folded(text: &str) -> String {
    let lower = text.nfkc().collect::<String>().to_lowercase();
    lower
        .nfkc()
        .map(|c| match c {
            // No text of PostgreSQL has a NUL, and no address any of these.
            c if c.is_control() => '\u{fffd}',
            'ς' => 'σ',
            c => c,
        })
        .collect()
}

/// Lower case. None if it is no domain.
fn ascii_domain(domain: &str) -> Option<String> {
    let ascii = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    ascii.ok().map(std::borrow::Cow::into_owned)
}

/// Dots and the characters of an atom (RFC 5322), and letters of all scripts (RFC 6532).
fn is_local_part(local: &str) -> bool {
    let letter = |c: char| {
        if c.is_ascii() {
            c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
        } else {
            c.is_alphanumeric() || is_combining_mark(c) || is_pictograph(c)
        }
    };
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    !local.is_empty() && local.len() <= LONGEST_LOCAL && !dots && local.chars().all(letter)
}

fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}')
}

/// With a top level, which is no number.
fn is_mail_domain(ascii: &str) -> bool {
    let top = ascii.rsplit_once('.').map(|(_, top)| top);
    top.is_some_and(|top| !top.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_taken_only_if_a_mail_can_reach_them() {
        for (text, written) in [
            ("ana@example.com", "ana@example.com"),
            ("ana.maria+x@sub.example.co", "ana.maria+x@sub.example.co"),
            (" Ana@Example.COM\n", "Ana@Example.COM"),
            ("\u{a0}ana@example.com\u{3000}", "ana@example.com"),
            ("ana\u{200b}@example.com\u{feff}", "ana@example.com"),
            ("ana＠example．com", "ana@example.com"),
            ("ana@example。com", "ana@example.com"),
            ("ana@example.com.", "ana@example.com"),
            ("j@Müller.example", "j@Müller.example"),
            ("j@xn--mller-kva.example", "j@xn--mller-kva.example"),
            ("jose\u{301}@example.com", "josé@example.com"),
            ("o'neill/x@example.com", "o'neill/x@example.com"),
        ] {
            assert_eq!(check("email", text).as_deref(), Ok(written), "{text:?}");
        }
        let long = |local: usize, label: usize| {
            format!(
                "{}@{}.{}.{}.com",
                "l".repeat(local),
                "d".repeat(label),
                "e".repeat(61),
                "f".repeat(label)
            )
        };
        assert_eq!(long(64, 61).len(), 254);
        assert!(check("email", &long(64, 61)).is_ok());
        for bad in [
            "",
            "@",
            "ana",
            "ana@",
            "@example.com",
            "ana@example",
            "ana@bea@example.com",
            "\"ana\"@example.com",
            "a b@example.com",
            "ana@exam ple.com",
            "ana@[127.0.0.1]",
            "ana@127.0.0.1",
            ".ana@example.com",
            "ana.@example.com",
            "a..b@example.com",
            "ana@example..com",
            "ana@example.com..",
            "ana@-example.com",
            "ana@exa_mple.com",
            "ana@xn--a.example",
            "ana@example.com\r\nBcc: x@y.z",
            "a\u{0}na@example.com",
            "\u{202e}ana@example.com",
            "ana@exam\u{202e}ple.com",
            "ana\u{2028}x@example.com",
            "Ana <ana@example.com>",
            "ana@example.com,bea@example.com",
            &long(65, 50),
            &long(64, 62),
            &format!("ana@{}.com", "x".repeat(64)),
        ] {
            let refusal = check("email", bad).expect_err(bad);
            assert_eq!(refusal.field, ["email"], "{bad:?}");
        }
    }

    #[test]
    fn one_mailbox_has_one_key() {
        for (key_of_all, writings) in [
            (
                "j@xn--mller-kva.example",
                [
                    "j@müller.example",
                    "J@MÜLLER.Example",
                    "j@mu\u{308}ller.example",
                    "j@XN--MLLER-KVA.example.",
                    " j＠müller。example ",
                ],
            ),
            (
                "josé@example.com",
                [
                    "josé@example.com",
                    "JOSÉ@example.com",
                    "jose\u{301}@example.com",
                    "ｊｏｓé@example.com",
                    "jo\u{ad}sé@EXAMPLE.com",
                ],
            ),
            (
                "σίσυφοσ@xn--mxavci7d.example",
                [
                    "σίσυφος@όνομα.example",
                    "ΣΊΣΥΦΟΣ@ΌΝΟΜΑ.example",
                    "σίσυφοσ@όνομα.EXAMPLE",
                    "σίσυφος@όνομα。example",
                    "σίσυφος@όνομα.example.",
                ],
            ),
        ] {
            for writing in writings {
                assert_eq!(key(writing), key_of_all, "{writing:?}");
            }
        }
        // Two mailboxes stay two.
        assert_ne!(key("ana@example.com"), key("ana@example.org"));
        assert_ne!(key("ana.x@example.com"), key("anax@example.com"));
        assert_ne!(key("j@straße.example"), key("j@strasse.example"));
        for nonsense in ["", "@", "nobody", "a\u{0}b@x", "ana@xn--a.example", "a@b@c"] {
            assert!(!key(nonsense).contains('\u{0}'), "{nonsense:?}");
        }
    }

    #[test]
    fn mail_goes_to_the_domain_that_the_dns_has() {
        for (written, sent_to) in [
            ("J@Müller.example", "J@xn--mller-kva.example"),
            ("ana@example.com", "ana@example.com"),
            ("nobody", "nobody"),
        ] {
            assert_eq!(for_mail(written), sent_to);
        }
    }

    proptest! {
        /// What is stored is found again: by itself, and by what was written.
        #[test]
        fn a_key_is_its_own_key(text in "\\PC{0,20}@\\PC{0,20}", any in "\\PC*") {
            for text in [text, any] {
                if let Ok(written) = check("email", &text) {
                    prop_assert_eq!(key(&written), key(&text));
                    prop_assert_eq!(key(&key(&text)), key(&text));
                    prop_assert_eq!(check("email", &written), Ok(written.clone()));
                    prop_assert!(check("email", &key(&written)).is_ok());
                }
            }
        }
    }
}
