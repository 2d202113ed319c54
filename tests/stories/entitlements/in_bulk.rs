//! S4.10–S4.26 for many at once: what `entitlementGrant` and `entitlementRevoke` do for one, with a result for each.

use domain::{
    database::Sql,
    entitlements::batches,
    jobs::{ClaimedJob, Ending, Handled, Queue, Work, store},
    operations,
    users::{self, NewUser},
};
use entities::{EntitlementBatchId, JobId, UserSegment, WorkerId};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{ADMIN, AGENT, Sale, Stage, text},
};
use uuid::Uuid;

use super::{grant, history};
use crate::refunds::request;

const BATCH: &str =
    "batch { id action status total done succeeded refused failed requestedBy { companyEmail } finishedAt }";

async fn ask(by: &Client, field: &str, product: &str, more: Value) -> Payload {
    let mut input = json!({ "productId": product });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    let kind = format!("{}Input", field.replacen('e', "E", 1));
    by.mutate(field, &kind, input, BATCH).await
}

async fn grant_many(by: &Client, product: &str, more: Value) -> Payload {
    ask(by, "entitlementsGrant", product, more).await
}

async fn revoke_many(by: &Client, product: &str, more: Value) -> Payload {
    ask(by, "entitlementsRevoke", product, more).await
}

async fn cancel(by: &Client, batch: &str) -> Payload {
    let input = json!({ "batchId": batch });
    by.mutate(
        "entitlementBatchCancel",
        "EntitlementBatchCancelInput",
        input,
        BATCH,
    )
    .await
}

fn id(payload: &Payload) -> String {
    text(&payload.accepted()["batch"]["id"])
}

/// The batch as it is now: status, total, done, succeeded, refused, failed.
async fn look(stage: &Stage, batch: &str) -> (String, [i64; 5]) {
    let query = "query($id: ID!) { node(id: $id) { ... on EntitlementBatch { status total done succeeded refused failed } } }";
    let seen = stage.admin.ask(query, json!({ "id": batch })).await.data()["node"].clone();
    let counts = ["total", "done", "succeeded", "refused", "failed"];
    (
        text(&seen["status"]),
        counts.map(|name| seen[name].as_i64().expect("a number")),
    )
}

async fn outcomes(stage: &Stage, batch: &str) -> Vec<Value> {
    let query = "query($id: ID!) { node(id: $id) { ... on EntitlementBatch { results(first: 100) { totalCount nodes { \
                 user { companyEmail } outcome entitlement { status } code message } } } } }";
    let seen = stage.admin.ask(query, json!({ "id": batch })).await.data();
    seen["node"]["results"]["nodes"]
        .as_array()
        .expect("results")
        .clone()
}

/// So many customers, in one commit.
async fn crowd(stage: &Stage, count: usize) -> Vec<String> {
    let mut tx = stage
        .app
        .begin_as_system(stage.team)
        .await
        .expect("a transaction");
    let mut ids = Vec::new();
    for n in 0..count {
        let new = NewUser {
            segment: UserSegment::Customer,
            first_name: "One".into(),
            last_name: format!("Of {count}"),
            company_email: format!("{n}@crowd.test"),
            ..NewUser::default()
        };
        let id = users::insert_or_find(&stage.app, &mut tx, new)
            .await
            .expect("a person");
        ids.push(id.to_string());
    }
    tx.commit().await.expect("a commit");
    ids
}

/// Takes up the jobs that are due, as a worker does that then may die.
async fn claim(stage: &Stage) -> Vec<ClaimedJob> {
    let (worker, now) = (WorkerId(Uuid::from_u128(7)), stage.app.clock.now());
    let jobs = store::claim(&stage.app.db, Queue::Maintenance, worker, 10, now).await;
    jobs.expect("jobs")
}

