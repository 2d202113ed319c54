//! The program where something of the machine is not as usual: nothing can be written, nobody knows the user, an
//! address is one of IPv6.

use std::{path::Path, time::Duration};

use serde_json::json;
use tests::{
    client::Client,
    database::TestDatabase,
    drill::{
        fleet::folder,
        program::{Environment, Program, environment, lasting_port, run},
        until,
    },
    servers::{authority::Authority, bucket::TestBucket, redis::Redis},
};

const PATIENCE: Duration = Duration::from_mins(1);

fn scaled(database: &TestDatabase, more: &Environment) -> Environment {
    let mut settings = environment([
        ("POSTGRES_URL", &database.settings.url),
        ("POSTVENTA_SECRET_KEY", &"07".repeat(32)),
        ("POSTVENTA_LOG_FORMAT", "text"),
    ]);
    settings.extend(more.clone());
    settings
}

/// Starts the program at this host and waits until it says that it can do its work. Its address.
async fn start(arguments: &[&str], settings: &Environment, folder: &Path, host: &str) -> (Program, String) {
    let address = format!("{host}:{}", lasting_port());
    let mut settings = settings.clone();
    settings.insert("POSTVENTA_BIND".into(), address.clone());
    let name = arguments.first().copied().unwrap_or("embedded");
    let program = Program::start(name, arguments, &settings, folder);
    let url = format!("http://{address}");
    let _ = rustls::crypto::ring::default_provider().install_default();
    until("it is ready", PATIENCE, async || {
        let answer = reqwest::get(format!("{url}/readyz")).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
    (program, url)
}

/// An export from beginning to end, at the embedded installation.
async fn exported(url: &str) -> bool {
    let admin = Client::sign_in(url, "admin@demo.test", "postventa-demo").await;
    let asked = admin
        .mutate(
            "usersExport",
            "UsersExportInput",
            json!({ "segment": "CUSTOMER" }),
            "export { id }",
        )
        .await;
    let export = asked.accepted()["export"]["id"].clone();
    let query = "query($id: ID!) { node(id: $id) { ... on Export { status } } }";
    let mut status = json!(null);
    until("it is written", PATIENCE, async || {
        let answer = admin.ask(query, json!({ "id": export })).await.data();
        status = answer["node"]["status"].clone();
        status == "READY" || status == "FAILED"
    })
    .await;
    status == "READY"
}

/// Where nothing but the files' own folder can be written, spreadsheets are made there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_folder_for_temporary_files_exports_are_written() {
    let folder = folder();
    let settings = environment([("TMPDIR", "/proc"), ("POSTVENTA_LOG", "warn")]);
    let (mut program, url) = start(&[], &settings, folder.path(), "127.0.0.1").await;
    assert!(exported(&url).await, "{}", program.log());
    program.signal("TERM");
    assert_eq!(program.ended_within(PATIENCE).await, Some(0));
}

/// What is needed and cannot be written is said at the start, in one sentence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_written_stops_the_start() {
    let folder = folder();
    let database = TestDatabase::fresh().await;
    let bucket = TestBucket::start().await.expect("a bucket");
    let endpoint = format!("http://{}", bucket.address());
    let no_folder_at_all = environment([
        ("TMPDIR", "/proc"),
        ("POSTVENTA_FILES", "s3://postventa/files"),
        ("POSTVENTA_S3_ENDPOINT", &endpoint),
        ("POSTVENTA_S3_ACCESS_KEY_ID", "key"),
        ("POSTVENTA_S3_SECRET_ACCESS_KEY", "secret"),
    ]);
    for (arguments, more, named) in [
        (&["worker"][..], no_folder_at_all, "TMPDIR"),
        (
            &["worker"],
            environment([("POSTVENTA_FILES", "/proc/files")]),
            "POSTVENTA_FILES",
        ),
        (
            &["serve"],
            environment([("POSTVENTA_FILES", "/proc")]),
            "POSTVENTA_FILES",
        ),
        (
            &[],
            environment([("POSTVENTA_DATA_DIR", "/proc")]),
            "POSTVENTA_DATA_DIR",
        ),
    ] {
        let mut settings = scaled(&database, &more);
        settings.insert("POSTVENTA_BIND".into(), format!("127.0.0.1:{}", lasting_port()));
        let ended = run(arguments, &settings, folder.path());
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        // Whoever has given a setting a value that cannot be is told by the code, too.
        let code = if named.starts_with("POSTVENTA_") { 2 } else { 1 };
        assert_eq!(ended.status.code(), Some(code), "{named}: {said}");
        let last = said.lines().last().unwrap_or_default();
        assert!(last.starts_with("postventa: ") && last.contains(named), "{said}");
    }
}

