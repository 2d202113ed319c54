//! One size of the business: a database with so many users, the program that serves it, and somebody who asks.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use api::server::{self, Server};
use domain::{
    App,
    database::{Database, DatabaseSettings, Sql},
    values,
};
use entities::TeamId;
use migration::{Migrator, MigratorTrait};
use sea_orm::ConnectionTrait;
use seed::BulkOptions;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tests::{
    bulk,
    client::Client,
    drill::{
        program::{Environment, Program, environment, lasting_port},
        until,
    },
    processes,
    servers::{
        postgres::{self, Postgres},
        setting,
    },
    statements::Statements,
};
use tokio_util::sync::CancellationToken;
use transport::Limits;

/// Memory as a small server of its own would have it, and no waiting for a disk, which is not what is measured.
pub const OPTIONS: &[&str] = &[
    "shared_buffers=1GB",
    "effective_cache_size=4GB",
    "maintenance_work_mem=512MB",
    "max_wal_size=512MB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
];

const TEAM: &str = "Bench";
const TABLES: [&str; 6] = [
    "users",
    "purchases",
    "entitlements",
    "reading_sessions",
    "title_readings",
    "plan_subscriptions",
];
const START: Duration = Duration::from_mins(1);

/// One size, ready to be asked.
pub struct Installation {
    pub users: u64,
    /// The pool that statements are asked through again, set up like the server's own.
    pub db: Database,
    pub team: TeamId,
    /// Who asks the program.
    pub caller: Client,
    /// Who asks the same server in this process, which tells of its statements.
    pub heard: Client,
    pub statements: Statements,
    pub program: Program,
    /// Those of the program.
    pub settings: Environment,
    /// Where it writes what is not in the database.
    pub folder: TempDir,
    stop: CancellationToken,
}

/// The PostgreSQL whose databases are filled once and kept for the next run.
pub fn server() -> Postgres {
    let folder = cache().join(fingerprint());
    println!("the data are kept in {}", folder.display());
    Postgres::lasting(&folder, OPTIONS).expect("PostgreSQL starts")
}

/// `POSTVENTA_BENCH_FOLDER`, or in `~/.cache`. PostgreSQL does not run as root, whose home is closed to others.
fn cache() -> PathBuf {
    if let Some(folder) = setting("POSTVENTA_BENCH_FOLDER") {
        return folder.into();
    }
    let home = setting("HOME").filter(|_| !postgres::is_root().unwrap_or(false));
    let base = home.map_or_else(
        || PathBuf::from("/var/cache"),
        |home| Path::new(&home).join(".cache"),
    );
    base.join("postventa/bench")
}

/// Other tables or another seed make other data.
fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for folder in ["../migration/sql", "../domain/seed/src/bulk"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .expect("a folder of the sources")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        for file in files {
            hash.update(fs::read(file).expect("a source file"));
        }
    }
    hex::encode(&hash.finalize()[..6])
}

