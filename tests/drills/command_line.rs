//! What the program does as a command: its exit codes, its one-sentence complaints, and what it keeps.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use api::settings::NAMES;
use domain::database::Sql;
use serde_json::json;
use tests::{
    client::Client,
    database::TestDatabase,
    drill::{
        fleet::folder,
        program::{Environment, Program, binary, environment, lasting_port, run},
        until,
    },
};

const PATIENCE: Duration = Duration::from_mins(1);

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Starts the program in a folder and waits until it says that it can do its work. Its address.
async fn start(name: &str, arguments: &[&str], settings: &Environment, folder: &Path) -> (Program, String) {
    let address = format!("127.0.0.1:{}", lasting_port());
    let mut settings = settings.clone();
    settings.insert("POSTVENTA_BIND".into(), address.clone());
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_keeps_the_data() {
    const DEMO: &str = "postventa-demo";
    let folder = folder();
    let settings = environment([("POSTVENTA_LOG", "warn")]);
    let (mut first, url) = start("first", &[], &settings, folder.path()).await;
    let admin = Client::sign_in(&url, "admin@demo.test", DEMO).await;
    let input = json!({ "externalId": "drill", "name": "Kept" });
    let made = admin
        .mutate("productRecord", "ProductRecordInput", input, "product { id }")
        .await;
    let product = made.accepted()["product"]["id"].clone();
    let total = "{ users(first: 1) { totalCount } }";
    let before = admin.ask(total, json!({})).await.data();
    first.signal("TERM");
    assert_eq!(first.ended_within(PATIENCE).await, Some(0), "{}", first.log());

    let (mut second, url) = start("second", &[], &settings, folder.path()).await;
    let again = Client::new(&url, admin.token.clone());
    let node = "query($id: ID!) { node(id: $id) { ... on Product { name } } }";
    let kept = again.ask(node, json!({ "id": product })).await.data();
    assert_eq!(
        kept,
        json!({ "node": { "name": "Kept" } }),
        "the session is kept as well"
    );
    assert_eq!(again.ask(total, json!({})).await.data(), before);
    // The simulated gateways know of the demo's refunds what the demo says.
    let verified = run(&["verify", "--gateway", "50"], &settings, folder.path());
    assert!(verified.status.success(), "{}", out(&verified));
    second.signal("TERM");
    assert_eq!(second.ended_within(PATIENCE).await, Some(0));
    let key = |name: &str| -> String {
        let said = std::fs::read_to_string(folder.path().join(format!("{name}.out"))).expect("a greeting");
        let mut lines = said.lines();
        lines.find(|line| line.contains("API key")).expect("a key").into()
    };
    assert_eq!(key("first"), key("second"));
}

#[test]
fn a_bad_setting_is_one_sentence_and_exit_code_2() {
    let folder = folder();
    for (name, value) in [
        ("POSTVENTA_BIND", "8080"),
        ("POSTVENTA_PUBLIC_URL", "shop.example"),
        ("POSTVENTA_ALLOWED_ORIGINS", "*"),
        ("POSTVENTA_ALLOWED_ORIGINS", "https://a.example,app.example"),
        ("POSTVENTA_SECRET_KEY", "secret"),
        ("POSTVENTA_DB_CONNECTIONS", "0"),
        ("POSTVENTA_WORKER_CONCURRENCY", "coffee=1"),
        ("POSTVENTA_CONFIG", "nowhere.toml"),
        ("POSTGRES_URL", "mysql://root:hunter2@localhost/x"),
        ("REDIS_URL", "http://localhost"),
        ("SMTP_PORT", "99999"),
        ("GATEWAY_TIMEOUT_SECONDS", "90"),
    ] {
        for arguments in [&[][..], &["serve"], &["worker"], &["verify"]] {
            let ended = run(arguments, &environment([(name, value)]), folder.path());
            let said = complaint(&ended);
            assert_eq!(ended.status.code(), Some(2), "{name} {arguments:?}: {said}");
            assert!(said.contains(name) && said.lines().count() == 1, "{name}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
    std::fs::write(folder.path().join("postventa.toml"), "coffee = 1\n").expect("a file");
    let ended = run(&["schema"], &Environment::new(), folder.path());
    assert_eq!(ended.status.code(), Some(2));
    assert!(complaint(&ended).contains("COFFEE"), "{}", complaint(&ended));
}

/// Text that is none, and text with something in it that nobody sees.
#[test]
fn every_setting_must_be_plain_text() {
    let folder = folder();
    for (name, _) in NAMES {
        for nonsense in [&b"hunter2\xff"[..], b"hunter2\x01x", b"hunter2\nx"] {
            let mut command = Command::new(binary());
            command.arg("schema").env_clear().current_dir(folder.path());
            command.env(name, OsStr::from_bytes(nonsense));
            let ended = command.output().expect("the program runs");
            let said = complaint(&ended);
            assert_eq!(ended.status.code(), Some(2), "{name} {nonsense:?}: {said}");
            assert!(said.contains(name) && said.lines().count() == 1, "{name}: {said}");
            // Only the path of a file is repeated: it is no secret.
            assert!(*name == "POSTVENTA_CONFIG" || !said.contains("hunter2"), "{said}");
        }
    }
}

#[test]
fn what_a_command_needs_it_asks_for_by_name() {
    let folder = folder();
    let url = "sqlite://x.sqlite";
    for (arguments, settings, missing) in [
        (
            &["serve"][..],
            environment([("DATABASE_URL", url)]),
            "POSTVENTA_SECRET_KEY",
        ),
        (
            &["worker"],
            environment([("DATABASE_URL", url)]),
            "POSTVENTA_SECRET_KEY",
        ),
        (&["migrate"], Environment::new(), "POSTGRES_URL"),
        (&["verify"], Environment::new(), "POSTGRES_URL"),
    ] {
        let ended = run(arguments, &settings, folder.path());
        assert_eq!(ended.status.code(), Some(2));
        assert!(
            complaint(&ended).contains(missing),
            "{arguments:?}: {}",
            complaint(&ended)
        );
    }
}

#[test]
fn schema_and_help_say_what_there_is() {
    let folder = folder();
    let schema = out(&run(&["schema"], &Environment::new(), folder.path()));
    let kept = include_str!("../../schema.graphql");
    assert!(schema == kept, "schema.graphql is not what the program prints");
    let help = out(&run(&["--help"], &Environment::new(), folder.path()));
    for (name, _) in NAMES {
        assert!(help.contains(name), "--help does not mention {name}");
    }
    for command in ["serve", "worker", "migrate", "seed", "schema", "verify", "admin"] {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "--help does not mention {command}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrate_twice_make_an_administrator_and_verify() {
    let folder = folder();
    let database = TestDatabase::on_postgres().await;
    let settings = environment([
        ("POSTGRES_URL", &database.settings.url),
        ("POSTVENTA_SECRET_KEY", &"07".repeat(32)),
        ("POSTVENTA_LOG", "warn"),
    ]);
    let db = database.connect().await;
    let emptied = "DROP SCHEMA public CASCADE";
    db.execute(emptied, vec![]).await.expect("an empty database");
    db.execute("CREATE SCHEMA public", vec![])
        .await
        .expect("an empty database");
    for _ in 0..2 {
        let migrated = run(&["migrate"], &settings, folder.path());
        assert_eq!(migrated.status.code(), Some(0), "{}", complaint(&migrated));
    }

    let create = [
        "admin",
        "create",
        "--team",
        "Acme",
        "--email",
        "ana@acme.test",
        "--locale",
        "pt",
    ];
    let made = run(&create, &settings, folder.path());
    assert_eq!(made.status.code(), Some(0), "{}", complaint(&made));
    let said = out(&made);
    let password = said
        .lines()
        .find_map(|line| line.strip_prefix("password"))
        .expect("a password")
        .trim();
    assert!(said.contains("new"), "{said}");
    let (mut serving, url) = start("serve", &["serve"], &settings, folder.path()).await;
    let admin = Client::sign_in(&url, "ana@acme.test", password).await;
    let again = run(
        &[&create[..], &["--password", "another-password"]].concat(),
        &settings,
        folder.path(),
    );
    assert!(
        again.status.success() && !out(&again).contains("new"),
        "{}",
        out(&again)
    );
    Client::sign_in(&url, "ana@acme.test", "another-password").await;
    let input = json!({ "externalId": "book", "name": "Book" });
    admin
        .try_mutate("productRecord", "ProductRecordInput", input, "product { id }")
        .await;
    serving.signal("TERM");
    assert_eq!(serving.ended_within(PATIENCE).await, Some(0));

    let good = run(&["verify"], &settings, folder.path());
    assert_eq!(good.status.code(), Some(0), "{}", out(&good));
    let damage = "INSERT INTO event_heads (team_id, last_position, pruned_through) SELECT id, 7, 0 FROM teams \
                  ON CONFLICT (team_id) DO UPDATE SET last_position = event_heads.last_position + 7";
    assert_eq!(db.connection().run(damage, vec![]).await.expect("an update"), 1);
    let bad = run(&["verify"], &settings, folder.path());
    assert_eq!(bad.status.code(), Some(1));
    assert!(out(&bad).contains("event-order: team_"), "{}", out(&bad));
    assert_eq!(count_of(&db).await, 1, "verify mends nothing");
}

async fn count_of(db: &domain::database::Database) -> i64 {
    let sql = "SELECT count(*) FROM event_heads WHERE last_position >= 7";
    let row = db
        .connection()
        .row(sql, vec![])
        .await
        .expect("a query")
        .expect("a count");
    row.try_get_by_index(0).expect("a number")
}