/// Runs a claimed job to its end and writes that down.
async fn work(stage: &Stage, job: &ClaimedJob) {
    let Work::ChangeAccess { batch } = job.payload.work else {
        panic!("{:?}", job.payload.work)
    };
    assert!(matches!(handled(stage, job, batch).await, Ok(Ending::Done)));
    let held = [(job.id, job.fence)];
    let finished = store::finish(&stage.app.db, &held, stage.app.clock.now()).await;
    finished.expect("an end");
}

async fn handled(stage: &Stage, job: &ClaimedJob, batch: EntitlementBatchId) -> Handled {
    batches::run(&stage.app, job, batch).await
}

/// Waits until so many are done.
async fn until_done(stage: &Stage, batch: &str, count: i64) {
    let id: EntitlementBatchId = batch.parse().expect("an id");
    loop {
        let sql = "SELECT done FROM entitlement_batches WHERE id = $1";
        let row = stage
            .app
            .db
            .connection()
            .row(sql, vec![id.into()])
            .await
            .expect("a row");
        let done: i64 = row.expect("a batch").try_get_by_index(0).expect("a number");
        if done >= count {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Lets the leases of dead workers run out, and hands their jobs back.
async fn worker_dies(stage: &Stage, job: JobId) {
    let sql = "UPDATE jobs SET lease_expires_at = created_at WHERE id = $1";
    let sql = sql.replace("created_at", "'2020-01-01T00:00:00+00:00'");
    stage
        .app
        .db
        .execute(&sql, vec![job.into()])
        .await
        .expect("a lease");
    assert_eq!(
        store::sweep(&stage.app.db, stage.app.clock.now())
            .await
            .expect("a sweep")
            .len(),
        1
    );
}

/// S4.10, S4.11, S4.14, S4.21, S4.25.
#[tokio::test]
async fn many_are_granted_and_revoked_and_each_has_a_result() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let agent = stage.agent().await;
    grant(&stage.admin, &eva, &book, json!({})).await.accepted();
    let both = json!({ "userIds": [eva, ana, ana], "expiresAt": "2026-04-01T00:00:00.000Z", "note": "an apology", "notifyCustomer": true });
    let asked = grant_many(&agent, &book, both).await.accepted()["batch"].clone();
    assert_eq!(asked["status"], "REQUESTED");
    assert_eq!(
        (&asked["total"], &asked["requestedBy"]["companyEmail"]),
        (&json!(2), &json!(AGENT))
    );
    assert!(!stage.may_use(&ana, &book).await, "a worker does it");
    stage.run_jobs().await;
    let batch = text(&asked["id"]);
    assert_eq!(look(&stage, &batch).await, ("SUCCEEDED".into(), [2, 2, 1, 1, 0]));
    let results = outcomes(&stage, &batch).await;
    let of = |email: &str| {
        results
            .iter()
            .find(|it| it["user"]["companyEmail"] == email)
            .expect("a result")
    };
    let (granted, refused) = (of("ana@shop.test"), of("eva@shop.test"));
    assert_eq!(
        (&granted["outcome"], &granted["code"]),
        (&json!("GRANTED"), &json!(null))
    );
    assert_eq!(granted["entitlement"]["status"], "ACTIVE");
    assert_eq!(
        (&refused["outcome"], &refused["code"]),
        (&json!("REFUSED"), &json!("ENTITLEMENT_ALREADY_ACTIVE"))
    );
    assert!(
        text(&refused["message"]).contains("already"),
        "in the viewer's language"
    );
    assert_eq!(
        refused["entitlement"]["status"], "ACTIVE",
        "what stood in the way"
    );
    assert_eq!(history(&stage, &ana).await, [("GRANTED".to_owned(), true)]);
    assert_eq!(
        stage.mails().await.len(),
        1,
        "whoever was refused is told nothing"
    );

    let lea = stage.customer("lea@shop.test").await;
    let all = json!({ "userIds": [ana, eva, lea], "reason": "the edition is withdrawn" });
    let batch = id(&revoke_many(&agent, &book, all).await);
    stage.run_jobs().await;
    assert_eq!(look(&stage, &batch).await, ("SUCCEEDED".into(), [3, 3, 2, 1, 0]));
    assert!(!stage.may_use(&ana, &book).await && !stage.may_use(&eva, &book).await);
    let results = outcomes(&stage, &batch).await;
    let never = results
        .iter()
        .find(|it| it["user"]["companyEmail"] == "lea@shop.test")
        .expect("a result");
    assert_eq!(
        (&never["outcome"], &never["code"]),
        (&json!("REFUSED"), &json!("ENTITLEMENT_NOT_ACTIVE"))
    );
    let by_agent = "{ entitlementBatches { totalCount nodes { action } } auditLog(first: 100) { nodes { action actor { companyEmail } } } }";
    let seen = stage.admin.ask(by_agent, json!({})).await.data();
    assert_eq!(
        seen["entitlementBatches"],
        json!({ "totalCount": 2, "nodes": [{ "action": "REVOKE" }, { "action": "GRANT" }] })
    );
    let entries = seen["auditLog"]["nodes"].as_array().expect("entries").clone();
    let changes = entries
        .iter()
        .filter(|it| it["action"] == "entitlement.changed" && it["actor"]["companyEmail"] == AGENT);
    assert_eq!(
        changes.count(),
        3,
        "each change by itself, as the act of whoever asked"
    );
    stage.end().await;
}

/// Whom a filter means, and that forgetting it means nobody.
#[tokio::test]
async fn a_filter_means_whom_it_matches_and_everybody_has_to_be_said() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let batch = id(&grant_many(&stage.admin, &book, json!({ "filter": { "search": "ANA@SHOP" } })).await);
    stage.run_jobs().await;
    assert_eq!(look(&stage, &batch).await.1, [1, 1, 1, 0, 0]);
    assert!(stage.may_use(&ana, &book).await && !stage.may_use(&eva, &book).await);
    for (more, expected) in [
        (json!({ "filter": {} }), "INVALID filter"),
        (json!({ "filter": { "search": "  " } }), "INVALID filter"),
        (
            json!({ "filter": { "search": "nobody of this name" } }),
            "INVALID filter",
        ),
        (json!({}), "INVALID filter"),
        (json!({ "everybody": true, "userIds": [ana] }), "INVALID filter"),
        (
            json!({ "filter": { "search": "ana" }, "userIds": [ana] }),
            "INVALID filter",
        ),
    ] {
        assert_eq!(
            grant_many(&stage.admin, &book, more.clone()).await.refusals(),
            [expected],
            "{more}"
        );
        assert_eq!(
            revoke_many(&stage.admin, &book, more.clone()).await.refusals(),
            [expected],
            "{more}"
        );
    }
    let asked = grant_many(&stage.admin, &book, json!({ "everybody": true })).await;
    stage.pass(chrono::TimeDelta::seconds(1));
    let late = stage.customer("late@shop.test").await;
    stage.run_jobs().await;
    assert_eq!(
        look(&stage, &id(&asked)).await.1,
        [3, 3, 2, 1, 0],
        "two customers and the administrator"
    );
    assert!(!stage.may_use(&late, &book).await, "who came later is not meant");
    stage.end().await;
}

/// S4.12, and what else cannot be asked; after a refusal nothing is begun.
#[tokio::test]
async fn what_cannot_be_asked_is_refused_as_a_whole() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let ana = stage.customer("ana@shop.test").await;
    let other = stage.other_team().await;
    let theirs =
        other.ask("{ viewer { user { id } } }", json!({})).await.data()["viewer"]["user"]["id"].clone();
    let many: Vec<&str> = vec![&ana; 1001];
    for (more, expected) in [
        (
            json!({ "userIds": [ana], "productId": "product_01h455vb4pex5vsknk084sn02q" }),
            "NOT_FOUND productId",
        ),
        (
            json!({ "userIds": [ana], "productId": "nonsense" }),
            "INVALID productId",
        ),
        (
            json!({ "userIds": [ana, "user_01h455vb4pex5vsknk084sn02q"] }),
            "NOT_FOUND userIds",
        ),
        (json!({ "userIds": [ana, theirs] }), "NOT_FOUND userIds"),
        (json!({ "userIds": [ana, book] }), "INVALID userIds"),
        (json!({ "userIds": [] }), "INVALID userIds"),
        (json!({ "userIds": many }), "INVALID userIds"),
        (
            json!({ "userIds": [ana], "expiresAt": "2026-03-01T00:00:00.000Z" }),
            "INVALID expiresAt",
        ),
        (
            json!({ "userIds": [ana], "startsAt": "2026-05-01T00:00:00.000Z", "expiresAt": "2026-04-01T00:00:00.000Z" }),
            "INVALID expiresAt",
        ),
        (
            json!({ "userIds": [ana], "note": "x".repeat(2001) }),
            "INVALID note",
        ),
    ] {
        assert_eq!(
            grant_many(&stage.admin, &book, more.clone()).await.refusals(),
            [expected],
            "{more}"
        );
    }
    let named = json!({ "userIds": [ana] });
    assert_eq!(
        grant_many(&other, &book, named.clone()).await.refusals(),
        ["NOT_FOUND productId", "NOT_FOUND userIds"]
    );
    let key = stage.integration(&["commerce.entitlements.write"]).await;
    let input = json!({ "productId": book, "everybody": true });
    let blind = key
        .try_mutate("entitlementsGrant", "EntitlementsGrantInput", input, BATCH)
        .await;
    assert_eq!(
        blind.code(),
        "FORBIDDEN",
        "whoever means people by what they are must see them"
    );

    let keyed = json!({ "userIds": [ana], "idempotencyKey": "once" });
    let first = id(&grant_many(&stage.admin, &book, keyed.clone()).await);
    assert_eq!(
        id(&grant_many(&stage.admin, &book, keyed).await),
        first,
        "the same batch"
    );
    let another = json!({ "userIds": [ana], "note": "else", "idempotencyKey": "once" });
    assert_eq!(
        grant_many(&stage.admin, &book, another).await.refusals(),
        ["CONFLICT idempotencyKey"]
    );
    stage.run_jobs().await;
    let off = json!({ "externalId": "product-Rayuela", "name": "Rayuela", "active": false });
    stage
        .admin
        .mutate("productRecord", "ProductRecordInput", off, "product { id }")
        .await
        .accepted();
    assert_eq!(
        grant_many(&stage.admin, &book, named.clone()).await.refusals(),
        ["PRODUCT_INACTIVE productId"]
    );
    let revoked = id(&revoke_many(&stage.admin, &book, named).await);
    stage.run_jobs().await;
    assert_eq!(
        look(&stage, &revoked).await.1,
        [1, 1, 1, 0, 0],
        "what is inactive can be taken"
    );
    stage.end().await;
}

