//! What must not be kept or written down: tokens, secrets, passwords.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tests::{
    dump::{dump, holding},
    stage::{ADMIN, PASSWORD, Stage, text},
};
use tracing_subscriber::fmt::MakeWriter;

use super::sign_in;

const NEW: &str = "sesame-of-the-new-year";
const STRIPE: &str = "sk_live_never-to-be-seen";

/// All that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic while held").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// One thread runs the whole story: everything that happens in it is heard.
#[tokio::test]
async fn no_token_secret_or_password_is_stored_or_logged() {
    let log = Log::default();
    let listening = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(listening);
    let stage = Stage::new().await;
    let signed_in = sign_in(&stage.anonymous(), ADMIN, PASSWORD).await.accepted();
    sign_in(&stage.anonymous(), ADMIN, "hunter2-hunter2").await;
    let input = json!({ "name": "x", "scopes": ["users.read"] });
    let key = stage
        .admin
        .mutate("apiKeyCreate", "ApiKeyCreateInput", input, "secret")
        .await
        .accepted();
    let input = json!({ "stripeSecretKey": STRIPE });
    stage
        .admin
        .mutate(
            "teamSettingsUpdate",
            "TeamSettingsUpdateInput",
            input,
            "team { id }",
        )
        .await
        .accepted();
    let input = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    stage
        .admin
        .mutate("passwordSet", "PasswordSetInput", input, "")
        .await
        .accepted();
    // A fault, too, is logged without what was sent.
    stage.sql("ALTER TABLE rate_limits RENAME TO gone").await;
    let failed = stage
        .anonymous()
        .try_mutate(
            "signIn",
            "SignInInput",
            json!({ "email": ADMIN, "password": NEW }),
            "accessToken",
        )
        .await;
    assert_eq!(failed.code(), "INTERNAL_SERVER_ERROR");
    stage.sql("ALTER TABLE gone RENAME TO rate_limits").await;
    drop(guard);

    let stored = dump(&stage.app.db).await;
    let logged = String::from_utf8_lossy(&log.0.lock().expect("no panic while held")).into_owned();
    assert!(logged.contains("a resolver failed"), "the log was heard");
    let (token, secret) = (text(&signed_in["accessToken"]), text(&key["secret"]));
    for word in [token.as_str(), &secret, PASSWORD, NEW, STRIPE, "hunter2-hunter2"] {
        assert_eq!(holding(&stored, word), Vec::<String>::new(), "{word} is stored");
        assert!(!logged.contains(word), "{word} is logged");
        let random = word.split_once('_').map_or(word, |(_, random)| random);
        assert!(
            holding(&stored, random).is_empty() && !logged.contains(random),
            "without its prefix, too"
        );
    }
    assert!(
        stored["passwords"].iter().all(|row| row.contains("$argon2id$")),
        "{:?}",
        stored["passwords"]
    );
    assert!(stored["passwords"].len() == 1 && stored["audit_entries"].len() > 3);
    stage.end().await;
}

#[tokio::test]
async fn the_audit_log_is_asked_with_ids() {
    let stage = Stage::new().await;
    let query =
        "query($s: ID, $a: ID) { auditLog(subjectId: $s, actorId: $a) { nodes { action } totalCount } }";
    let admin = stage.user_with(ADMIN).await.id.to_string();
    let own = stage.admin.ask(query, json!({ "s": admin })).await.data();
    assert_eq!(own["auditLog"]["nodes"][0]["action"], "session.opened");
    let none = stage
        .admin
        .ask(query, json!({ "a": "user_01h455vb4pex5vsknk084sn02q" }))
        .await
        .data();
    assert_eq!(none["auditLog"]["totalCount"], 0);
    for wrong in [
        json!({ "s": "a\u{0}b" }),
        json!({ "s": "" }),
        json!({ "a": "team_01h455vb4pex5vsknk084sn02q" }),
    ] {
        assert_eq!(
            stage.admin.ask(query, wrong.clone()).await.code(),
            "INVALID",
            "{wrong}"
        );
    }
    stage.end().await;
}
