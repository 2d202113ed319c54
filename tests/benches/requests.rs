//! What requests cost, in CPU time of the server, each beside its limits in the same run: a bare HTTP answer
//! of the same server, and the same SQL through the same pool without anything around it.
//!
//! `tests/bench` runs it on both databases. Figures of different machines cannot be compared; ratios can.

use std::{
    fs,
    future::Future,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use api::server::{self, Server};
use domain::{App, database::Sql, values};
use entities::{PurchaseId, TeamId, UserId};
use seed::BulkOptions;
use serde_json::{Value, json};
use tests::{bulk, client::Client, database::TestDatabase, processes};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use transport::Limits;

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USERS: u64 = 5_000;
const REQUESTS: usize = 4_000;
const REFUNDS: usize = 400;
const AT_ONCE: usize = 4;

/// What one kind of work took.
struct Cost {
    cpu: Duration,
    wall: Duration,
    times: usize,
}

impl Cost {
    fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(u32::try_from(self.times).unwrap_or(u32::MAX))
    }

    fn per_second(&self) -> f64 {
        f64::from(u32::try_from(self.times).unwrap_or(u32::MAX)) / self.wall.as_secs_f64()
    }
}

struct Bench {
    server: Runtime,
    client: Runtime,
    app: App,
    caller: Client,
    address: SocketAddr,
}

fn main() {
    let bench = Bench::start();
    let backend = format!("{:?}", bench.app.db.dialect());
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!("# {backend}, {cores} cores, {USERS} users, {AT_ONCE} requests at once");
    println!(
        "{:<34}{:>12}{:>12}{:>22}{:>22}",
        "", "CPU µs", "per s", "× bare HTTP answer", "× the SQL alone"
    );

    let bare = bench.requests("a bare HTTP answer", REQUESTS, |bench, _| bench.healthz());
    row("bare HTTP answer (/healthz)", &bare, None, None);

    let (user, ids) = bench.ids();
    let sql = bench.sql(REQUESTS, USER_SQL, |app| values![user, app.1]);
    row("  SQL: one user by id", &sql, None, None);
    let query = "query($id: ID!) { user(id: $id) { id firstName lastName companyEmail active } }";
    let cost = bench.requests("user", REQUESTS, |bench, _| {
        bench.ask(query, json!({ "id": user.to_string() }))
    });
    row("one user by id", &cost, Some(&bare), Some(&sql));

    let sql = bench.sql(REQUESTS / 4, LIST_SQL, |app| values![app.1]);
    row("  SQL: 50 customers", &sql, None, None);
    let query = "{ users(first: 50, filter: { segment: CUSTOMER }) { nodes { id firstName lastName companyEmail \
                 planSubscription { status interval endsAt } ecosystem { name active } } } }";
    let cost = bench.requests("list", REQUESTS / 4, |bench, _| bench.ask(query, json!({})));
    row("50 customers, plan and ecosystem", &cost, Some(&bare), Some(&sql));

    let commits = bench.commits(REFUNDS);
    row("  one bare commit", &commits, None, None);
    let query = "mutation($id: ID!) { refundRequest(input: { purchaseId: $id, reason: REQUESTED_BY_CUSTOMER }) \
                 { refund { id status } userErrors { code } } }";
    let cost = bench.requests("refund", ids.len(), |bench, n| bench.refund(query, ids[n]));
    row("refund mutation", &cost, Some(&bare), Some(&commits));
}

const USER_SQL: &str = "SELECT u.id, u.first_name, u.last_name, u.company_email, \
     u.suspended_at IS NULL AND e.suspended_at IS NULL FROM users u LEFT JOIN ecosystems e ON e.id = u.ecosystem_id \
     WHERE u.id = $1 AND u.team_id = $2";
const LIST_SQL: &str = "SELECT u.id, u.first_name, u.last_name, u.company_email, p.status, p.interval, p.ends_at, e.name, \
     e.suspended_at FROM users u LEFT JOIN ecosystems e ON e.id = u.ecosystem_id \
     LEFT JOIN plan_subscriptions p ON p.id = (SELECT l.id FROM plan_subscriptions l WHERE l.user_id = u.id \
     ORDER BY l.starts_at DESC, l.id DESC LIMIT 1) \
     WHERE u.team_id = $1 AND u.segment = 'CUSTOMER' ORDER BY u.created_at, u.id LIMIT 51";

fn row(name: &str, cost: &Cost, bare: Option<&Cost>, sql: Option<&Cost>) {
    let ratio = |limit: Option<&Cost>| {
        limit.map_or_else(String::new, |limit| {
            format!("{:.1}", cost.cpu_micros() / limit.cpu_micros())
        })
    };
    println!(
        "{name:<34}{:>12.0}{:>12.0}{:>22}{:>22}",
        cost.cpu_micros(),
        cost.per_second(),
        ratio(bare),
        ratio(sql)
    );
}

impl Bench {
    fn start() -> Self {
        let runtime = |name: &str, threads| {
            Builder::new_multi_thread()
                .worker_threads(threads)
                .thread_name(name)
                .enable_all()
                .build()
                .expect("a runtime")
        };
        let (server, client) = (runtime("server", 2), runtime("client", 1));
        let (app, address, token) = server.block_on(async {
            // Kept for the whole run.
            let database = Box::leak(Box::new(TestDatabase::fresh().await));
            let app = processes::real_app(database.connect().await);
            let options = BulkOptions {
                team: "Bench".into(),
                users: USERS,
                seed: 1,
                progress: None,
            };
            let filled = seed::bulk(&app, options).await.expect("seeded");
            bulk::configure(&app, filled.team).await;
            let token = bulk::key(&app, filled.team).await;
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port");
            let address = listener.local_addr().expect("an address");
            let stop = CancellationToken::new();
            let parts = Server {
                app: app.clone(),
                limits: Limits::default(),
                trusted_proxies: Vec::new(),
                introspection: false,
                tabs: Vec::new(),
                mailbox: false,
                metrics: None,
                ready: Arc::new(|| true),
                shutdown: stop.clone(),
            };
            tokio::spawn(server::serve(listener, parts.router().expect("a router"), stop));
            (app, address, token)
        });
        let caller = Client::new(&format!("http://{address}"), Some(token));
        Self {
            server,
            client,
            app,
            caller,
            address,
        }
    }

