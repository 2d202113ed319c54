//! S0.24: devices report the same session again and again, late, in any order, and not always what can be.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::stage::Stage;

use super::{but, figures, record, recorded, session};

/// A shop with two titles and a reader.
async fn shop() -> (Stage, String, [String; 2]) {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let titles = [stage.product("Rayuela").await, stage.product("Ficciones").await];
    (stage, ana, titles)
}

/// S0.24: a device that was away for long tells everything at once.
#[tokio::test]
async fn a_thousand_reports_are_taken_at_once_and_not_one_more() {
    let (stage, ana, [book, _]) = shop().await;
    let many: Vec<Value> = (0..1001)
        .map(|n| {
            let from = format!("{:02}:{:02}", n / 60 % 11, n % 60);
            let until = format!("{:02}:{:02}", (n + 1) / 60 % 12, (n + 1) % 60);
            let name = format!("tablet-of-ana-in-the-kitchen-{n:08}");
            let report = if until > from {
                (from, until)
            } else {
                (from.clone(), from)
            };
            but(
                &session(&name, &ana, &book, (&report.0, &report.1), 10.0),
                &json!({ "device": "A tablet with a name of usual length" }),
            )
        })
        .collect();
    let refused = record(&stage.admin, many.clone()).await;
    assert_eq!(refused.refused_at(), ["INVALID input.sessions"]);
    assert_eq!(
        figures(&stage.admin, &ana).await["totalSessions"],
        0,
        "none of them"
    );
    assert_eq!(recorded(&stage, many[..1000].to_vec()).await, 1000);
    assert_eq!(figures(&stage.admin, &ana).await["totalSessions"], 1000);
    assert_eq!(recorded(&stage, Vec::new()).await, 0);
    stage.end().await;
}

/// S0.24: whatever the order and the number of its reports, a session ends alike and never runs backwards.
#[tokio::test]
async fn a_session_told_in_any_order_ends_alike() {
    let (stage, _, [book, _]) = shop().await;
    let mut ends = Vec::new();
    for (number, order) in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        .into_iter()
        .enumerate()
    {
        let user = stage.customer(&format!("reader{number}@shop.test")).await;
        let name = format!("phone-{number}");
        let reports = [
            but(
                &session(&name, &user, &book, ("09:00", "09:10"), 5.0),
                &json!({ "endedAt": null }),
            ),
            session(&name, &user, &book, ("09:00", "09:20"), 30.0),
            // It has leafed back.
            session(&name, &user, &book, ("09:00", "09:40"), 20.0),
        ];
        if number % 2 == 0 {
            for at in order {
                assert_eq!(recorded(&stage, vec![reports[at].clone()]).await, 1);
            }
        } else {
            let doubled = order.into_iter().chain(order).map(|at| reports[at].clone());
            assert_eq!(
                recorded(&stage, doubled.collect()).await,
                1,
                "one session, told six times"
            );
        }
        ends.push(figures(&stage.admin, &user).await);
    }
    let end = &ends[0];
    assert_eq!(
        (&end["totalSessions"], &end["totalSeconds"]),
        (&json!(1), &json!(2400))
    );
    let title = &end["titles"]["nodes"][0];
    assert_eq!(
        (&title["sessions"], &title["seconds"], &title["percentRead"]),
        (&json!(1), &json!(2400), &json!(30.0)),
        "the furthest point, not the last"
    );
    assert_eq!(end["activity"]["nodes"][0]["endedAt"], "2026-03-02T09:40:00.000Z");
    for other in &ends {
        assert_eq!(other, end);
    }
    stage.end().await;
}