/// DESIGN, section 4: work of a killed worker is taken up again, and nobody is done twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_in_the_middle_loses_nothing_and_does_nothing_twice() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    crowd(&stage, 400).await;
    let filter = json!({ "filter": { "segment": "CUSTOMER" } });
    let batch = id(&grant_many(&stage.admin, &book, filter).await);
    let job = claim(&stage).await.remove(0);
    let id: EntitlementBatchId = batch.parse().expect("an id");
    tokio::select! {
        _ = handled(&stage, &job, id) => panic!("it was not killed"),
        () = until_done(&stage, &batch, 50) => {}
    }
    let (status, [total, done, ..]) = look(&stage, &batch).await;
    assert!(
        status == "RUNNING" && (50..400).contains(&done),
        "{status} {done} of {total}"
    );
    worker_dies(&stage, job.id).await;
    let again = claim(&stage).await.remove(0);
    // The first worker was only slow, and comes back: it may not go on with what another one has.
    assert!(matches!(handled(&stage, &job, id).await, Ok(Ending::Done)));
    assert_eq!(
        look(&stage, &batch).await.1[1],
        done,
        "by the one who has lost the job, nobody is done"
    );
    work(&stage, &again).await;
    assert_eq!(
        look(&stage, &batch).await,
        ("SUCCEEDED".into(), [400, 400, 400, 0, 0])
    );
    let events = "SELECT count(*) FROM entitlement_events WHERE action = 'GRANTED'";
    let row = stage
        .app
        .db
        .connection()
        .row(events, vec![])
        .await
        .expect("a row")
        .expect("a count");
    assert_eq!(
        row.try_get_by_index::<i64>(0).expect("a number"),
        400,
        "each of them once"
    );
    stage.run_jobs().await;
    stage.end().await;
}

