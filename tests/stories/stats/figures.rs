//! What staff see of somebody's reading, how old it is, and who has looked.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{ADMIN, AGENT, Sale, Stage, text},
};

use super::{figures, record, recorded, session};

/// S0.11–S0.14, S0.18: how often, how long, how far in each title, and when.
#[tokio::test]
async fn the_figures_say_how_often_how_long_and_how_far() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let (book, other) = (stage.product("Rayuela").await, stage.product("Ficciones").await);
    recorded(
        &stage,
        vec![
            session("2", &ana, &book, ("10:00", "10:20"), 80.5),
            session("1", &ana, &other, ("08:00", "08:10"), 12.0),
            // Back to the beginning.
            session("3", &ana, &book, ("11:00", "11:30"), 3.0),
        ],
    )
    .await;
    let seen = figures(&stage.admin, &ana).await;
    assert_eq!(
        (&seen["totalSessions"], &seen["totalSeconds"]),
        (&json!(3), &json!(3600))
    );
    assert_eq!(seen["lastReadAt"], "2026-03-02T11:30:00.000Z");
    let title = |name: &str, sessions: i64, seconds: i64, percent: f64, first: &str, last: &str| {
        json!({ "product": { "name": name }, "sessions": sessions, "seconds": seconds, "percentRead": percent,
            "firstReadAt": format!("2026-03-02T{first}:00.000Z"), "lastReadAt": format!("2026-03-02T{last}:00.000Z") })
    };
    assert_eq!(
        seen["titles"],
        json!({ "totalCount": 2, "nodes": [
            title("Rayuela", 2, 3000, 80.5, "10:00", "11:30"),
            title("Ficciones", 1, 600, 12.0, "08:00", "08:10"),
        ] })
    );
    let history = seen["activity"]["nodes"].as_array().expect("a history");
    let times: Vec<&str> = history.iter().filter_map(|it| it["startedAt"].as_str()).collect();
    assert_eq!(
        times,
        [
            "2026-03-02T11:00:00.000Z",
            "2026-03-02T10:00:00.000Z",
            "2026-03-02T08:00:00.000Z"
        ],
        "newest first"
    );
    stage.end().await;
}

/// S0.14: a long history goes page by page, forward and backward.
#[tokio::test]
async fn the_history_goes_page_by_page() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let eva = stage.customer("eva@shop.test").await;
    let book = stage.product("Rayuela").await;
    let mut reports = Vec::new();
    for n in 0..25 {
        // Some begin at the same moment.
        let from = format!("09:{:02}", n / 2);
        reports.push(session(&format!("a{n}"), &ana, &book, (&from, "10:00"), 1.0));
    }
    reports.push(session("of eva", &eva, &book, ("09:00", "10:00"), 1.0));
    recorded(&stage, reports).await;
    let query = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { user(id: $id) { readingStats { \
                 activity(first: $first, after: $after, last: $last, before: $before) { totalCount nodes { id startedAt } \
                 pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }";
    let page = async |mut arguments: Value| {
        arguments["id"] = json!(ana);
        let data = stage.admin.ask(query, arguments).await.data();
        data["user"]["readingStats"]["activity"].clone()
    };
    let whole = page(json!({ "first": 100 })).await;
    assert_eq!(whole["totalCount"], 25);
    for (count, cursor, end, more) in [
        ("first", "after", "endCursor", "hasNextPage"),
        ("last", "before", "startCursor", "hasPreviousPage"),
    ] {
        let (mut all, mut at) = (Vec::new(), Value::Null);
        loop {
            let found = page(json!({ count: 4, cursor: at })).await;
            let nodes = found["nodes"].as_array().expect("nodes").clone();
            let place = if count == "first" { all.len() } else { 0 };
            all.splice(place..place, nodes);
            if found["pageInfo"][more] == false {
                break;
            }
            at = found["pageInfo"][end].clone();
        }
        assert_eq!(json!(all), whole["nodes"], "{count}");
    }
    stage.end().await;
}

/// S0.16: reading now, or within the last two hours, the second included.
#[tokio::test]
async fn whoever_has_read_within_two_hours_is_active() {
    let stage = Stage::new().await;
    let (ana, eva, ivo) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
        stage.customer("ivo@shop.test").await,
    );
    let book = stage.product("Rayuela").await;
    let mut open = session("open", &eva, &book, ("11:00", "11:30"), 1.0);
    open["endedAt"] = Value::Null;
    recorded(
        &stage,
        vec![session("one", &ana, &book, ("11:30", "12:00"), 1.0), open],
    )
    .await;
    let active = async || {
        let mut all = Vec::new();
        for reader in [&ana, &eva, &ivo] {
            all.push(figures(&stage.admin, reader).await["activeSession"] == true);
        }
        all
    };
    assert_eq!(active().await, [true, true, false], "one never read");
    stage.pass(TimeDelta::minutes(90));
    assert_eq!(
        active().await,
        [true, true, false],
        "an open session counts as long as it told of reading"
    );
    stage.pass(TimeDelta::milliseconds(1));
    assert_eq!(active().await, [true, false, false]);
    stage.pass(TimeDelta::minutes(30) - TimeDelta::milliseconds(1));
    assert_eq!(active().await, [true, false, false], "exactly two hours");
    stage.pass(TimeDelta::milliseconds(1));
    assert_eq!(active().await, [false, false, false]);
    stage.end().await;
}

/// S0.16: nobody has read in the future, whatever a device's clock says.
#[tokio::test]
async fn a_clock_that_is_ahead_does_not_read_ahead() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let report = session("one", &ana, &book, ("11:30", "12:04"), 1.0);
    recorded(&stage, vec![report]).await;
    assert_eq!(
        figures(&stage.admin, &ana).await["lastReadAt"],
        "2026-03-02T12:00:00.000Z"
    );
    stage.end().await;
}