/// S0.24: a session that turns out to have begun earlier has been read no earlier for it, whatever came first.
#[tokio::test]
async fn when_somebody_has_read_last_does_not_depend_on_the_order_of_the_reports() {
    let (stage, _, [book, _]) = shop().await;
    for (number, batches) in [
        vec![vec![0], vec![1]],
        vec![vec![1], vec![0]],
        vec![vec![0, 1]],
        vec![vec![1, 0]],
        vec![vec![1], vec![0, 1], vec![0]],
    ]
    .into_iter()
    .enumerate()
    {
        let user = stage.customer(&format!("reader{number}@shop.test")).await;
        let open = json!({ "endedAt": null });
        let name = format!("phone-{number}");
        // The later one says of less time than the earlier one, so it does not lengthen the session.
        let reports = [
            but(&session(&name, &user, &book, ("09:00", "09:10"), 5.0), &open),
            but(&session(&name, &user, &book, ("10:00", "10:05"), 5.0), &open),
        ];
        for batch in batches {
            recorded(&stage, batch.into_iter().map(|at| reports[at].clone()).collect()).await;
        }
        let seen = figures(&stage.admin, &user).await;
        let title = &seen["titles"]["nodes"][0];
        for (name, value, expected) in [
            (
                "lastReadAt",
                &seen["lastReadAt"],
                json!("2026-03-02T10:05:00.000Z"),
            ),
            (
                "of the title",
                &title["lastReadAt"],
                json!("2026-03-02T10:05:00.000Z"),
            ),
            (
                "firstReadAt",
                &title["firstReadAt"],
                json!("2026-03-02T09:00:00.000Z"),
            ),
            ("totalSeconds", &seen["totalSeconds"], json!(600)),
        ] {
            assert_eq!(*value, expected, "{name}, order {number}");
        }
    }
    stage.end().await;
}

/// S0.24: two devices at once are one reader's time; each title keeps its own.
#[tokio::test]
async fn time_that_sessions_share_counts_once() {
    let (stage, ana, [book, other]) = shop().await;
    let total = async || {
        let seen = figures(&stage.admin, &ana).await;
        let titles = seen["titles"]["nodes"].as_array().expect("titles").iter();
        let titles: i64 = titles.filter_map(|title| title["seconds"].as_i64()).sum();
        (seen["totalSeconds"].as_i64().expect("seconds") / 60, titles / 60)
    };
    for (name, title, times, expected) in [
        ("a", &book, ("09:00", "09:30"), (30, 30)),
        ("half of it shared", &other, ("09:15", "09:45"), (45, 60)),
        ("all of it shared", &book, ("09:20", "09:25"), (45, 65)),
        ("by itself", &book, ("11:00", "11:10"), (55, 75)),
        ("touching", &other, ("11:10", "11:20"), (65, 85)),
        ("late, and a bridge", &other, ("09:40", "11:05"), (140, 170)),
        // One that is known goes on, into time that was counted already, and then beyond.
        ("a", &book, ("09:00", "09:45"), (140, 185)),
        ("touching", &other, ("11:10", "11:30"), (150, 195)),
        // It turns out to have begun earlier.
        ("by itself", &book, ("08:50", "11:10"), (160, 325)),
    ] {
        recorded(&stage, vec![session(name, &ana, title, times, 10.0)]).await;
        assert_eq!(total().await, expected, "{name}");
    }
    let seen = figures(&stage.admin, &ana).await;
    assert_eq!(seen["totalSessions"], 6, "each session once");
    stage.end().await;
}

