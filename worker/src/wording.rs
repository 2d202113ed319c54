//! What of an error is kept with a job: short, readable, and without secrets.

/// Characters kept: stores of files tell the cause behind an address, and that more than once.
const LONGEST: usize = 1000;
/// How the secrets of our gateways and of HTTP begin.
const SECRETS: [&str; 8] = [
    "sk_", "rk_", "whsec_", "APP_USR-", "TEST-", "pvk_", "pvs_", "Bearer",
];

/// Shortens an error's text, one line, and blacks out what looks like a secret.
pub(crate) fn short(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(LONGEST));
    let mut after_bearer = false;
    for word in text.split_whitespace() {
        if !kept.is_empty() {
            kept.push(' ');
        }
        let hidden = after_bearer || SECRETS.iter().any(|secret| word.contains(secret));
        after_bearer = word.ends_with("Bearer");
        kept.push_str(&if hidden {
            "[…]".into()
        } else {
            without_user(word)
        });
        if kept.len() > LONGEST * 4 {
            break;
        }
    }
    let printable = kept.chars().filter(|character| !character.is_control());
    printable.take(LONGEST).collect()
}

/// `scheme://user:password@host` without the middle.
fn without_user(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.to_owned();
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_no_secrets() {
        let cases = [
            ("plain words", "plain words"),
            ("key sk_live_1 refused", "key […] refused"),
            ("Authorization: Bearer abc no", "Authorization: […] […] no"),
            ("at postgres://u:p@db/x", "at postgres://db/x"),
            ("at https://db/x@y", "at https://db/x@y"),
            ("two\n lines\u{0}", "two lines"),
        ];
        for (text, kept) in cases {
            assert_eq!(short(text), kept);
        }
        assert_eq!(short(&"x".repeat(9000)).len(), LONGEST);
    }
}
