//! S3.1: one address may belong to staff of several teams.

use domain::{
    identity::staff,
    teams::{self, NewTeam},
};
use entities::{Currency, Locale, TeamId, UserRole};
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{ADMIN, Stage, text},
};

const EMAIL: &str = "everywhere@group.test";
const SHARED: &str = "one password for all";

async fn sign_in(client: &Client, more: Value) -> Payload {
    let mut input = json!({ "email": EMAIL, "password": SHARED });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    client
        .mutate(
            "signIn",
            "SignInInput",
            input,
            "accessToken viewer { team { id } } teams { id name }",
        )
        .await
}

async fn team(stage: &Stage, name: &str, password: &str) -> TeamId {
    let new = NewTeam {
        name: name.into(),
        default_locale: Locale::En,
        time_zone: "Europe/Madrid".into(),
        currency: Currency::EUR,
        support_address: String::new(),
    };
    let team = teams::create(&stage.app, new).await.expect("a team").id;
    staff::create_admin(&stage.app, team, EMAIL, &password.to_owned().into(), Locale::En)
        .await
        .expect("an administrator");
    team
}

/// Nobody learns of teams who does not have their password.
#[tokio::test]
async fn whoever_is_in_many_teams_names_theirs() {
    let stage = Stage::new().await;
    let mut teams = Vec::new();
    for name in ["Norte", "Sur", "Este", "Oeste", "Centro", "Isla"] {
        teams.push((name, team(&stage, name, SHARED).await));
    }
    let own = team(&stage, "Costa", "a password of its own").await;
    let anonymous = stage.anonymous();

    let ambiguous = sign_in(&anonymous, json!({})).await;
    assert_eq!(ambiguous.refusals(), ["TEAM_REQUIRED team"]);
    assert_eq!(
        (&ambiguous.0["accessToken"], &ambiguous.0["viewer"]),
        (&json!(null), &json!(null))
    );
    let mut named: Vec<_> = ambiguous.0["teams"]
        .as_array()
        .expect("teams")
        .iter()
        .map(|it| (text(&it["id"]), text(&it["name"])))
        .collect();
    named.sort();
    let mut expected: Vec<_> = teams
        .iter()
        .map(|(name, id)| (id.to_string(), (*name).to_owned()))
        .collect();
    expected.sort();
    assert_eq!(named, expected, "those of this password");

    for (_, id) in &teams {
        let opened = sign_in(&anonymous, json!({ "team": id.to_string() }))
            .await
            .accepted();
        assert_eq!(opened["viewer"]["team"]["id"], id.to_string());
        assert_eq!(opened["teams"], json!([]));
    }
    let opened = sign_in(&anonymous, json!({ "password": "a password of its own" })).await;
    assert_eq!(opened.accepted()["viewer"]["team"]["id"], own.to_string());

    let wrong = sign_in(&anonymous, json!({ "password": "not the password" })).await;
    assert_eq!(wrong.refusals(), ["CREDENTIALS_INVALID"]);
    assert_eq!(wrong.0["teams"], json!([]));
    for (case, more) in [
        (
            "a team that they are not in",
            json!({ "team": stage.team.to_string() }),
        ),
        (
            "a team that is not there",
            json!({ "team": "team_01h455vb4pex5vsknk084sn02q" }),
        ),
        (
            "one whose password is another",
            json!({ "team": own.to_string() }),
        ),
        ("nobody", json!({ "email": "nobody@group.test" })),
    ] {
        assert_eq!(sign_in(&anonymous, more).await.0, wrong.0, "{case}");
    }
    let malformed = sign_in(&anonymous, json!({ "team": "Norte" })).await;
    assert_eq!(malformed.refusals(), ["INVALID team"]);
    stage.end().await;
}

/// Who is in more teams than a password is tried in names theirs, wherever it stands.
#[tokio::test]
async fn a_named_team_is_found_among_any_number() {
    let stage = Stage::new().await;
    let mut teams = Vec::new();
    for n in 0..12 {
        teams.push(team(&stage, &format!("Team {n}"), &format!("password number {n}")).await);
    }
    for n in [0, 11] {
        let input = json!({ "password": format!("password number {n}"), "team": teams[n].to_string() });
        let opened = sign_in(&stage.anonymous(), input).await.accepted();
        assert_eq!(opened["viewer"]["team"]["id"], teams[n].to_string());
    }
    stage.end().await;
}

/// A team can be named by who is in one only, too.
#[tokio::test]
async fn naming_the_only_team_changes_nothing() {
    let stage = Stage::new().await;
    stage.staff("agent@aurora.test", UserRole::Agent).await;
    let input = json!({ "email": ADMIN, "password": tests::stage::PASSWORD, "team": stage.team.to_string() });
    sign_in(&stage.anonymous(), input).await.accepted();
    stage.end().await;
}
