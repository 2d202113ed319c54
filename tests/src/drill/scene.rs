//! Where a drill plays: an installation with a shop in it, workers, and gateways that outlive them all.

use std::time::Duration;

use domain::App;
use migration::{Migrator, MigratorTrait};

use super::{
    clients::Accepted,
    detectors::{self, Finding},
    fleet::{self, Fleet, Part},
    gateways::Gateways,
    program::{Environment, lasting_port},
    shop::Shop,
};
use crate::database::TestDatabase;

pub struct Scene {
    pub fleet: Fleet,
    pub gateways: Gateways,
    pub app: App,
    pub shop: Shop,
    /// The process that answers clients.
    pub front: usize,
    pub workers: Vec<usize>,
    _database: Option<TestDatabase>,
}

/// How large it is to be.
#[derive(Default)]
pub struct Plan {
    pub sales: usize,
    pub workers: usize,
    pub settings: Environment,
    /// Without their webhooks the gateways' answers are all that is known.
    pub silent_gateways: bool,
}

impl Scene {
    /// `serve` and workers on PostgreSQL.
    pub async fn scaled(database: TestDatabase, plan: Plan) -> Self {
        let folder = fleet::folder();
        let port = lasting_port();
        let home = format!("http://127.0.0.1:{port}");
        let gateways = Gateways::start(folder.path(), (!plan.silent_gateways).then_some(&home)).await;
        let mut fleet = Fleet::new(folder, &database.settings.url, &gateways, &plan.settings);
        let front = fleet.start_at(Part::Serve, port);
        let workers: Vec<usize> = (0..plan.workers).map(|_| fleet.start(Part::Worker)).collect();
        let app = fleet.app().await;
        Self::open(fleet, gateways, app, front, workers, plan.sales, Some(database)).await
    }

    /// One process that is everything, on SQLite.
    pub async fn embedded(plan: Plan) -> Self {
        let folder = fleet::folder();
        let port = lasting_port();
        let home = format!("http://127.0.0.1:{port}");
        let gateways = Gateways::start(folder.path(), Some(&home)).await;
        let data = folder.path().join("data");
        std::fs::create_dir_all(&data).expect("a data folder");
        let url = format!("sqlite://{}", data.join("postventa.sqlite").display());
        let mut fleet = Fleet::new(folder, &url, &gateways, &plan.settings);
        let data = data.to_str().expect("a path").to_owned();
        fleet.settings.insert("POSTVENTA_DATA_DIR".into(), data);
        let app = fleet.app().await;
        let connection = app.db.connection().whole();
        Migrator::up(connection, None).await.expect("the tables are made");
        // A database that is not empty gets no demo team.
        Shop::team(&app).await;
        let front = fleet.start_at(Part::Embedded, port);
        Self::open(fleet, gateways, app, front, vec![front], plan.sales, None).await
    }

    async fn open(
        fleet: Fleet,
        gateways: Gateways,
        app: App,
        front: usize,
        workers: Vec<usize>,
        sales: usize,
        database: Option<TestDatabase>,
    ) -> Self {
        fleet.ready(front).await;
        let shop = Shop::open(&app, &fleet.url(front), &gateways, sales).await;
        for worker in &workers {
            fleet.ready(*worker).await;
        }
        Self {
            fleet,
            gateways,
            app,
            shop,
            front,
            workers,
            _database: database,
        }
    }

    /// Waits until nothing is under way any more. What is wrong then, as good gateways tell it.
    pub async fn findings(&self, accepted: &[Accepted], patience: Duration) -> Vec<Finding> {
        detectors::all_settled(&self.app, patience).await;
        self.gateways.heal().await;
        let journals = self.gateways.journals().await;
        detectors::detect(&self.fleet, &self.app, accepted, &journals).await
    }
}