/// S0.24: what cannot be is refused with its place in the batch, and the rest is kept.
#[tokio::test]
async fn what_cannot_be_is_refused_and_the_rest_is_kept() {
    let (stage, ana, [book, _]) = shop().await;
    let other = stage.other_team().await;
    let made = json!({ "firstName": "Eva", "lastName": "Gil", "companyEmail": "eva@boreal.test" });
    let made = other
        .mutate("userCreate", "UserCreateInput", made, "user { id }")
        .await;
    let foreign_user = made.accepted()["user"]["id"].clone();
    let made = json!({ "externalId": "theirs", "name": "Theirs" });
    let made = other
        .mutate("productRecord", "ProductRecordInput", made, "product { id }")
        .await;
    let foreign_title = made.accepted()["product"]["id"].clone();
    let good = |name: &str| session(name, &ana, &book, ("10:00", "10:30"), 10.0);
    let cases = [
        (json!({ "seconds": 1802 }), "INVALID input.sessions.0.seconds"),
        (json!({ "seconds": -1 }), "INVALID input.sessions.1.seconds"),
        (
            json!({ "endedAt": null, "seconds": 10_000 }),
            "INVALID input.sessions.2.seconds",
        ),
        (
            json!({ "percentRead": 100.01 }),
            "INVALID input.sessions.3.percentRead",
        ),
        (
            json!({ "percentRead": -0.5 }),
            "INVALID input.sessions.4.percentRead",
        ),
        (
            json!({ "startedAt": "2026-03-02T12:06:00.000Z", "endedAt": null, "seconds": 0 }),
            "INVALID input.sessions.5.startedAt",
        ),
        (
            json!({ "endedAt": "2026-03-02T12:06:00.000Z" }),
            "INVALID input.sessions.6.endedAt",
        ),
        (
            json!({ "endedAt": "2026-03-02T09:59:59.000Z" }),
            "INVALID input.sessions.7.endedAt",
        ),
        (
            json!({ "startedAt": "2026-02-20T10:00:00.000Z" }),
            "INVALID input.sessions.8.endedAt",
        ),
        (
            json!({ "externalId": " " }),
            "INVALID input.sessions.9.externalId",
        ),
        (
            json!({ "userId": "nonsense" }),
            "INVALID input.sessions.10.userId",
        ),
        (json!({ "userId": book }), "INVALID input.sessions.11.userId"),
        (
            json!({ "userId": "user_01h455vb4pex5vsknk084sn02q" }),
            "NOT_FOUND input.sessions.12.userId",
        ),
        (
            json!({ "userId": foreign_user }),
            "NOT_FOUND input.sessions.13.userId",
        ),
        (
            json!({ "productId": "product_01h455vb4pex5vsknk084sn02q" }),
            "NOT_FOUND input.sessions.14.productId",
        ),
        (
            json!({ "productId": foreign_title }),
            "NOT_FOUND input.sessions.15.productId",
        ),
        (
            json!({ "device": "x".repeat(201) }),
            "INVALID input.sessions.16.device",
        ),
    ];
    let mut batch: Vec<Value> = cases
        .iter()
        .enumerate()
        .map(|(at, (other, _))| but(&good(&format!("bad-{at}")), other))
        .collect();
    batch.push(good("good"));
    batch.push(but(
        &good("twice wrong"),
        &json!({ "seconds": -1, "percentRead": 101.0 }),
    ));
    let payload = record(&stage.admin, batch.clone()).await;
    let mut expected: Vec<&str> = cases.iter().map(|(_, path)| *path).collect();
    expected.extend([
        "INVALID input.sessions.18.seconds",
        "INVALID input.sessions.18.percentRead",
    ]);
    assert_eq!(payload.refused_at(), expected);
    assert_eq!(payload.0["recorded"], 1);
    assert_eq!(
        payload.0["userErrors"][12]["message"], payload.0["userErrors"][13]["message"],
        "another team's reader is one who does not exist"
    );
    let seen = figures(&stage.admin, &ana).await;
    assert_eq!(
        (&seen["totalSessions"], &seen["totalSeconds"]),
        (&json!(1), &json!(1800))
    );
    stage.end().await;
}

