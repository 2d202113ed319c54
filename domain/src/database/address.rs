//! Where a PostgreSQL is, read from its address.

use anyhow::Context;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use url::Url;

use super::reach;

/// How many prepared statements a connection keeps, unless the address says it.
const STATEMENTS: usize = 500;

/// An address, and what it says beside the place.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub options: PgConnectOptions,
    /// The server's settings that the address gives (`options=-c name=value`), in its order.
    pub settings: Vec<(String, String)>,
    /// Whether statements may be prepared under a name and kept.
    pub keeps_statements: bool,
}

impl Address {
    pub fn read(text: &str) -> anyhow::Result<Self> {
        // What is wrong is said without the address: it has a password in it.
        let mut url = Url::parse(text).context("the database's address is none")?;
        let mut settings = Vec::new();
        let mut kept = Vec::new();
        let mut capacity = None;
        for (key, value) in url.query_pairs() {
            let name = key.strip_prefix("options[").and_then(|key| key.strip_suffix(']'));
            match (&*key, name) {
                (_, Some(name)) => settings.push((name.to_owned(), value.into_owned())),
                // What has another form is meant for somebody in between, and is passed on.
                ("options", _) if let Some(read) = switches(&value) => settings.extend(read),
                ("statement-cache-capacity", _) => {
                    let number = value.parse();
                    capacity = Some(number.context("statement-cache-capacity must be a number")?);
                }
                _ => kept.push((key.into_owned(), value.into_owned())),
            }
        }
        url.query_pairs_mut().clear().extend_pairs(&kept);
        if kept.is_empty() {
            url.set_query(None);
        }
        let capacity = capacity.unwrap_or(STATEMENTS);
        let options: PgConnectOptions = url.as_str().parse().context("the database's address")?;
        Ok(Self {
            options: reach::as_meant(options, text)
                .statement_cache_capacity(capacity)
                // Numbers come in binary; poolers refuse what they do not know.
                .extra_float_digits(None)
                .disable_statement_logging(),
            settings,
            keeps_statements: capacity > 0,
        })
    }
}

/// `-c name=value`, `-cname=value` and `--name=value`, as often as they come. None for anything else.
fn switches(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut words = words(text).into_iter();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--") {
            Some(long) => long.to_owned(),
            None => match word.strip_prefix("-c")? {
                "" => words.next()?,
                short => short.to_owned(),
            },
        };
        let (name, value) = setting.split_once('=')?;
        found.push((name.replace('-', "_"), value.to_owned()));
    }
    Some(found)
}

/// Words between white space; a backslash makes the next character one of the word.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let last = words.len() - 1;
        match character {
            '\\' => words[last].extend(characters.next()),
            blank if blank.is_whitespace() => words.push(String::new()),
            other => words[last].push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(query: &str) -> Vec<(String, String)> {
        let address = Address::read(&format!("postgres://me:secret@db.example/shop?{query}"));
        address.expect("an address").settings
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn the_address_gives_settings() {
        let cases = [
            ("", vec![]),
            ("options=-csearch_path%3Dshop", vec![pair("search_path", "shop")]),
            (
                "options=-c%20search_path%3Dshop%2Cpublic%20--statement-timeout%3D5s",
                vec![
                    pair("search_path", "shop,public"),
                    pair("statement_timeout", "5s"),
                ],
            ),
            (
                r"options=-c%20search_path%3Da%5C%20b",
                vec![pair("search_path", "a b")],
            ),
            ("options[lock_timeout]=7s", vec![pair("lock_timeout", "7s")]),
        ];
        for (query, expected) in cases {
            assert_eq!(settings(query), expected, "{query}");
        }
    }

    #[test]
    fn options_of_another_form_are_passed_on() {
        let address = Address::read("postgres://db.example/shop?options=endpoint%3Done").expect("an address");
        assert_eq!(address.options.get_options(), Some("endpoint=one"));
        assert_eq!(address.settings, []);
    }

    #[test]
    fn statements_are_kept_unless_the_address_says_otherwise() {
        let keeps = |text| Address::read(text).expect("an address").keeps_statements;
        assert!(keeps("postgres://db.example/shop"));
        assert!(keeps("postgres://db.example/shop?statement-cache-capacity=50"));
        assert!(!keeps("postgres://db.example/shop?statement-cache-capacity=0"));
    }

    #[test]
    fn a_wrong_address_is_refused_without_its_password() {
        for text in [
            "postgres://me:secret@db:x/shop",
            "postgres://me:secret@db/shop?statement-cache-capacity=all",
        ] {
            let error = Address::read(text).expect_err("no address");
            assert!(!format!("{error:#}").contains("secret"), "{error:#}");
        }
    }
}