/// S0.16: an open session's seconds leave its breaks out; what it has grown by was read since its last report, unless
/// a device tells late what it has kept.
#[tokio::test]
async fn whoever_reads_on_after_a_long_break_is_active() {
    let stage = Stage::new().await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let book = stage.product("Rayuela").await;
    let tell = async |user: &str, seconds: i64| {
        let report = json!({ "externalId": user, "userId": user, "productId": book, "percentRead": 1.0,
            "startedAt": "2026-03-02T11:10:00.000Z", "seconds": seconds });
        recorded(&stage, vec![report]).await;
        let seen = figures(&stage.admin, user).await;
        (seen["activeSession"] == true, text(&seen["lastReadAt"]))
    };
    assert_eq!(tell(&ana, 3000).await, (true, "2026-03-02T12:00:00.000Z".into()));
    stage.pass(TimeDelta::hours(3));
    assert_eq!(
        tell(&ana, 3000).await,
        (false, "2026-03-02T12:00:00.000Z".into()),
        "a break"
    );
    assert_eq!(tell(&ana, 3600).await, (true, "2026-03-02T15:00:00.000Z".into()));
    stage.pass(TimeDelta::minutes(30));
    assert_eq!(
        tell(&ana, 3600).await,
        (true, "2026-03-02T15:00:00.000Z".into()),
        "nothing more"
    );
    assert_eq!(tell(&eva, 300).await, (false, "2026-03-02T11:15:00.000Z".into()));
    stage.pass(TimeDelta::minutes(1));
    assert_eq!(
        tell(&eva, 3600).await,
        (false, "2026-03-02T12:10:00.000Z".into()),
        "not in a minute"
    );
    stage.end().await;
}

/// S0.24: figures may lag, and say since when.
#[tokio::test]
async fn the_figures_say_how_old_they_are() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let book = stage.product("Rayuela").await;
    let report = session("one", &ana, &book, ("11:00", "11:30"), 1.0);
    let as_of = async || figures(&stage.admin, &ana).await["asOf"].clone();
    stage.pass(TimeDelta::minutes(10));
    assert_eq!(
        as_of().await,
        "2026-03-02T12:10:00.000Z",
        "nothing is known, and that is up to date"
    );
    recorded(&stage, vec![report.clone()]).await;
    stage.pass(TimeDelta::minutes(20));
    assert_eq!(
        as_of().await,
        "2026-03-02T12:10:00.000Z",
        "when the device last spoke"
    );
    recorded(&stage, vec![report.clone()]).await;
    assert_eq!(
        as_of().await,
        "2026-03-02T12:30:00.000Z",
        "it has said that nothing is new"
    );
    let mut refused = report;
    refused["percentRead"] = json!(101);
    stage.pass(TimeDelta::minutes(1));
    record(&stage.admin, vec![refused]).await;
    assert_eq!(
        as_of().await,
        "2026-03-02T12:30:00.000Z",
        "what is not believed says nothing"
    );
    stage.end().await;
}