/// S4.23: two batches, single changes and a refund of the same people, all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_at_once_ends_and_nobody_is_granted_twice() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let people = crowd(&stage, 120).await;
    let bought = stage.sell(&Sale::of(&people[60], &book, 1)).await;
    let filter = json!({ "filter": { "segment": "CUSTOMER" } });
    let reversed: Vec<&String> = people.iter().rev().collect();
    let first = id(&grant_many(&stage.admin, &book, filter.clone()).await);
    let second = id(&grant_many(&stage.admin, &book, json!({ "userIds": reversed })).await);
    let jobs = claim(&stage).await;
    let singles = people
        .iter()
        .step_by(10)
        .map(|user| grant(&stage.admin, user, &book, json!({})));
    let (_, singles, refunded) = futures::join!(
        futures::future::join_all(jobs.iter().map(|job| work(&stage, job))),
        futures::future::join_all(singles),
        request(&stage, &bought, json!({})),
    );
    refunded.accepted();
    let by_hand = singles.iter().filter(|it| it.refusals().is_empty()).count();
    let (one, two) = (look(&stage, &first).await, look(&stage, &second).await);
    assert_eq!((one.0.as_str(), one.1[1], one.1[4]), ("SUCCEEDED", 120, 0));
    assert_eq!((two.0.as_str(), two.1[1], two.1[4]), ("SUCCEEDED", 120, 0));
    let granted = one.1[2] + two.1[2] + i64::try_from(by_hand).expect("a number");
    // The one who had bought it may have been met before the refund or after it.
    assert!((119..=120).contains(&granted), "{granted}");
    let opposite = (
        revoke_many(&stage.admin, &book, filter.clone()).await,
        grant_many(&stage.admin, &book, filter).await,
    );
    let jobs = claim(&stage).await;
    futures::future::join_all(jobs.iter().map(|job| work(&stage, job))).await;
    for batch in [id(&opposite.0), id(&opposite.1)] {
        assert_eq!(look(&stage, &batch).await.0, "SUCCEEDED");
    }
    stage.until_quiet().await;
    stage.end().await;
}

