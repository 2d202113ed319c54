//! Who may come in: staff by password, integrations by key, and nobody with what was revoked.

mod api_keys;
mod families;
mod migrated;
mod passwords;
mod revoked;
mod secrecy;
mod signing_in;
mod sockets;
mod teams;
mod tries;

use serde_json::json;
use tests::client::{Client, Payload};

/// A try to sign in.
async fn sign_in(client: &Client, email: &str, password: &str) -> Payload {
    let input = json!({ "email": email, "password": password });
    client
        .mutate(
            "signIn",
            "SignInInput",
            input,
            "accessToken expiresAt viewer { user { companyEmail } team { name } }",
        )
        .await
}

/// Whether this caller is let in now.
async fn is_in(client: &Client) -> bool {
    let answer = client.ask("{ viewer { team { id } } }", json!({})).await;
    if answer.body.get("errors").is_none() {
        return answer.body["data"]["viewer"].is_object();
    }
    assert_eq!((answer.status, answer.code().as_str()), (401, "UNAUTHENTICATED"));
    false
}
