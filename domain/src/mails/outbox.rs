//! The way of a mail: written in the transaction of its occasion, sent by a job, once as far as SMTP allows.

use entities::{MailId, MailStatus, TeamId, UserId, mail, team, user};
use futures::future::BoxFuture;
use sea_orm::{
    ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect, Set, sea_query::OnConflict,
};

use super::{Brand, MailContent, SendMail, compose};
use crate::{
    adapters::mail::{MailError, OutgoingMail},
    app::App,
    error::Outcome,
    jobs::{ClaimedJob, Ending, Handled, NewJob},
    scoped::Scoped,
    tx::Tx,
};

/// How the sending of a mail has ended.
pub(crate) struct DeliveryReport {
    /// The id of what it is about.
    pub subject_id: String,
    /// Why it did not go out; none if it did.
    pub error: Option<String>,
}

/// What the subjects do once a mail about one of theirs was delivered or given up, in the same commit.
#[derive(Default)]
pub(crate) struct Followers(pub Vec<Follower>);

type Follower = for<'a> fn(&'a mut Tx, &'a DeliveryReport) -> BoxFuture<'a, Outcome<()>>;

/// Writes a mail to somebody, with the job that sends it. The same occasion is told once, however often it occurs.
pub async fn write(
    app: &App,
    tx: &mut Tx,
    to: &user::Model,
    content: &MailContent,
    occasion: String,
    subject_id: String,
) -> Outcome<()> {
    let team = tx_team(tx).await?;
    let brand = brand(app, &team);
    let composed = compose(content, &brand).map_err(anyhow::Error::from)?;
    let id: MailId = tx.id();
    let domain = brand
        .support_address
        .rsplit_once('@')
        .map_or("postventa.invalid", |(_, domain)| domain);
    let row = mail::ActiveModel {
        id: Set(id),
        team_id: Set(team.id),
        user_id: Set(Some(to.id)),
        actor_id: Set(tx.origin().actor),
        impersonator_id: Set(tx.origin().impersonator),
        template: Set(content.template().to_owned()),
        locale: Set(content.locale()),
        from_address: Set(brand.support_address.clone()),
        to_address: Set(to.company_email.clone()),
        subject: Set(composed.subject),
        html: Set(composed.html),
        plain: Set(composed.plain),
        message_id: Set(format!("<{id}@{domain}>")),
        occasion: Set(occasion),
        subject_id: Set(Some(subject_id)),
        status: Set(MailStatus::Queued),
        last_error: Set(None),
        created_at: Set(tx.now()),
        sent_at: Set(None),
    };
    let once = OnConflict::columns([mail::Column::TeamId, mail::Column::Occasion])
        .do_nothing()
        .to_owned();
    let written = mail::Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(tx.db())
        .await?;
    if written > 0 {
        tx.enqueue(NewJob::now::<SendMail>(id));
    }
    Ok(())
}

async fn tx_team(tx: &Tx) -> Outcome<team::Model> {
    let found = team::Entity::find_by_id(tx.actor().team).one(tx.db()).await?;
    Ok(found.ok_or_else(|| anyhow::anyhow!("{} is gone", tx.actor().team))?)
}

/// In whose name a team's mails are written.
pub fn brand(app: &App, team: &team::Model) -> Brand {
    let own = Some(team.support_address.clone()).filter(|address| !address.is_empty());
    Brand {
        team: team.name.clone(),
        support_address: own.unwrap_or_else(|| app.settings.support_email_from.clone()),
        zone: team.time_zone.parse().unwrap_or(chrono_tz::UTC),
    }
}

/// Sends a mail that is waiting. A mail that was handed over is not sent again; if the handing over was cut
/// off, the repeat has the same Message-ID.
pub(super) async fn deliver(app: &App, job: &ClaimedJob, id: MailId) -> Handled {
    let team = job.team()?;
    let found = mail::Entity::of_by_id(team, id).one(app.db.connection()).await?;
    let Some(mail) = found else {
        return Ok(Ending::Dead {
            reason: format!("{id} is gone"),
        });
    };
    if mail.status != MailStatus::Queued {
        return Ok(Ending::Done);
    }
    let (status, error) = match app.mail.send(&outgoing(app, team, &mail).await?).await {
        Ok(()) => (MailStatus::Sent, None),
        Err(MailError::Permanent(reason)) => (MailStatus::Failed, Some(reason)),
        Err(error @ MailError::Temporary(_)) => return Err(anyhow::Error::from(error).into()),
    };
    let mut tx = app.begin_for(job).await?;
    conclude(app, &mut tx, mail, status, error).await?;
    tx.commit().await?;
    Ok(Ending::Done)
}

/// A mail whose job was dead-lettered is not sent, and whoever waits for it learns why.
pub(super) async fn dead_lettered(app: &App, tx: &mut Tx, id: MailId, reason: &str) -> Outcome<()> {
    let found = mail::Entity::of_by_id(tx.actor().team, id).one(tx.db()).await?;
    match found.filter(|mail| mail.status == MailStatus::Queued) {
        Some(mail) => conclude(app, tx, mail, MailStatus::Failed, Some(reason.to_owned())).await,
        None => Ok(()),
    }
}

async fn outgoing(app: &App, team: TeamId, mail: &mail::Model) -> Outcome<OutgoingMail> {
    let sender = crate::teams::load(app, team).await?;
    let receiver = match mail.user_id {
        Some(id) => user::Entity::of_by_id(team, id).one(app.db.connection()).await?,
        None => None,
    };
    Ok(OutgoingMail {
        from_name: sender.name,
        from_address: mail.from_address.clone(),
        to_name: receiver
            .map(|user| format!("{} {}", user.first_name, user.last_name))
            .unwrap_or_default(),
        to_address: mail.to_address.clone(),
        reply_to: None,
        subject: mail.subject.clone(),
        html: mail.html.clone(),
        plain: mail.plain.clone(),
        message_id: mail.message_id.clone(),
        date: mail.created_at,
    })
}

async fn conclude(
    app: &App,
    tx: &mut Tx,
    mail: mail::Model,
    status: MailStatus,
    error: Option<String>,
) -> Outcome<()> {
    let (id, user, template) = (mail.id, mail.user_id, mail.template.clone());
    let subject = mail.subject_id.clone();
    let mut row = mail.into_active_model();
    row.status = Set(status);
    row.sent_at = Set((status == MailStatus::Sent).then(|| tx.now()));
    row.last_error = Set(error.clone());
    row.update(tx.db()).await?;
    let user = user.map(|user: UserId| user.to_string());
    tx.audit_with(
        "mail.delivered",
        Some(id.to_string()),
        None,
        serde_json::json!({ "status": status, "to": user, "template": template }),
    );
    if let Some(subject_id) = subject {
        let delivery = DeliveryReport { subject_id, error };
        for follower in &app.memory::<Followers>().0 {
            follower(tx, &delivery).await?;
        }
    }
    Ok(())
}

/// The last mails of all teams, newest first: for the embedded mode's mailbox page.
pub async fn latest(app: &App, limit: u64) -> Outcome<Vec<mail::Model>> {
    let mails = mail::Entity::find()
        .order_by_desc(mail::Column::CreatedAt)
        .order_by_desc(mail::Column::Id);
    Ok(mails.limit(limit).all(app.db.connection()).await?)
}

/// One mail of any team: for the embedded mode's mailbox page.
pub async fn by_id(app: &App, id: MailId) -> Outcome<Option<mail::Model>> {
    Ok(mail::Entity::find_by_id(id).one(app.db.connection()).await?)
}