/// The looks at people's reading: who, through whose eyes, at whom.
async fn looks(stage: &Stage) -> Vec<[Value; 3]> {
    let query = "{ auditLog(first: 100) { nodes { action subjectId actor { companyEmail } impersonator { companyEmail } } } }";
    let entries = stage.admin.ask(query, json!({})).await.data()["auditLog"]["nodes"].clone();
    let entries = entries.as_array().expect("entries").iter().rev();
    let looks = entries.filter(|entry| entry["action"] == "stats.read");
    looks
        .map(|entry| {
            [
                entry["actor"]["companyEmail"].clone(),
                entry["impersonator"]["companyEmail"].clone(),
                entry["subjectId"].clone(),
            ]
        })
        .collect()
}

/// S0.23: it takes `stats.read`, and every look at somebody else is on record: who, and whose.
#[tokio::test]
async fn a_look_at_somebodys_reading_takes_a_scope_and_is_on_record() {
    let stage = Stage::new().await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let agent = stage.agent().await;
    let own = stage.customer_session(&ana).await;
    figures(&own, &ana).await;
    assert_eq!(
        looks(&stage).await,
        Vec::<[Value; 3]>::new(),
        "one's own is one's own business"
    );

    let key = stage.integration(&["users.read"]).await;
    let query = "query($id: ID!) { user(id: $id) { readingStats { totalSessions } } }";
    assert_eq!(key.ask(query, json!({ "id": ana })).await.code(), "FORBIDDEN");
    let hers = own.ask(query, json!({ "id": eva })).await;
    assert_eq!(hers.data()["user"], json!(null), "nobody sees another customer");
    let reader = stage.integration(&["users.read", "stats.read"]).await;
    reader.ask(query, json!({ "id": eva })).await.data();
    figures(&agent, &ana).await;
    figures(&agent, &ana).await;
    let (by_agent, by_key) = (
        [json!(AGENT), json!(null), json!(ana)],
        [json!(null), json!(null), json!(eva)],
    );
    assert_eq!(
        looks(&stage).await,
        [by_key.clone(), by_agent.clone()],
        "not at every click"
    );
    stage.pass(TimeDelta::minutes(10));
    figures(&agent, &ana).await;
    let mut expected = vec![by_key, by_agent.clone(), by_agent];
    assert_eq!(
        looks(&stage).await,
        expected,
        "ten minutes later it is another look"
    );

    let input = json!({ "userId": ana, "reason": "she asked" });
    let started = stage
        .admin
        .mutate(
            "impersonationStart",
            "ImpersonationStartInput",
            input,
            "accessToken",
        )
        .await
        .accepted();
    let through = Client::new(&stage.url, Some(text(&started["accessToken"])));
    figures(&through, &ana).await;
    expected.push([json!("ana@shop.test"), json!(ADMIN), json!(ana)]);
    assert_eq!(
        looks(&stage).await,
        expected,
        "through borrowed eyes it is a look, too"
    );
    stage.end().await;
}

/// S0.23: the checklist of a refund and the diagnosis of an access tell what was read, too.
#[tokio::test]
async fn whatever_tells_what_was_read_is_a_look() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let mut expected = Vec::new();
    for (number, query) in (1..).zip([
        "query($p: ID!) { node(id: $p) { ... on Purchase { refundEligibility { percentRead } } } }",
        "query($u: ID!, $b: ID!) { accessDiagnosis(userId: $u, productId: $b) { reading { seconds } } }",
        "query($s: ID!) { node(id: $s) { ... on ReadingSession { seconds } } }",
    ]) {
        let reader = stage.customer(&format!("reader{number}@shop.test")).await;
        let purchase = stage.sell(&Sale::of(&reader, &book, number)).await;
        stage.read(&reader, &book, 10.0, 5).await;
        let own = stage.customer_session(&reader).await;
        let session = "{ viewer { user { readingStats { activity { nodes { id } } } } } }";
        let session = own.ask(session, json!({})).await.data()["viewer"]["user"]["readingStats"].clone();
        let session = &session["activity"]["nodes"][0]["id"];
        let variables = json!({ "p": purchase, "u": reader, "b": book, "s": session });
        stage.admin.ask(query, variables).await.data();
        expected.push([json!(ADMIN), json!(null), json!(reader)]);
        assert_eq!(looks(&stage).await, expected, "{query}");
    }
    stage.run_jobs().await;
    stage.end().await;
}