/// What was done stays done, the rest is left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_canceled_stops_between_two_stretches() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    crowd(&stage, 400).await;
    let filter = json!({ "filter": { "segment": "CUSTOMER" } });
    let batch = id(&grant_many(&stage.admin, &book, filter.clone()).await);
    let job = claim(&stage).await.remove(0);
    let stop = async {
        until_done(&stage, &batch, 50).await;
        cancel(&stage.admin, &batch).await
    };
    let ((), canceled) = futures::join!(work(&stage, &job), stop);
    let told = canceled.accepted()["batch"].clone();
    let (status, [_, done, succeeded, ..]) = look(&stage, &batch).await;
    assert_eq!(
        (status.as_str(), json!(done)),
        ("CANCELED", told["done"].clone()),
        "after the answer nothing more is done"
    );
    assert!((50..400).contains(&done) && done == succeeded, "{done}");
    assert_eq!(
        cancel(&stage.admin, &batch).await.refusals(),
        ["CONFLICT batchId"]
    );

    let unborn = id(&revoke_many(&stage.admin, &book, filter).await);
    cancel(&stage.agent().await, &unborn).await.accepted();
    stage.run_jobs().await;
    assert_eq!(
        look(&stage, &unborn).await,
        ("CANCELED".into(), [400, 0, 0, 0, 0])
    );
    let other = stage.other_team().await;
    assert_eq!(cancel(&other, &unborn).await.refusals(), ["NOT_FOUND batchId"]);
    let query = "query($id: ID!) { node(id: $id) { id } entitlementBatches { totalCount } }";
    let seen = other.ask(query, json!({ "id": unborn })).await.data();
    assert_eq!(
        seen,
        json!({ "node": null, "entitlementBatches": { "totalCount": 0 } })
    );
    stage.end().await;
}

