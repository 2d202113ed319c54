//! Callers of every kind: customers, integrations, and administrators who look through somebody's eyes.

use chrono::TimeDelta;
use domain::{
    identity::{api_keys, sessions},
    vault::Token,
};
use entities::{ApiKeyId, Locale, SessionId, UserId, api_key, session, user};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::json;

use crate::{client::Client, stage::Stage};

impl Stage {
    /// A customer who has come in. Their sign-in by link is another story: the session is written as it leaves it.
    pub async fn customer_client(&self, email: &str) -> Client {
        let id = self.customer(email).await;
        self.client_of(id.parse().expect("a user's id"), None).await
    }

    /// Somebody who has signed in, or through whose eyes an administrator looks.
    pub async fn client_of(&self, user: UserId, impersonator: Option<UserId>) -> Client {
        let token = Token::new(&*self.app.ids, sessions::TOKEN_PREFIX);
        let now = self.app.clock.now();
        let user = self.user_row(user).await;
        let row = session::ActiveModel {
            id: Set(SessionId(self.app.ids.uuid(now))),
            team_id: Set(user.team_id),
            user_id: Set(user.id),
            token_hash: Set(token.hash),
            impersonator_id: Set(impersonator),
            impersonation_reason: Set(impersonator.map(|_| "A story".to_owned())),
            created_at: Set(now),
            expires_at: Set(now + TimeDelta::hours(1)),
            revoked_at: Set(None),
            ip_address: Set(None),
            user_agent: Set(None),
        };
        row.insert(self.app.db.connection()).await.expect("a session");
        Client::new(&self.url, Some(token.shown))
    }

    /// An integration with these scopes, which may be none.
    pub async fn key_with(&self, scopes: &[&str]) -> Client {
        let token = Token::new(&*self.app.ids, api_keys::SECRET_PREFIX);
        let now = self.app.clock.now();
        let row = api_key::ActiveModel {
            id: Set(ApiKeyId(self.app.ids.uuid(now))),
            team_id: Set(self.team),
            name: Set("story".into()),
            secret_hash: Set(token.hash),
            scopes: Set(json!(scopes)),
            created_by: Set(self.user_with(crate::stage::ADMIN).await.id),
            parent_id: Set(None),
            created_at: Set(now),
            last_used_at: Set(None),
            expires_at: Set(None),
            revoked_at: Set(None),
        };
        row.insert(self.app.db.connection()).await.expect("an API key");
        Client::new(&self.url, Some(token.shown))
    }

    pub async fn user_row(&self, id: UserId) -> user::Model {
        let found = user::Entity::find_by_id(id).one(self.app.db.connection()).await;
        found.expect("users are read").expect("a user")
    }

    /// Whoever has this address, in whichever team.
    pub async fn user_with(&self, email: &str) -> user::Model {
        let found = user::Entity::find().filter(user::Column::EmailKey.eq(email.to_lowercase()));
        let found = found.one(self.app.db.connection()).await;
        found.expect("users are read").expect("a user")
    }

    /// Sets a language as somebody's own.
    pub async fn speaks(&self, user: UserId, locale: Locale) {
        let row = user::ActiveModel {
            id: Set(user),
            locale: Set(locale),
            ..Default::default()
        };
        row.update(self.app.db.connection()).await.expect("a change");
    }

    /// Runs SQL as an operator would at the console.
    pub async fn sql(&self, sql: &str) {
        let done = self.app.db.execute(sql, Vec::new()).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}
