//! Guessing ends, and keeps nobody out who comes from somewhere else.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    client::Payload,
    stage::{ADMIN, PASSWORD, Stage},
};

/// A try that comes from this address, behind the proxy.
async fn from(stage: &Stage, address: &str, email: &str, password: &str) -> Payload {
    let request = json!({
        "query": "mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code message field } } }",
        "variables": { "input": { "email": email, "password": password } },
    });
    let client = stage.anonymous();
    let post = client
        .http()
        .post(format!("{}/graphql", stage.url))
        .json(&request);
    let answer = post.header("x-forwarded-for", address).send().await;
    let answer: Value = answer.expect("an answer").json().await.expect("JSON");
    Payload(answer["data"]["signIn"].clone())
}

async fn guesses(stage: &Stage, addresses: impl IntoIterator<Item = String>, email: &str) {
    for address in addresses {
        let wrong = from(stage, &address, email, "a guess").await;
        assert_eq!(wrong.refusals(), ["CREDENTIALS_INVALID"], "{address}");
    }
}

#[tokio::test]
async fn guessing_somewhere_locks_nobody_out_elsewhere() {
    let stage = Stage::new().await;
    guesses(&stage, (0..10).map(|_| "203.0.113.7".to_owned()), ADMIN).await;
    let there = from(&stage, "203.0.113.7", ADMIN, PASSWORD).await;
    assert_eq!(there.refusals(), ["RATE_LIMITED"]);
    from(&stage, "198.51.100.1", ADMIN, PASSWORD).await.accepted();
    let there = from(&stage, "203.0.113.7", ADMIN, PASSWORD).await;
    assert_eq!(
        there.refusals(),
        ["RATE_LIMITED"],
        "nor does that help whoever guesses"
    );
    stage.end().await;
}

/// Nobody learns from it who has an account.
#[tokio::test]
async fn guessing_an_unknown_address_ends_alike() {
    let stage = Stage::new().await;
    for (email, address) in [(ADMIN, "203.0.113.7"), ("nobody@aurora.test", "203.0.113.8")] {
        guesses(&stage, (0..10).map(|_| address.to_owned()), email).await;
        let refused = from(&stage, address, email, "a guess").await;
        assert_eq!(refused.refusals(), ["RATE_LIMITED"], "{email}");
        assert!(
            refused.0["userErrors"][0]["message"]
                .as_str()
                .is_some_and(|it| it.contains("300")),
            "{:#}",
            refused.0
        );
    }
    stage.end().await;
}

/// Whoever has one address of IPv6 has 2^64 of them; an address of IPv4 stays one, however it is written.
#[tokio::test]
async fn a_network_is_one_sender() {
    let stage = Stage::new().await;
    for (tried, refused, free) in [
        (
            (0..10)
                .map(|n| format!("2001:db8:1:2::{n:x}"))
                .collect::<Vec<_>>(),
            "2001:db8:1:2:ffff::1",
            "2001:db8:1:3::1",
        ),
        (
            (0..10)
                .map(|n| ["192.0.2.1", "::ffff:192.0.2.1", "64:ff9b::192.0.2.1"][n % 3].to_owned())
                .collect(),
            "[2002:c000:201::1]:443",
            "64:ff9b::192.0.2.2",
        ),
    ] {
        guesses(&stage, tried, ADMIN).await;
        let here = from(&stage, refused, ADMIN, PASSWORD).await;
        assert_eq!(here.refusals(), ["RATE_LIMITED"], "{refused}");
        from(&stage, free, ADMIN, PASSWORD).await.accepted();
    }
    guesses(&stage, ["2001:db8:9:9::1".to_owned()], "one@aurora.test").await;
    stage
        .sql("UPDATE rate_limits SET used = 100 WHERE key LIKE 'sign-in-from:2001:db8:9:9%'")
        .await;
    let other = from(&stage, "2001:db8:9:9::2", "other@aurora.test", "x").await;
    assert_eq!(other.refusals(), ["RATE_LIMITED"], "whoever is guessed");
    let log = stage
        .admin
        .ask("{ auditLog(first: 1) { nodes { ipAddress } } }", json!({}))
        .await;
    let address = &log.data()["auditLog"]["nodes"][0]["ipAddress"];
    assert_eq!(
        address, "64:ff9b::c000:202",
        "the address of whoever was let in is kept whole"
    );
    stage.end().await;
}

/// Two hundred tries in an hour from everywhere together, and the way in that stays.
#[tokio::test]
async fn guessing_from_many_networks_ends_and_the_known_one_stays_open() {
    let stage = Stage::new().await;
    from(&stage, "2001:db8:5:5::1", ADMIN, PASSWORD).await.accepted();
    for email in [ADMIN, "nobody@aurora.test"] {
        guesses(&stage, ["203.0.113.7".to_owned()], email).await;
    }
    stage
        .sql("UPDATE rate_limits SET used = 198 WHERE key LIKE 'sign-in-anywhere:%'")
        .await;
    // One of two: what fits is no guess.
    guesses(&stage, ["198.51.100.1".to_owned()], ADMIN).await;
    from(&stage, "198.51.100.2", ADMIN, PASSWORD).await.accepted();
    guesses(&stage, ["198.51.100.3".to_owned()], ADMIN).await;
    guesses(
        &stage,
        ["198.51.100.3", "198.51.100.4"].map(str::to_owned),
        "nobody@aurora.test",
    )
    .await;
    for email in [ADMIN, "nobody@aurora.test"] {
        let refused = from(&stage, "198.51.100.5", email, PASSWORD).await;
        assert_eq!(refused.refusals(), ["RATE_LIMITED"], "{email}");
        assert!(
            refused.0["userErrors"][0]["message"]
                .as_str()
                .is_some_and(|it| it.contains("3600")),
            "{:#}",
            refused.0
        );
    }
    let stranger = from(&stage, "2001:db8:5:5::2", "nobody@aurora.test", PASSWORD).await;
    assert_eq!(
        stranger.refusals(),
        ["RATE_LIMITED"],
        "it is known for one address only"
    );
    from(&stage, "2001:db8:5:5::2", ADMIN, PASSWORD).await.accepted();
    for _ in 0..10 {
        from(&stage, "2001:db8:5:5::3", ADMIN, "a guess").await;
    }
    let refused = from(&stage, "2001:db8:5:5::4", ADMIN, PASSWORD).await;
    assert_eq!(refused.refusals(), ["RATE_LIMITED"], "guessing ends there, too");
    stage.pass(TimeDelta::hours(1));
    from(&stage, "198.51.100.5", ADMIN, PASSWORD).await.accepted();
    stage.end().await;
}