/// S0.24: an id names one session of one reader with one title; another team has ids of its own.
#[tokio::test]
async fn an_id_stays_with_its_reader_and_its_title() {
    let (stage, ana, [book, other]) = shop().await;
    let eva = stage.customer("eva@shop.test").await;
    let times = ("10:00", "10:30");
    let batch = vec![
        session("one", &ana, &book, times, 10.0),
        session("one", &eva, &book, times, 10.0),
        session("one", &ana, &other, times, 10.0),
    ];
    let payload = record(&stage.admin, batch.clone()).await;
    assert_eq!(
        payload.refused_at(),
        [
            "CONFLICT input.sessions.1.externalId",
            "CONFLICT input.sessions.2.externalId"
        ]
    );
    let again = record(&stage.admin, batch[1..].to_vec()).await;
    assert_eq!(
        again.refused_at(),
        [
            "CONFLICT input.sessions.0.externalId",
            "CONFLICT input.sessions.1.externalId"
        ]
    );
    assert_eq!(figures(&stage.admin, &eva).await["totalSessions"], 0);
    // Together the reports of one session would make it last longer than any does.
    let day_before =
        json!({ "startedAt": "2026-03-01T10:00:00.000Z", "endedAt": "2026-03-01T11:00:00.000Z" });
    let stretched = record(&stage.admin, vec![but(&batch[0], &day_before)]).await;
    assert_eq!(stretched.refused_at(), ["INVALID input.sessions.0.endedAt"]);
    assert_eq!(
        figures(&stage.admin, &ana).await["totalSeconds"],
        1800,
        "as it was"
    );
    stage.end().await;
}

/// S0.24: two devices that report at the same moment.
#[tokio::test]
async fn reports_at_the_same_moment_add_up_to_one_truth() {
    let (stage, ana, [book, other]) = shop().await;
    let eva = stage.customer("eva@shop.test").await;
    let minute = |n: usize| format!("10:{n:02}");
    let reports = (1..=20).map(|n| {
        // Everybody speaks of both sessions and of one of their own, in either order.
        let mut batch = vec![
            session(
                "shared",
                &ana,
                &book,
                ("10:00", &minute(n)),
                f64::from(u8::try_from(n).expect("small")),
            ),
            session("also shared", &eva, &other, ("10:00", &minute(21 - n)), 1.0),
            session(
                &format!("own-{n}"),
                &ana,
                &other,
                (&minute(n), &minute(n + 1)),
                1.0,
            ),
        ];
        if n % 2 == 0 {
            batch.reverse();
        }
        record(&stage.admin, batch)
    });
    for payload in join_all(reports).await {
        assert_eq!(payload.accepted()["recorded"], 3);
    }
    let (ana, eva) = (
        figures(&stage.admin, &ana).await,
        figures(&stage.admin, &eva).await,
    );
    assert_eq!(
        (&ana["totalSessions"], &ana["totalSeconds"]),
        (&json!(21), &json!(21 * 60)),
        "ten to ten twenty-one, each minute once"
    );
    let of = |name: &str| {
        let titles = ana["titles"]["nodes"].as_array().expect("titles");
        let title = titles.iter().find(|title| title["product"]["name"] == name);
        title.expect("the title").clone()
    };
    let (shared, own) = (of("Rayuela"), of("Ficciones"));
    assert_eq!(
        (&shared["sessions"], &shared["seconds"], &shared["percentRead"]),
        (&json!(1), &json!(1200), &json!(20.0))
    );
    assert_eq!((&own["sessions"], &own["seconds"]), (&json!(20), &json!(1200)));
    assert_eq!(
        (&eva["totalSessions"], &eva["totalSeconds"]),
        (&json!(1), &json!(1200))
    );
    stage.end().await;
}

/// Reports are taken from whoever has `stats.write`: the reading service and administrators.
#[tokio::test]
async fn reporting_takes_its_own_scope() {
    let (stage, ana, [book, _]) = shop().await;
    let report = session("one", &ana, &book, ("10:00", "10:30"), 10.0);
    let input = json!({ "sessions": [report] });
    let reader = stage.integration(&["stats.write"]).await;
    assert_eq!(
        record(&reader, vec![report.clone()]).await.accepted()["recorded"],
        1
    );
    let customer = stage.customer_session(&ana).await;
    let other_key = stage.integration(&["stats.read", "users.write"]).await;
    for nobody in [&stage.agent().await, &customer, &other_key] {
        let denied = nobody.try_mutate(
            "readingSessionsRecord",
            "ReadingSessionsRecordInput",
            input.clone(),
            "recorded",
        );
        assert_eq!(denied.await.code(), "FORBIDDEN");
    }
    stage.end().await;
}