impl Installation {
    pub async fn open(server: &Postgres, users: u64) -> Self {
        let url = format!("{}/users_{users}", server.url());
        if !is_filled(server, users).await {
            fill(server, &url, users).await;
        }
        let settings = DatabaseSettings::new(url.clone(), 8);
        let db = Database::connect(&settings).await.expect("the database opens");
        let team = team(&db).await;
        print_rows(&db, users).await;

        let folder = tempfile::tempdir().expect("a folder");
        let (environment, address) = served_with(&url);
        let program = serve(&environment, &address, folder.path()).await;
        let mut listened = Database::connect(&settings).await.expect("the database opens");
        let statements = Statements::default();
        statements.hear(&mut listened);
        let app = processes::real_app(listened);
        bulk::configure(&app, team).await;
        let token = bulk::key(&app, team).await;
        let stop = CancellationToken::new();
        let here = serve_here(app, stop.clone()).await;
        Self {
            users,
            db,
            team,
            caller: Client::new(&address, Some(token.clone())),
            heard: Client::new(&here, Some(token)),
            statements,
            program,
            settings: environment,
            folder,
            stop,
        }
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn is_filled(server: &Postgres, users: u64) -> bool {
    let admin = sea_orm::Database::connect(format!("{}/postgres", server.url()));
    let admin = admin.await.expect("a connection");
    // The name is given at the very end.
    let sql = format!("SELECT 1 FROM pg_database WHERE datname = 'users_{users}'");
    let found = admin.row(&sql, vec![]).await.expect("a query").is_some();
    if !found {
        for sql in [
            format!("DROP DATABASE IF EXISTS filling_{users}"),
            format!("CREATE DATABASE filling_{users}"),
        ] {
            admin.execute_unprepared(&sql).await.expect("a new database");
        }
    }
    found
}

async fn fill(server: &Postgres, url: &str, users: u64) {
    let draft = url.replace("/users_", "/filling_");
    let settings = DatabaseSettings::new(draft, 4);
    let db = Database::connect(&settings).await.expect("the database opens");
    Migrator::up(db.connection().whole(), None)
        .await
        .expect("the tables are made");
    let app = processes::real_app(db);
    let options = BulkOptions {
        team: TEAM.into(),
        users,
        seed: 1,
        progress: None,
    };
    let filled = seed::bulk(&app, options).await.expect("a filled database");
    println!(
        "{users} users: {} rows were written in {:.0} s, indexes and ANALYZE included",
        filled.rows, filled.seconds
    );
    // So that nobody is cleaning up while others are measured.
    let connection = app.db.connection();
    connection
        .execute_unprepared("VACUUM ANALYZE")
        .await
        .expect("a vacuum");
    drop(app);
    let admin = sea_orm::Database::connect(format!("{}/postgres", server.url()));
    let admin = admin.await.expect("a connection");
    // The pool's connections close when they find the time.
    let end =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'filling_{users}'");
    let rename = format!("ALTER DATABASE filling_{users} RENAME TO users_{users}");
    for sql in [end, rename] {
        admin.execute_unprepared(&sql).await.expect("a new name");
    }
}

async fn team(db: &Database) -> TeamId {
    let sql = "SELECT id FROM teams WHERE name = $1";
    let row = db.connection().row(sql, values![TEAM]).await;
    let row = row.expect("a query").expect("the team");
    row.try_get_by_index(0).expect("an id")
}

async fn print_rows(db: &Database, users: u64) {
    print!("{users} users:");
    for table in TABLES {
        let sql = format!("SELECT count(*) FROM {table}");
        let row = db.connection().row(&sql, vec![]).await.expect("a query");
        let count: i64 = row.expect("a count").try_get_by_index(0).expect("a number");
        print!(" {table} {count}");
    }
    let sql = "SELECT pg_database_size(current_database()) / 1000000";
    let row = db.connection().row(sql, vec![]).await.expect("a query");
    let size: i64 = row.expect("a size").try_get_by_index(0).expect("a number");
    println!(", {size} MB with indexes");
}

/// The settings of a `serve` on this database, and the address at which it will be reached.
fn served_with(url: &str) -> (Environment, String) {
    let address = format!("127.0.0.1:{}", lasting_port());
    let settings = environment([
        ("DATABASE_URL", url),
        ("POSTVENTA_BIND", &address),
        ("POSTVENTA_SECRET_KEY", &"07".repeat(32)),
        ("POSTVENTA_INTROSPECTION", "off"),
        ("POSTVENTA_LOG", "info"),
    ]);
    (settings, format!("http://{address}"))
}

/// `postventa serve` as operators run it.
async fn serve(settings: &Environment, address: &str, folder: &Path) -> Program {
    let program = Program::start("serve", &["serve"], settings, folder);
    let _ = rustls::crypto::ring::default_provider().install_default();
    until("the program serves", START, async || {
        let answer = reqwest::get(format!("{address}/readyz")).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
    program
}

async fn serve_here(app: App, stop: CancellationToken) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = Server {
        app,
        limits: Limits::default(),
        trusted_proxies: Vec::new(),
        introspection: false,
        tabs: Vec::new(),
        mailbox: false,
        metrics: None,
        ready: Arc::new(|| true),
        shutdown: stop.clone(),
    };
    let router = server.router().expect("a router");
    tokio::spawn(server::serve(listener, router, stop));
    format!("http://{address}")
}