/// A fault that one user brings about stops nobody else, and is said.
#[tokio::test]
async fn one_user_who_cannot_be_done_fails_alone() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let people = crowd(&stage, 60).await;
    let unlucky: entities::UserId = people[20].parse().expect("an id");
    let hex = unlucky.0.simple().to_string();
    let plant = match stage.app.db.dialect() {
        domain::database::Dialect::Sqlite => vec![format!(
            "CREATE TRIGGER planted BEFORE INSERT ON entitlements WHEN NEW.user_id = x'{hex}' BEGIN SELECT RAISE(ABORT, 'planted'); END"
        )],
        domain::database::Dialect::Postgres => vec![
            "CREATE FUNCTION planted() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'planted'; END $$ LANGUAGE plpgsql".into(),
            format!(
                "CREATE TRIGGER planted BEFORE INSERT ON entitlements FOR EACH ROW WHEN (NEW.user_id = '{}') EXECUTE FUNCTION planted()",
                unlucky.0
            ),
        ],
    };
    for sql in plant {
        stage
            .app
            .db
            .connection()
            .execute_unprepared(&sql)
            .await
            .expect("a trigger");
    }
    let batch = id(&grant_many(
        &stage.admin,
        &book,
        json!({ "filter": { "search": "crowd.test" } }),
    )
    .await);
    stage.run_jobs().await;
    assert_eq!(
        look(&stage, &batch).await,
        ("SUCCEEDED".into(), [60, 60, 59, 0, 1])
    );
    let failed = outcomes(&stage, &batch)
        .await
        .into_iter()
        .filter(|it| it["outcome"] == "FAILED");
    let failed: Vec<Value> = failed.collect();
    assert_eq!(
        (failed.len(), &failed[0]["user"]["companyEmail"]),
        (1, &json!("20@crowd.test"))
    );
    assert!(!text(&failed[0]["message"]).is_empty());
    stage.end().await;
}

/// Progress is told while it goes on, not for each of them; what came of it is told at once.
#[tokio::test]
async fn progress_can_be_followed() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    crowd(&stage, 120).await;
    let batch = id(&grant_many(
        &stage.admin,
        &book,
        json!({ "filter": { "segment": "CUSTOMER" } }),
    )
    .await);
    let document =
        format!("subscription {{ entitlementBatchUpdated(batchId: \"{batch}\") {{ status total done }} }}");
    let mut live = tests::live::Live::stream(&stage.admin, &document, json!({})).await;
    stage.pass(chrono::TimeDelta::seconds(2));
    stage.run_jobs().await;
    let mut last = Value::Null;
    while last["status"] != "SUCCEEDED" {
        let said = live.next().await;
        last = said["data"]["entitlementBatchUpdated"].clone();
        assert!(!last.is_null(), "{said}");
    }
    assert_eq!(last, json!({ "status": "SUCCEEDED", "total": 120, "done": 120 }));
    let events =
        "{ events(first: 100, topics: [ENTITLEMENT_BATCH_UPDATED]) { nodes { subject { id } data } } }";
    let events = stage.admin.ask(events, json!({})).await.data()["events"]["nodes"].clone();
    let told: Vec<&Value> = events
        .as_array()
        .expect("events")
        .iter()
        .map(|it| &it["data"]["done"])
        .collect();
    assert_eq!(
        told,
        [&json!(0), &json!(50), &json!(120)],
        "the clock stands still after the first stretch"
    );
    assert_eq!(events[2]["subject"]["id"], json!(batch));
    stage.end().await;
}

