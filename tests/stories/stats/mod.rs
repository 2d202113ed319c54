//! What customers read, as their devices tell it and as staff see it (S0.11–S0.24).

mod figures;
mod recording;

use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::Stage,
};

const FIGURES: &str = "query($id: ID!) { user(id: $id) { readingStats { asOf totalSessions totalSeconds activeSession lastReadAt \
     titles { totalCount nodes { product { name } sessions seconds percentRead firstReadAt lastReadAt } } \
     activity { totalCount nodes { product { name } startedAt endedAt seconds percentRead device } } } } }";

/// A session this morning as a device reports it: `from` and `until` are hours and minutes.
fn session(id: &str, user: &str, product: &str, (from, until): (&str, &str), percent: f64) -> Value {
    let minutes = |time: &str| -> i64 {
        let (hour, minute) = time.split_once(':').expect("hours and minutes");
        hour.parse::<i64>().expect("hours") * 60 + minute.parse::<i64>().expect("minutes")
    };
    json!({
        "externalId": id, "userId": user, "productId": product, "percentRead": percent,
        "startedAt": format!("2026-03-02T{from}:00.000Z"), "endedAt": format!("2026-03-02T{until}:00.000Z"),
        "seconds": (minutes(until) - minutes(from)) * 60,
    })
}

/// A report with some of its fields said otherwise.
fn but(report: &Value, other: &Value) -> Value {
    let mut report = report.clone();
    for (name, value) in other.as_object().into_iter().flatten() {
        report[name] = value.clone();
    }
    report
}

async fn record(by: &Client, sessions: Vec<Value>) -> Payload {
    let input = json!({ "sessions": sessions });
    by.mutate(
        "readingSessionsRecord",
        "ReadingSessionsRecordInput",
        input,
        "recorded",
    )
    .await
}

/// Reports what is believed whole.
async fn recorded(stage: &Stage, sessions: Vec<Value>) -> i64 {
    let payload = record(&stage.admin, sessions).await.accepted();
    payload["recorded"].as_i64().expect("a number")
}

async fn figures(by: &Client, user: &str) -> Value {
    by.ask(FIGURES, json!({ "id": user })).await.data()["user"]["readingStats"].clone()
}