/// S0.15, S0.23: a list asks once for everybody, notes each look, and does not grow with its rows.
#[tokio::test]
async fn a_list_shows_the_figures_without_a_query_per_row() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let mut readers = Vec::new();
    for n in 0..12 {
        let reader = stage.customer(&format!("reader{n:02}@shop.test")).await;
        let times = ("09:00", format!("09:{:02}", n + 1));
        recorded(
            &stage,
            vec![session(
                &format!("s{n}"),
                &reader,
                &book,
                (times.0, &times.1),
                f64::from(n),
            )],
        )
        .await;
        readers.push(reader);
    }
    let query = "query($n: Int) { users(first: $n, filter: { role: MEMBER }) { nodes { id readingStats { totalSeconds activeSession \
                 titles(first: 3) { nodes { percentRead product { name } } } \
                 activity(first: 3) { nodes { seconds } pageInfo { hasNextPage } } } } } }";
    let mut counts = Vec::new();
    for size in [3, 12] {
        let key = stage.integration(&["users.read", "stats.read"]).await;
        key.ask("{ viewer { scopes } }", json!({})).await.data();
        stage.statements.take();
        let nodes = key.ask(query, json!({ "n": size })).await.data()["users"]["nodes"].clone();
        let asked = stage.statements.take();
        for (n, node) in nodes.as_array().expect("nodes").iter().enumerate() {
            let minutes = node["readingStats"]["totalSeconds"].as_i64().map(|it| it / 60);
            assert_eq!(minutes, i64::try_from(n + 1).ok(), "each their own");
            assert_eq!(
                node["readingStats"]["titles"]["nodes"][0]["product"]["name"],
                "Rayuela"
            );
            let seconds = &node["readingStats"]["activity"]["nodes"][0]["seconds"];
            assert_eq!(seconds, &node["readingStats"]["totalSeconds"]);
        }
        assert_eq!(nodes.as_array().map(Vec::len), Some(size));
        let asked: Vec<String> = asked
            .into_iter()
            .filter(|sql| !sql.contains("api_keys"))
            .collect();
        counts.push(asked);
    }
    assert_eq!(counts[0].len(), counts[1].len(), "{:#?}", counts[1]);
    let looked_at: Vec<Value> = looks(&stage).await.into_iter().map(|[.., whose]| whose).collect();
    assert_eq!(looked_at.len(), 15, "each of them, by either key");
    for reader in &readers {
        assert!(looked_at.contains(&json!(reader)));
    }
    stage.end().await;
}

/// S0.19, S0.20: what was read speaks for or against a refund.
#[tokio::test]
async fn what_was_read_speaks_for_or_against_a_refund() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let book = stage.product("Rayuela").await;
    let purchase = stage.sell(&Sale::of(&ana, &book, 1)).await;
    let query = "query($p: ID!, $u: ID!, $b: ID!) { node(id: $p) { ... on Purchase { refundEligibility { overrideRequired percentRead } } } \
                 accessDiagnosis(userId: $u, productId: $b) { reading { percentRead } findings } }";
    for (percent, speaks_against) in [(None, false), (Some(50.0), false), (Some(50.1), true)] {
        if let Some(percent) = percent {
            stage.read(&ana, &book, percent, 10).await;
        }
        let variables = json!({ "p": purchase, "u": ana, "b": book });
        let seen = stage.admin.ask(query, variables).await.data();
        assert_eq!(
            seen["node"]["refundEligibility"]["overrideRequired"], speaks_against,
            "{percent:?}"
        );
        assert_eq!(seen["accessDiagnosis"]["reading"]["percentRead"], json!(percent));
        let findings = seen["accessDiagnosis"]["findings"].to_string();
        assert_eq!(
            findings.contains("technical fault"),
            percent.is_none(),
            "{findings}"
        );
    }
    stage.end().await;
}