/// A file of authorities is one for all that is called; a wrong one stops the start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn further_authorities_are_a_setting() {
    let folder = folder();
    let authority = Authority::new().expect("an authority");
    let papers = authority.issue(&["127.0.0.1"]).expect("papers");
    let (certificate, key) = papers.write(folder.path()).expect("files");
    let redis = Redis::with(|port| {
        let port = port.to_string();
        let options = [
            "--port",
            "0",
            "--tls-port",
            &port,
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &certificate,
            "--tls-auth-clients",
            "no",
        ];
        options.map(str::to_owned).into()
    });
    let redis = redis.expect("Redis");
    let database = TestDatabase::fresh().await;
    let url = format!("rediss://127.0.0.1:{}/", redis.port());
    let file = authority.file().display().to_string();
    for (trusted, is_away) in [("", true), (file.as_str(), false)] {
        let more = environment([("REDIS_URL", &url), ("POSTVENTA_EXTRA_CA_FILE", trusted)]);
        let (mut program, _) =
            start(&["worker"], &scaled(&database, &more), folder.path(), "127.0.0.1").await;
        if is_away {
            until("it is told", PATIENCE, async || {
                program.log().contains("UnknownIssuer")
            })
            .await;
        }
        program.signal("TERM");
        assert_eq!(program.ended_within(PATIENCE).await, Some(0));
        assert_eq!(
            program.log().contains("UnknownIssuer"),
            is_away,
            "{}",
            program.log()
        );
        std::fs::remove_file(folder.path().join("worker.log")).expect("the log");
    }
    let wrong = folder.path().join("server.key").display().to_string();
    for file in ["/nowhere.pem", &wrong] {
        let ended = run(
            &["worker"],
            &scaled(&database, &environment([("POSTVENTA_EXTRA_CA_FILE", file)])),
            folder.path(),
        );
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(
            said.contains("POSTVENTA_EXTRA_CA_FILE") && said.lines().count() == 1,
            "{said}"
        );
    }
}

/// Everything in one process, at an address of IPv6, and no line about it that cannot be clicked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_listens_at_an_address_of_ipv6() {
    let folder = folder();
    let settings = environment([("POSTVENTA_LOG", "warn")]);
    let (mut program, url) = start(&[], &settings, folder.path(), "[::1]").await;
    assert!(exported(&url).await, "{}", program.log());
    let greeting = std::fs::read_to_string(folder.path().join("embedded.out")).expect("a greeting");
    assert!(greeting.contains(&url), "{greeting}");
    program.signal("TERM");
    assert_eq!(program.ended_within(PATIENCE).await, Some(0));
}

/// A Redis that refuses is told as what it is, once, and work goes on without it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_refuses_is_named_once_and_work_goes_on() {
    let folder = folder();
    let redis = Redis::with(|_| ["--replicaof", "127.0.0.1", "1"].map(str::to_owned).into());
    let redis = redis.expect("Redis");
    let database = TestDatabase::fresh().await;
    let settings = scaled(&database, &environment([("REDIS_URL", &redis.url())]));
    // Ready means that a job was done.
    let (mut program, _) = start(&["worker"], &settings, folder.path(), "127.0.0.1").await;
    until("it is told", PATIENCE, async || {
        program
            .log()
            .contains("Redis (waiting for wake-ups) is a replica")
    })
    .await;
    program.signal("TERM");
    assert_eq!(program.ended_within(PATIENCE).await, Some(0));
    let log = program.log();
    assert_eq!(
        log.matches("(waiting for wake-ups) is a replica").count(),
        1,
        "{log}"
    );
    assert!(!log.contains("is away"), "{log}");
}
