//! Nonsense for every setting there is: a new one fails here until it has its row.

use super::{NAMES, Settings, Source};

/// What each setting must refuse. None: there is no row yet. An empty row is for texts that may be anything.
fn refused(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "POSTVENTA_BIND" => &[
            "8080",
            "localhost",
            "127.0.0.1",
            "127.0.0.1:99999",
            "http://127.0.0.1:80",
            "[::1]",
        ],
        "POSTVENTA_DATA_DIR" | "POSTVENTA_CONFIG" | "SMTP_USER" | "SMTP_PASSWORD" => &[],
        "POSTVENTA_FILES" => &["ftp://x", "s3://", "s3:/bucket", "s3://bucket?x=y", "s3://a//b"],
        "POSTVENTA_S3_ENDPOINT" | "STRIPE_API_BASE" | "MERCADO_PAGO_API_BASE" => {
            &["x", "ftp://x", "http://", "//x", "https://a b", "-1"]
        }
        "POSTVENTA_S3_REGION" => &["eu west 1", "eu/west", "*"],
        "POSTVENTA_S3_ACCESS_KEY_ID" | "POSTVENTA_S3_SECRET_ACCESS_KEY" => &["a b", "schlüssel", "“key”"],
        "POSTVENTA_PUBLIC_URL" => &[
            "shop.example",
            "ftp://shop.example",
            "https://",
            "https://shop.example?x",
            "https://u:p@shop.example",
            "https://shop.example/a b",
            "https://shop.example/webhooks",
        ],
        "POSTVENTA_SECRET_KEY" => &["secret", "0", "-1", "zz", "07070707"],
        "POSTVENTA_INTROSPECTION" => &["maybe", "2", "-1", "onn"],
        "POSTVENTA_ALLOWED_ORIGINS" => &[
            "*",
            "null",
            "shop.example",
            "https://*.shop.example",
            "https://shop.example/path",
            "https://",
            "https://a.example,*",
            "https://a.example https://b.example",
        ],
        "POSTVENTA_MAX_CONNECTIONS" => &["0", "15", "-1", "1.5", "many", "1000001", "99999999999999999999"],
        "POSTVENTA_MAX_CONNECTIONS_PER_ADDRESS" => &["0", "-1", "many", "1000001"],
        "POSTVENTA_TRUSTED_PROXIES" => &["proxy", "10.0.0.0/33", "10.0.0.1:80", "*", "10.0.0.1 10.0.0.2"],
        "POSTVENTA_DB_CONNECTIONS" => &["0", "1", "201", "-1", "eight", "8.0"],
        "POSTVENTA_DB_POOLING" => &["yes", "0", "-1"],
        "POSTVENTA_EXTRA_CA_FILE" => &["/nowhere/at/all.pem", "/"],
        "POSTVENTA_LOG" => &["verbose", "info,=,", "info,sea_orm=loud", "0x"],
        "POSTVENTA_LOG_FORMAT" => &["xml", "JSON lines", "0"],
        "POSTVENTA_WORKER_CONCURRENCY" => &[
            "32",
            "refunds",
            "refunds=many",
            "refunds=0",
            "refunds=-1",
            "refunds=1001",
            "coffee=1",
            "refunds=1=2",
        ],
        "POSTGRES_URL" | "DATABASE_URL" => &["localhost", "mysql://x/y", "//x", "postgres"],
        "REDIS_URL" => &[
            "localhost:6379",
            "http://x",
            "redis",
            "redis://",
            "redis://x/text",
        ],
        "SMTP_HOST" => &["http://mail.test", "mail.test:25", "a b", "a/b", "a@b", "[::1"],
        "SMTP_PORT" => &["0", "-1", "65536", "smtp", "25.0"],
        "SUPPORT_EMAIL_FROM" => &[
            "support",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "Shop <a@b.test>",
            "a@b c",
            "a@b,c@d",
        ],
        "STRIPE_API_KEY"
        | "STRIPE_WEBHOOK_SECRET"
        | "MERCADO_PAGO_ACCESS_TOKEN"
        | "MERCADO_PAGO_WEBHOOK_SECRET"
        | "PAYPAL_CLIENT_ID"
        | "PAYPAL_CLIENT_SECRET" => &["a b", "sk_live_…"],
        "GATEWAY_TIMEOUT_SECONDS" => &["0", "51", "-1", "20s", "1.5"],
        _ => return None,
    })
}

