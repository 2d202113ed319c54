//! A team that was filled in bulk, made ready to be measured: an integration's key, and gateways to refund at.

use domain::{
    App,
    actor::{Actor, Principal, Scope, Scopes},
    database::Sql,
    identity::api_keys,
    teams::{self, SecretName, SettingsChange},
    values,
};
use entities::{TeamId, UserRole};

/// The team's credentials, so that its purchases can be refunded; nothing is sent anywhere.
pub async fn configure(app: &App, team: TeamId) {
    let secret = |name, secret: &str| (name, secret.to_owned().into());
    let change = SettingsChange {
        secrets: vec![
            secret(SecretName::StripeSecretKey, "sk_bench"),
            secret(SecretName::MercadoPagoAccessToken, "TEST-bench"),
        ],
        ..SettingsChange::default()
    };
    teams::update_settings(app, &admin(app, team).await, change)
        .await
        .expect("settings");
}

/// A new API key that may do everything.
pub async fn key(app: &App, team: TeamId) -> String {
    let scopes: Vec<String> = Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect();
    let created = api_keys::create(app, &admin(app, team).await, "bench", &scopes, Ok(None)).await;
    created.expect("a key").secret
}

async fn admin(app: &App, team: TeamId) -> Actor {
    let sql = "SELECT id FROM users WHERE team_id = $1 AND role = 'ADMIN' LIMIT 1";
    let row = app.db.connection().row(sql, values![team]).await;
    let row = row.expect("a query").expect("an administrator");
    Actor {
        principal: Principal::User {
            id: row.try_get_by_index(0).expect("an id"),
            role: UserRole::Admin,
        },
        scopes: Scopes::all(),
        ..Actor::system(team)
    }
}
