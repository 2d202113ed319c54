//! Exports: asked for, written, fetched, canceled, cleared away (S3.17).

mod asking;
mod bucket;
mod keeping;
mod links;
mod running;
mod shared;
mod sheets;

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use chrono::{TimeZone, Utc};
use domain::users::{self, NewUser};
use entities::UserSegment;
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{Stage, text},
};

/// What is read of an export.
const FIELDS: &str =
    "id kind status done total sizeBytes sha256 downloadUrl failureMessage requestedAt expiresAt";

/// Makes people, in this order. Their ids.
async fn people(stage: &Stage, new: Vec<NewUser>) -> Vec<String> {
    let tx = stage.app.begin_as_system(stage.team).await;
    let mut tx = tx.expect("a transaction");
    let mut ids = Vec::new();
    for person in new {
        let id = users::insert_or_find(&mut tx, person).await;
        ids.push(id.expect("a person").to_string());
    }
    tx.commit().await.expect("a commit");
    ids
}

fn lead(first: &str, email: &str) -> NewUser {
    NewUser {
        first_name: first.into(),
        last_name: "Story".into(),
        company_email: email.into(),
        ..NewUser::default()
    }
}

fn customer(first: &str, email: &str) -> NewUser {
    NewUser {
        segment: UserSegment::Customer,
        ..lead(first, email)
    }
}

/// Many leads at once, by one statement; their ids are random, so they stand in no particular order.
pub(crate) async fn crowd(stage: &Stage, many: u32) {
    let uuid = match stage.app.db.dialect() {
        domain::database::Dialect::Postgres => "gen_random_uuid()",
        domain::database::Dialect::Sqlite => "randomblob(16)",
    };
    let sql = format!(
        "INSERT INTO users (id, team_id, role, segment, tier, features, first_name, last_name, company_email, email_key, \
         locale, search_text, created_at, updated_at) \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}) \
         SELECT {uuid}, t.id, 'MEMBER', 'LEAD', 'STANDARD', '[]', 'Lead ' || CAST(i AS TEXT), 'Crowd', CAST(i AS TEXT) || '@crowd.test', \
         CAST(i AS TEXT) || '@crowd.test', 'EN', 'crowd', t.created_at, t.created_at FROM n, teams t WHERE t.name = 'Aurora'"
    );
    stage.sql(&sql).await;
}

async fn ask(client: &Client, segment: &str, filter: Value) -> Payload {
    let input = json!({ "segment": segment, "filter": filter });
    let fields = format!("export {{ {FIELDS} }}");
    client
        .mutate("usersExport", "UsersExportInput", input, &fields)
        .await
}

/// Members only: the stage's staff has bought nothing either.
async fn leads(client: &Client) -> Value {
    let asked = ask(client, "LEAD", json!({ "role": "MEMBER" })).await.accepted();
    asked["export"].clone()
}

async fn cancel(client: &Client, export: &Value) -> Payload {
    let fields = format!("export {{ {FIELDS} }}");
    let input = json!({ "exportId": export["id"] });
    client
        .mutate("exportCancel", "ExportCancelInput", input, &fields)
        .await
}

/// The export as somebody sees it now; null if they do not.
async fn seen(client: &Client, export: &Value) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Export {{ {FIELDS} }} }} }}");
    let answer = client.ask(&query, json!({ "id": export["id"] })).await;
    answer.data()["node"].clone()
}

/// Where the stage serves what a link names.
fn address(stage: &Stage, link: &Value) -> String {
    let link = text(link);
    let path = link.strip_prefix("http://localhost").expect("the public address");
    format!("{}{path}", stage.url)
}

async fn get(address: &str, headers: &[(&'static str, &str)]) -> reqwest::Response {
    let mut request = reqwest::Client::new().get(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer")
}

/// Asks for an export, lets it be written, and fetches it.
pub(crate) async fn exported(stage: &Stage, client: &Client, segment: &str, filter: Value) -> Vec<u8> {
    let asked = ask(client, segment, filter).await.accepted();
    stage.run_jobs().await;
    let ready = seen(client, &asked["export"]).await;
    assert_eq!(ready["status"], "READY", "{ready}");
    let answer = get(&address(stage, &ready["downloadUrl"]), &[]).await;
    assert_eq!(answer.status(), 200);
    answer.bytes().await.expect("a file").to_vec()
}

type Book = Xlsx<Cursor<Vec<u8>>>;

fn open(file: &[u8]) -> Book {
    calamine::open_workbook_from_rs(Cursor::new(file.to_vec())).expect("a workbook")
}

/// The rows of the only sheet, its heading first.
pub(crate) fn rows(file: &[u8]) -> Vec<Vec<Data>> {
    let mut book = open(file);
    let names = book.sheet_names();
    assert_eq!(names.len(), 1, "{names:?}");
    let sheet = book.worksheet_range(&names[0]).expect("a sheet");
    sheet.rows().map(<[Data]>::to_vec).collect()
}

/// A file inside the file.
fn part(file: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).expect("an archive");
    let mut content = String::new();
    let mut found = archive.by_name(name).expect(name);
    found.read_to_string(&mut content).expect("text");
    content
}

/// All keys in the stage's store.
async fn files(stage: &Stage) -> Vec<String> {
    stage.app.files.keys("exports").await.expect("keys")
}

/// One round of maintenance.
/// Makes a file as old as this.
fn changed(file: &std::path::Path, at: chrono::DateTime<Utc>) {
    let file = std::fs::File::options().write(true).open(file);
    file.and_then(|file| file.set_modified(at.into()))
        .expect("an age");
}

async fn round(stage: &Stage) -> domain::exports::Tended {
    let round = domain::operations::maintain(&stage.app).await.expect("a round");
    round.expect("nobody else makes one").exports
}

/// A day's number as spreadsheets count.
fn serial(year: i32, month: u32, day: u32, hours: f64) -> f64 {
    let at = |y, m, d| Utc.with_ymd_and_hms(y, m, d, 0, 0, 0).single().expect("a day");
    let days = (at(year, month, day) - at(1899, 12, 30)).num_days();
    #[expect(clippy::cast_precision_loss, reason = "a few ten thousand days")]
    let days = days as f64;
    days + hours / 24.0
}