/// Values that are nonsense for most of them.
const ANYTHING: [&str; 28] = [
    "",
    " ",
    "-1",
    "0",
    "1",
    "99999999999999999999",
    "*",
    "null",
    ",",
    "=",
    ",,=,=",
    "/",
    "//",
    "://",
    "https://",
    "http://[",
    "ftp://x",
    "s3://",
    "postgres://",
    "redis://",
    "sqlite:",
    "[::1]",
    "%00",
    "\"",
    "'",
    "💥",
    "ａｂｃ",
    "a b",
];

fn read(name: &str, value: &str) -> Result<Settings, String> {
    let source = Source::of([(name.to_owned(), value.to_owned())]);
    Settings::from(&source).map_err(|error| {
        assert!(super::is_about_a_setting(&error), "exit code 2: {error:#}");
        format!("{error:#}")
    })
}

/// The sentence that refuses it.
fn sentence(name: &str, value: &str) -> String {
    let said = read(name, value)
        .err()
        .unwrap_or_else(|| panic!("{name} takes {value:?}"));
    assert!(said.contains(name), "{name} {value:?}: {said}");
    assert!(
        said.len() < 300 && !said.contains(char::is_control),
        "{name} {value:?}: {said}"
    );
    said
}

#[test]
fn every_setting_refuses_its_nonsense() {
    for (name, _) in NAMES {
        let row = refused(name).unwrap_or_else(|| {
            panic!("{name} is new: say in api/src/settings/nonsense.rs which values it must refuse")
        });
        for value in row {
            sentence(name, value);
        }
    }
}

#[test]
fn nothing_makes_a_setting_panic() {
    for (name, _) in NAMES {
        for value in ANYTHING {
            if read(name, value).is_err() {
                sentence(name, value);
            }
        }
        assert!(read(name, "  ").is_ok(), "{name}: nothing is no value");
    }
}

#[test]
fn no_setting_takes_control_characters_or_whole_books() {
    for (name, _) in NAMES {
        for value in [
            "hunter2\0",
            "hunter2\u{1}x",
            "hunter2\nx",
            "hunter2\u{7f}x",
            "hunter2\u{85}x",
        ] {
            // At the end a line break is what `$(cat secret)` or an editor has left.
            let said = sentence(name, &format!("{value}x"));
            assert!(!said.contains("hunter2"), "{said}");
        }
        sentence(name, &"x".repeat(20_000));
    }
}

/// They are taken as they are meant, and never left out without a word.
#[test]
fn origins_are_read_as_browsers_write_them() {
    let list = "https://App.example/, http://localhost:5173,,capacitor://localhost";
    let settings = read("POSTVENTA_ALLOWED_ORIGINS", list).expect("origins");
    let origins: Vec<&str> = settings
        .allowed_origins
        .iter()
        .map(transport::Origin::as_str)
        .collect();
    assert_eq!(
        origins,
        [
            "https://app.example",
            "http://localhost:5173",
            "capacitor://localhost"
        ]
    );
}

#[test]
fn an_error_is_about_the_setting_that_it_begins_with() {
    for (said, expected) in [
        ("POSTVENTA_BIND 127.0.0.1:80", true),
        ("POSTGRES_URL (or DATABASE_URL) is needed", true),
        ("POSTVENTA_BINDING is no setting", false),
        ("the database does not answer", false),
    ] {
        assert_eq!(
            super::is_about_a_setting(&anyhow::anyhow!(said)),
            expected,
            "{said}"
        );
    }
}