    /// Some user, and purchases that can be refunded.
    fn ids(&self) -> (UserId, Vec<PurchaseId>) {
        self.server.block_on(async {
            let connection = self.app.db.connection();
            let user = connection.row("SELECT id FROM users WHERE segment = 'CUSTOMER' LIMIT 1", vec![]).await;
            let sql = "SELECT p.id FROM purchases p LEFT JOIN title_readings r ON r.user_id = p.user_id AND r.product_id = p.product_id \
                       WHERE p.kind = 'SINGLE' AND p.gateway IN ('STRIPE', 'MERCADO_PAGO') AND p.status = 'ACTIVE' \
                       AND COALESCE(r.percent_read, 0) < 50 LIMIT 400";
            let purchases = connection.rows(sql, vec![]).await.expect("purchases");
            let id = |row: &sea_orm::QueryResult| row.try_get_by_index(0).expect("an id");
            let user = user.expect("a query").expect("a customer").try_get_by_index(0).expect("an id");
            (user, purchases.iter().map(id).take(REFUNDS).collect())
        })
    }

    async fn healthz(&self) {
        let url = format!("http://{}/healthz", self.address);
        let body = self
            .caller
            .http()
            .get(url)
            .send()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("a body");
        assert_eq!(body, "ok\n");
    }

    async fn ask(&self, query: &str, variables: Value) {
        self.caller.ask(query, variables).await.data();
    }

    async fn refund(&self, query: &str, id: PurchaseId) {
        let data = self
            .caller
            .ask(query, json!({ "id": id.to_string() }))
            .await
            .data();
        assert_eq!(data["refundRequest"]["userErrors"], json!([]), "{data}");
    }

    /// CPU of the server's threads while the client sends requests.
    fn requests<'a, F: Future<Output = ()> + 'a>(
        &'a self,
        _name: &str,
        times: usize,
        request: impl Fn(&'a Self, usize) -> F,
    ) -> Cost {
        use futures::StreamExt;
        let run = |from: usize, count: usize| {
            let all = futures::stream::iter((from..from + count).map(|n| request(self, n)));
            self.client
                .block_on(all.buffer_unordered(AT_ONCE).collect::<Vec<()>>())
        };
        // What is cached by then is cached in production, too; refunds cannot be asked for twice.
        let warm = times / 10;
        run(0, warm);
        let (cpu, began) = (server_cpu(), Instant::now());
        run(warm, times - warm);
        Cost {
            cpu: server_cpu().saturating_sub(cpu),
            wall: began.elapsed(),
            times: times - warm,
        }
    }

    fn sql(&self, times: usize, sql: &str, bind: impl Fn(&(App, TeamId)) -> Vec<sea_orm::Value>) -> Cost {
        self.on_server(times, async |bench, _, known| {
            bench
                .app
                .db
                .connection()
                .rows(sql, bind(known))
                .await
                .expect("rows");
        })
    }

    /// One small row, one commit.
    fn commits(&self, times: usize) -> Cost {
        self.on_server(times, async |bench, n, _| {
            let sql = "INSERT INTO rate_limits (key, window_ends_at, used) VALUES ($1, $2, 1)";
            let values = values![format!("bench:{n}"), bench.app.clock.now()];
            bench.app.db.execute(sql, values).await.expect("a commit");
        })
    }

    fn on_server(&self, times: usize, work: impl AsyncFn(&Self, usize, &(App, TeamId))) -> Cost {
        self.server.block_on(async {
            let team = self
                .app
                .db
                .connection()
                .row("SELECT id FROM teams WHERE name = 'Bench'", vec![])
                .await;
            let team: TeamId = team
                .expect("a query")
                .expect("a team")
                .try_get_by_index(0)
                .expect("an id");
            let known = (self.app.clone(), team);
            let (cpu, began) = (process_cpu(), Instant::now());
            for n in 0..times {
                work(self, n, &known).await;
            }
            Cost {
                cpu: process_cpu().saturating_sub(cpu),
                wall: began.elapsed(),
                times,
            }
        })
    }
}

/// CPU time of the threads that serve: the runtime's and SQLite's own.
fn server_cpu() -> Duration {
    cpu_of(|name| name.starts_with("server") || name.starts_with("sqlx-"))
}

/// CPU time of everything but the client's threads: what runs on the main thread counts, too.
fn process_cpu() -> Duration {
    cpu_of(|name| !name.starts_with("client"))
}

/// From `/proc/self/task/*/schedstat`, in nanoseconds.
fn cpu_of(wanted: impl Fn(&str) -> bool) -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("the list of threads");
    let nanos = tasks.flatten().filter_map(|task| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let spent = fs::read_to_string(task.path().join("schedstat")).ok()?;
        wanted(name.trim())
            .then(|| spent.split(' ').next()?.parse::<u64>().ok())
            .flatten()
    });
    Duration::from_nanos(nanos.sum())
}
