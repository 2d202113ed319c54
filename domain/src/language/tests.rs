//! The three languages say the same things.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::*;

/// Keys (with `.generic`) and the variables that each uses.
type Catalogue = BTreeMap<String, BTreeSet<String>>;

fn catalogue(language: &str) -> Catalogue {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("locales")
        .join(language);
    let mut catalogue = Catalogue::new();
    for file in fs::read_dir(folder).expect("a folder per language") {
        let source = fs::read_to_string(file.expect("a file").path()).expect("text");
        let mut message = String::new();
        let mut key = String::new();
        for line in source
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            if let Some(name) = line
                .trim_start()
                .strip_prefix('.')
                .filter(|_| line.starts_with("    "))
            {
                key = format!("{message}.{}", name.split(' ').next().expect("a name"));
                catalogue.insert(key.clone(), BTreeSet::new());
            } else if !line.starts_with(' ') {
                line.split(' ').next().expect("a key").clone_into(&mut message);
                key.clone_from(&message);
                let twice = catalogue.insert(key.clone(), BTreeSet::new());
                assert!(twice.is_none(), "{language}: {key} is there twice");
            }
            let variables = line.split('$').skip(1);
            let names =
                variables.map(|rest| rest.split([' ', '}', '-']).next().unwrap_or_default().to_owned());
            catalogue
                .get_mut(&key)
                .expect("a message has begun")
                .extend(names);
        }
    }
    catalogue
}

#[test]
fn every_message_is_in_every_language_with_the_same_variables() {
    let english = catalogue("en");
    assert!(english.len() > 100);
    assert_eq!(english, catalogue("es"));
    assert_eq!(english, catalogue("pt"));
}

#[test]
fn every_message_can_be_shown() {
    for (key, variables) in catalogue("en").into_iter().filter(|(key, _)| !key.contains('.')) {
        for number in [0, 1, 2, 30] {
            let values: Vec<_> = variables
                .iter()
                .map(|name| (name.as_str(), Value::from(number)))
                .collect();
            for &locale in Locale::ALL {
                let told = text(locale, &key, &values);
                assert!(
                    told != key && !told.contains(['{', '\u{2068}']) && !told.ends_with(' '),
                    "{key}: {told}"
                );
            }
        }
    }
    assert_eq!(text(Locale::Es, "no-such-key", &[]), "no-such-key");
}

#[test]
fn what_the_caller_does_not_know_is_left_out() {
    for (key, generic) in catalogue("en")
        .into_iter()
        .filter(|(key, _)| key.ends_with(".generic"))
    {
        let message = key.trim_end_matches(".generic");
        let values: Vec<_> = generic
            .iter()
            .map(|name| (name.as_str(), Value::from("x")))
            .collect();
        for &locale in Locale::ALL {
            assert_eq!(text(locale, message, &values), text(locale, &key, &values));
            assert_ne!(text(locale, message, &values), message);
        }
    }
}

#[test]
fn stored_words_choose_their_wording() {
    let told = text(
        Locale::Es,
        "error-refund-kind-not-supported",
        &[("kind", "PREPAID".into())],
    );
    assert!(told.starts_with("Las compras prepagadas"), "{told}");
    let told = text(
        Locale::Pt,
        "error-refund-purchase-not-active",
        &[("status", "CANCELED".into()), ("days", 30.into())],
    );
    assert!(told.ends_with("durante 30 dias."), "{told}");
    let told = text(Locale::En, "error-rate-limited", &[("seconds", 1.into())]);
    assert!(told.ends_with("in one second."), "{told}");
}

#[test]
fn every_refusal_of_the_contract_has_words() {
    for code in [
        "INVALID",
        "NOT_FOUND",
        "CONFLICT",
        "RATE_LIMITED",
        "CREDENTIALS_INVALID",
        "TOKEN_INVALID",
        "IMPERSONATION_NOT_ALLOWED",
        "NOT_ALLOWED_WHILE_IMPERSONATING",
        "MODULE_DISABLED",
        "REFUND_KIND_NOT_SUPPORTED",
        "REFUND_GATEWAY_NOT_SUPPORTED",
        "REFUND_PURCHASE_NOT_ACTIVE",
        "REFUND_ALREADY_REQUESTED",
        "REFUND_NOTE_REQUIRED",
        "REFUND_AMOUNT_EXCEEDS_PAID",
        "REFUND_POLICY_OVERRIDE_REQUIRED",
        "ENTITLEMENT_ALREADY_ACTIVE",
        "ENTITLEMENT_LIFETIME",
        "ENTITLEMENT_NOT_ACTIVE",
        "ENTITLEMENT_EXPIRY_NOT_LATER",
        "PRODUCT_INACTIVE",
        "INVOICE_NOT_DRAFT",
        "INVOICE_NOT_PAYABLE",
        "GATEWAY_NOT_CONFIGURED",
        "CREDIT_LIMIT_EXCEEDED",
        "TICKET_CLOSED",
        "EXPORT_EMPTY",
        "JOB_NOT_RETRYABLE",
    ] {
        let key = format!("error-{}", code.to_lowercase().replace('_', "-"));
        for &locale in Locale::ALL {
            // Without a single variable: a caller that knows only the code has words too.
            assert_ne!(text(locale, &key, &[]), key);
        }
    }
}
