//! Every field, called as everybody: whoever may gets it, whoever may not learns nothing.

mod lists;
mod rules;
mod world;

use std::collections::BTreeSet;

use entities::{EventTopic, TeamId};
use serde_json::Value;
use tests::{
    client::{Answer, Client},
    dump::{changes, dump},
    sdl::{self, Kind},
    stage::text,
};

use tokio::time::timeout;

use rules::{CALLERS, Caller, Entry, Row, Verdict, entries, followed, payloads, types};
use world::World;

/// How long a stream is listened to before something happens again.
const SOON: std::time::Duration = std::time::Duration::from_millis(50);
const SCHEMA: &str = include_str!("../../../schema.graphql");

/// A field without a rule fails, and so does a rule without a field.
#[test]
fn every_field_has_a_rule() {
    let schema = sdl::read(SCHEMA);
    let mut fields = BTreeSet::new();
    for (name, definition) in schema.iter().filter(|(_, it)| it.kind == Kind::Object) {
        fields.extend(definition.fields.keys().map(|field| format!("{name}.{field}")));
    }
    let mut ruled: BTreeSet<String> = (entries().into_iter().chain(followed()))
        .map(|entry| entry.name.to_owned())
        .collect();
    let of = |name: &str, fields: &str| -> Vec<String> {
        fields
            .split_whitespace()
            .map(|field| format!("{name}.{field}"))
            .collect()
    };
    for rule in types() {
        ruled.extend(of(rule.name, rule.fields));
        ruled.extend(
            rule.others
                .iter()
                .map(|(field, ..)| format!("{}.{field}", rule.name)),
        );
    }
    ruled.extend(payloads().flat_map(|(name, fields)| of(name, fields)));
    let without: Vec<_> = fields.difference(&ruled).collect();
    let stale: Vec<_> = ruled.difference(&fields).collect();
    assert!(
        without.is_empty() && stale.is_empty(),
        "without a rule: {without:?}, without a field: {stale:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_entry_answers_each_caller_as_its_rule_says() {
    let mut world = World::new().await;
    let mut wrong = Vec::new();
    // Whoever may not comes first, so that nothing has changed when they are refused.
    for entry in entries() {
        let (mut refused, mut served): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
        for (caller, verdict) in CALLERS.into_iter().zip(entry.row) {
            if matches!(verdict, Verdict::Y | Verdict::O) {
                &mut served
            } else {
                &mut refused
            }
            .push((caller, verdict));
        }
        let before = dump(&world.stage.app.db).await;
        for (caller, verdict) in refused {
            wrong.extend(call(&mut world, entry, caller, verdict).await);
        }
        let changed = changes(&before, &dump(&world.stage.app.db).await);
        if !changed.is_empty() {
            wrong.push(format!(
                "{}: was refused and has changed {changed:#?}",
                entry.name
            ));
        }
        for (caller, verdict) in served {
            wrong.extend(call(&mut world, entry, caller, verdict).await);
        }
        if entry.name == "Mutation.impersonationStop" {
            world.forget();
        }
    }
    world.stage.run_jobs().await;
    assert!(
        wrong.is_empty(),
        "{} answers differ from their rules:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    world.stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_answers_each_caller_as_its_rule_says() {
    let schema = sdl::read(SCHEMA);
    let mut world = World::new().await;
    let mut wrong = Vec::new();
    for rule in types() {
        let same = rule
            .fields
            .split_whitespace()
            .map(|field| (field, rule.row, rule.scopes, rule.scopes));
        let fields: Vec<(&str, Row, &[&str], &[&str])> = (rule.others.iter())
            .map(|(field, row, scopes)| (*field, *row, *scopes, *scopes))
            .chain(same)
            .collect();
        for (field, row, scopes, missing) in fields {
            let composite = schema.get(schema[rule.name].fields[field].named_type());
            let leaf = composite.is_none_or(|it| matches!(it.kind, Kind::Scalar | Kind::Enum));
            let selection = if leaf {
                field.to_owned()
            } else {
                format!("{field} {{ __typename }}")
            };
            let ask = rule.path.replace("FIELD", &selection);
            // A key must get to the object before it can be told about the field.
            let with: Vec<&'static str> = rule.scopes.iter().chain(scopes).copied().collect();
            let without: Vec<&'static str> = match (rule.scopes, row) {
                (all, _) if missing != all => missing.to_vec(),
                ([_, last], row) if row[7] == Verdict::F => vec![*last],
                (all, _) => all.to_vec(),
            };
            for (caller, verdict) in CALLERS.into_iter().zip(row) {
                let client = world.client(caller, &with, &without).await;
                let name = format!("{}.{field} as {caller:?}", rule.name);
                let strict = row.contains(&Verdict::N) && rule.name != "Viewer";
                wrong.extend(
                    check(&world, &client, &ask, verdict, strict)
                        .await
                        .map(|why| format!("{name}: {why}")),
                );
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} answers differ from their rules:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    world.stage.end().await;
}

async fn call(world: &mut World, entry: &Entry, caller: Caller, verdict: Verdict) -> Option<String> {
    let client = if ["Mutation.signOut", "Mutation.impersonationStop"].contains(&entry.name) {
        world.fresh(caller, &["users.read"]).await
    } else {
        world.client(caller, entry.scopes, entry.scopes).await
    };
    let wrong = check(world, &client, entry.ask, verdict, false).await;
    wrong.map(|why| format!("{} as {caller:?}: {why}", entry.name))
}

/// Why the answer is not as the verdict has it, if it is not.
async fn check(
    world: &World,
    client: &Client,
    document: &str,
    verdict: Verdict,
    strict: bool,
) -> Option<String> {
    let answer = client.ask(&world.real(document), Value::Null).await;
    let text = answer.body.to_string();
    let errors = answer.body.get("errors").is_some();
    let good = match verdict {
        Verdict::Y if strict => !errors && !has_null(&answer.body["data"]),
        Verdict::Y => !errors && !first(&answer).is_null(),
        Verdict::O => !errors && !first(&answer).is_null() && world.shows(&text).is_none(),
        Verdict::N => !errors && has_null(&answer.body["data"]),
        Verdict::U => errors && answer.code() == "UNAUTHENTICATED",
        Verdict::F => errors && answer.code() == "FORBIDDEN" && world.shows(&text).is_none(),
        Verdict::R(code) => !errors && first(&answer)["userErrors"][0]["code"] == code,
        Verdict::M => {
            let missing = client.ask(&world.missing(document), Value::Null).await;
            !errors
                && world.shows(&text).is_none()
                && (answer.status, &answer.body) == (missing.status, &missing.body)
        }
    };
    (!good).then(|| format!("not {verdict:?}: {text}"))
}

/// The answer of the first field.
fn first(answer: &Answer) -> Value {
    let fields = answer.body["data"].as_object();
    fields
        .and_then(|fields| fields.values().next())
        .cloned()
        .unwrap_or_default()
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

/// The same for what is followed live: an error ends the stream, an event is let through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_subscription_answers_each_caller_as_its_rule_says() {
    let mut world = World::new().await;
    let mut wrong = Vec::new();
    for entry in followed() {
        for (caller, verdict) in CALLERS.into_iter().zip(entry.row) {
            let client = world.client(caller, entry.scopes, entry.scopes).await;
            if verdict == Verdict::O {
                let heard = follow_own(&world, &client, &world.real(entry.ask)).await;
                wrong.extend(heard.map(|said| format!("{} as {caller:?} hears {said}", entry.name)));
                continue;
            }
            let said = follow(&world, &client, &world.real(entry.ask)).await;
            let good = match verdict {
                Verdict::Y => said.contains("\"data\"") && !said.contains("\"errors\""),
                Verdict::U => said.contains("UNAUTHENTICATED"),
                Verdict::F => said.contains("FORBIDDEN"),
                _ => {
                    said == follow(&world, &client, &world.missing(entry.ask)).await
                        && said.contains("NOT_FOUND")
                }
            };
            if !good {
                wrong.push(format!("{} as {caller:?}, not {verdict:?}: {said}", entry.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.stage.end().await;
}

/// The first thing that a subscription says while refunds and batches go on.
async fn follow(world: &World, client: &Client, document: &str) -> String {
    let mut stream = client.follow(document).await;
    loop {
        // Whoever follows from now on needs something that happens afterwards.
        touch(world).await;
        if let Ok(said) = timeout(SOON, stream.next_message()).await {
            return said;
        }
    }
}

/// What another team's administrator hears that is not of their own team, if anything.
async fn follow_own(world: &World, client: &Client, document: &str) -> Option<String> {
    let query = "{ viewer { team { id } } }";
    let team = client.ask(query, Value::Null).await.data()["viewer"]["team"]["id"].clone();
    let team = text(&team).parse().expect("an id");
    let mut stream = client.follow(document).await;
    let first = loop {
        publish(world, team, "<of their own>", "<of their own>").await;
        if let Ok(said) = timeout(SOON, stream.next_message()).await {
            break said;
        }
    };
    // The stream is open: ours would come before what happens in their own team afterwards.
    touch(world).await;
    publish(world, team, "<the last>", "<the last>").await;
    let mut said = first;
    while said.contains("<of their own>") {
        said = stream.next_message().await;
    }
    (!said.contains("<the last>")).then_some(said)
}

/// Something happens to what is ours.
async fn touch(world: &World) {
    let (refund, batch) = (world.real("<refund>"), world.real("<batch>"));
    publish(world, world.stage.team, &refund, &batch).await;
}

async fn publish(world: &World, team: TeamId, refund: &str, batch: &str) {
    let mut tx = world
        .stage
        .app
        .begin_as_system(team)
        .await
        .expect("a transaction");
    for (topic, subject) in [
        (EventTopic::RefundUpdated, refund),
        (EventTopic::EntitlementBatchUpdated, batch),
    ] {
        tx.publish(topic, subject, serde_json::json!({}));
    }
    tx.commit().await.expect("a commit");
}