/// A long batch gives its seat to others after a thousand people, and goes on.
#[tokio::test]
async fn a_long_batch_lets_others_have_their_turn() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    crowd(&stage, 1030).await;
    let batch = id(&revoke_many(
        &stage.admin,
        &book,
        json!({ "filter": { "segment": "CUSTOMER" } }),
    )
    .await);
    let turns = stage.run_jobs().await;
    let done: Vec<bool> = turns
        .iter()
        .map(|turn| turn.verdict == worker::Verdict::Done)
        .collect();
    assert_eq!(done, [false, true], "{turns:#?}");
    assert_eq!(
        look(&stage, &batch).await,
        ("SUCCEEDED".into(), [1030, 1030, 0, 1030, 0])
    );
    stage.end().await;
}

/// A batch is never stuck: a lost job is made again, and one that is parked again and again is given up.
#[tokio::test]
async fn a_batch_without_a_job_is_taken_up_again_or_given_up() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let people = crowd(&stage, 3).await;
    let lost = id(&grant_many(&stage.admin, &book, json!({ "userIds": people })).await);
    stage
        .app
        .db
        .execute("DELETE FROM jobs", vec![])
        .await
        .expect("a loss");
    let after_a_while = async || {
        stage.pass(chrono::TimeDelta::minutes(2));
        operations::maintain(&stage.app).await.expect("a round");
    };
    after_a_while().await;
    stage.run_jobs().await;
    assert_eq!(look(&stage, &lost).await, ("SUCCEEDED".into(), [3, 3, 3, 0, 0]));

    let cursed = id(&revoke_many(&stage.admin, &book, json!({ "userIds": people })).await);
    for _ in 0..3 {
        assert_eq!(look(&stage, &cursed).await.0, "REQUESTED");
        for job in claim(&stage).await {
            let bury = store::bury(
                &stage.app.db,
                (job.id, job.fence),
                "planted",
                stage.app.clock.now(),
            );
            bury.await.expect("a parked job");
        }
        after_a_while().await;
    }
    assert_eq!(look(&stage, &cursed).await.0, "FAILED");
    assert!(
        stage.may_use(&people[0], &book).await,
        "what was not done was not done"
    );
    stage.run_jobs().await;
    stage.end().await;
}

/// S0.6: the administrator stands beside the agent whose eyes were borrowed.
#[tokio::test]
async fn what_is_asked_through_borrowed_eyes_says_whose_they_were() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let ana = stage.customer("ana@shop.test").await;
    stage.agent().await;
    let query = "query($s: String!) { users(filter: { search: $s }) { nodes { id } } }";
    let found = stage.admin.ask(query, json!({ "s": AGENT })).await.data();
    let input = json!({ "userId": found["users"]["nodes"][0]["id"], "reason": "a look" });
    let started = stage.admin.mutate(
        "impersonationStart",
        "ImpersonationStartInput",
        input,
        "accessToken",
    );
    let eyes = Client::new(&stage.url, Some(text(&started.await.accepted()["accessToken"])));
    grant_many(&eyes, &book, json!({ "userIds": [ana] }))
        .await
        .accepted();
    stage.run_jobs().await;
    let log =
        "{ auditLog(first: 100) { nodes { action actor { companyEmail } impersonator { companyEmail } } } }";
    let log = stage.admin.ask(log, json!({})).await.data()["auditLog"]["nodes"].clone();
    for action in [
        "entitlement_batch.requested",
        "entitlement.changed",
        "entitlement_batch.finished",
    ] {
        let entry = log
            .as_array()
            .expect("entries")
            .iter()
            .find(|it| it["action"] == action);
        let entry = entry.unwrap_or_else(|| panic!("{action}: {log:#}"));
        let who = (
            &entry["actor"]["companyEmail"],
            &entry["impersonator"]["companyEmail"],
        );
        assert_eq!(who, (&json!(AGENT), &json!(ADMIN)), "{action}");
    }
    stage.end().await;
}
