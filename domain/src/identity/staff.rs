//! The first people of a team, made from the command line.

use entities::{Feature, Locale, TeamId, UserId, UserRole};
use secrecy::SecretString;

use super::{passwords, sessions};
use crate::{
    app::App,
    email,
    error::Outcome,
    users::{self, NewUser},
};

/// Makes an administrator, or sets the password of the one with this address and signs them out everywhere.
pub async fn create_admin(
    app: &App,
    team: TeamId,
    email: &str,
    password: &SecretString,
    locale: Locale,
) -> Outcome<UserId> {
    let email = &email::check("email", email)?;
    passwords::check_length("password", password)?;
    let hash = passwords::hash(app, password).await?;
    let mut tx = app.begin_as_system(team).await?;
    let new = NewUser {
        role: UserRole::Admin,
        features: vec![Feature::Impersonation],
        first_name: "Admin".into(),
        last_name: email.split('@').next().unwrap_or_default().to_owned(),
        company_email: email.to_owned(),
        locale: Some(locale),
        ..NewUser::default()
    };
    let id = users::insert_or_find(&mut tx, new).await?;
    users::lock_user(&tx, id).await?;
    passwords::store(&tx, id, hash).await?;
    sessions::revoke_all_except(&tx, id, None).await?;
    tx.audit("admin.created", id);
    tx.commit().await?;
    Ok(id)
}
