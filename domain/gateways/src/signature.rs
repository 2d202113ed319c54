//! Signatures of webhooks, as far as the gateways make them alike.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Whether one of the signatures (hexadecimal HMAC-SHA256) is of this text; in constant time for each.
pub(crate) fn is_signed(secret: &SecretString, parts: &[&[u8]], signatures: &[&str]) -> bool {
    let secret = secret.expose_secret().as_bytes();
    // Anybody can sign with an empty secret.
    if secret.is_empty() {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return false;
    };
    for part in parts {
        mac.update(part);
    }
    let matches = |hexadecimal: &&str| {
        hex::decode(hexadecimal).is_ok_and(|signature| mac.clone().verify_slice(&signature).is_ok())
    };
    signatures.iter().any(matches)
}

/// Whether it has the form of an HMAC-SHA256 in hexadecimal.
pub(crate) fn is_signature(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(crate) fn is_in_time(signed_at: DateTime<Utc>, now: DateTime<Utc>, tolerance: TimeDelta) -> bool {
    (now - signed_at).abs() <= tolerance
}

/// The `key=value` pairs of a signature header.
pub(crate) fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(',').filter_map(|it| it.trim().split_once('='))
}
