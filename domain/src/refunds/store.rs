//! The refunds' rows, their effects and their timeline.

use chrono::{DateTime, Utc};
use entities::{
    EffectStatus, PaymentGateway, PurchaseId, RefundEffectKind, RefundId, RefundReason, RefundStatus, TeamId,
    follow_up, purchase, refund, refund_effect, team,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set, Statement,
    sea_query::{Expr, OnConflict},
};

use crate::{database::Sql, error::Outcome, message::Message, purchases, scoped::Scoped, tx::Tx, values};

/// The refunds of some purchases, oldest first.
pub async fn of_purchases(
    connection: &impl ConnectionTrait,
    team: TeamId,
    purchases: &[entities::PurchaseId],
) -> Outcome<Vec<refund::Model>> {
    let rows = refund::Entity::of(team).filter(refund::Column::PurchaseId.is_in(purchases.iter().copied()));
    Ok(rows.order_by_asc(refund::Column::Id).all(connection).await?)
}

/// The refunds of a payment, oldest first: of every purchase that it has paid for.
pub(super) async fn of_payment(
    connection: &impl ConnectionTrait,
    purchase: &purchase::Model,
) -> Outcome<Vec<refund::Model>> {
    let sql = "SELECT r.* FROM refunds r JOIN purchases p ON p.id = r.purchase_id WHERE p.team_id = $1 \
               AND p.gateway = $2 AND p.gateway_payment_id = $3 ORDER BY r.id";
    let values = values![
        purchase.team_id,
        purchase.gateway,
        purchase.gateway_payment_id.clone()
    ];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(refund::Entity::find()
        .from_raw_sql(statement)
        .all(connection)
        .await?)
}

/// Locks every purchase that the payment of a refund has paid for, in the order of their ids. The refund's own one.
pub(super) async fn lock_payment(tx: &Tx, refund: RefundId) -> Outcome<purchase::Model> {
    let team = tx.actor().team;
    let backend = tx.db().get_database_backend();
    let of_refund = "SELECT p.* FROM purchases p JOIN refunds r ON r.purchase_id = p.id \
                     WHERE r.id = $1 AND r.team_id = $2";
    let statement = Statement::from_sql_and_values(backend, of_refund, values![refund, team]);
    let found = purchase::Entity::find()
        .from_raw_sql(statement)
        .one(tx.db())
        .await?;
    let own = found.ok_or_else(|| anyhow::anyhow!("the purchase of {refund} is gone"))?;
    let all = format!(
        "SELECT * FROM purchases WHERE team_id = $1 AND gateway = $2 AND gateway_payment_id = $3 ORDER BY id{}",
        tx.db().dialect().for_update()
    );
    let values = values![team, own.gateway, own.gateway_payment_id.clone()];
    let statement = Statement::from_sql_and_values(backend, all, values);
    let all = purchase::Entity::find()
        .from_raw_sql(statement)
        .all(tx.db())
        .await?;
    match all.into_iter().find(|purchase| purchase.id == own.id) {
        Some(purchase) => Ok(purchase),
        // Paid for at no gateway.
        None => Ok(purchases::lock(tx, own.id).await?.unwrap_or(own)),
    }
}

/// The refunds at a gateway that are under way and say that this holds them up. They are locked, in the order of their
/// ids.
pub(super) async fn hindered_by(
    tx: &Tx,
    gateway: PaymentGateway,
    hindrances: &[String; 2],
) -> Outcome<Vec<RefundId>> {
    let sql = format!(
        "SELECT id FROM refunds WHERE team_id = $1 AND gateway = $2 AND hindrance IN ($3, $4) \
         AND status IN ('REQUESTED', 'PROCESSING', 'PENDING') ORDER BY id{}",
        tx.db().dialect().for_update()
    );
    let [one, other] = hindrances;
    let rows = tx
        .db()
        .rows(&sql, values![tx.actor().team, gateway, one, other])
        .await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Lets the pauses between their tries begin with the shortest again.
pub(super) async fn reset_pauses(tx: &Tx, refunds: &[RefundId]) -> Outcome<()> {
    for ids in refunds.chunks(500) {
        refund::Entity::update_many()
            .col_expr(refund::Column::HinderedTimes, Expr::value(0))
            .filter(refund::Column::TeamId.eq(tx.actor().team))
            .filter(refund::Column::Id.is_in(ids.iter().copied()))
            .exec(tx.db())
            .await?;
    }
    Ok(())
}

/// The other refund of ours that a refund at the gateway is known to be.
pub(super) async fn other_known_as(
    tx: &Tx,
    refund: &refund::Model,
    at_gateway: &str,
) -> Outcome<Option<RefundId>> {
    let found = refund::Entity::of(refund.team_id)
        .filter(refund::Column::Gateway.eq(refund.gateway))
        .filter(refund::Column::GatewayRefundId.eq(at_gateway))
        .filter(refund::Column::Id.ne(refund.id));
    Ok(found.one(tx.db()).await?.map(|other| other.id))
}

pub(super) async fn team(tx: &Tx) -> Outcome<team::Model> {
    let found = team::Entity::find_by_id(tx.actor().team).one(tx.db()).await?;
    Ok(found.ok_or_else(|| anyhow::anyhow!("{} is gone", tx.actor().team))?)
}

pub(super) async fn by_idempotency_key(tx: &Tx, key: &str) -> Outcome<Option<refund::Model>> {
    let found = refund::Entity::of(tx.actor().team).filter(refund::Column::IdempotencyKey.eq(key));
    Ok(found.one(tx.db()).await?)
}

/// The refund as it is in this transaction; its purchase must be locked.
pub(super) async fn by_id(tx: &Tx, id: RefundId) -> Outcome<refund::Model> {
    let found = refund::Entity::of_by_id(tx.actor().team, id).one(tx.db()).await?;
    Ok(found.ok_or_else(|| anyhow::anyhow!("{id} is gone"))?)
}

/// The other refund of the purchase that took its access and has not failed. What was taken for fraud stays taken.
pub(super) async fn other_taking_access(
    tx: &Tx,
    purchase: PurchaseId,
    but: RefundId,
) -> Outcome<Option<refund::Model>> {
    let gone = [RefundStatus::Failed, RefundStatus::Reversed];
    let other_taking_access = refund::Entity::of(tx.actor().team)
        .filter(refund::Column::PurchaseId.eq(purchase))
        .filter(refund::Column::Id.ne(but))
        .filter(refund::Column::TakesAccess.eq(true))
        .filter(refund::Column::Reason.ne(RefundReason::Fraudulent))
        .filter(refund::Column::Status.is_not_in(gone));
    Ok(other_taking_access.one(tx.db()).await?)
}

pub(super) async fn add_step(
    tx: &Tx,
    refund: RefundId,
    status: RefundStatus,
    detail: Option<Message>,
) -> Outcome<()> {
    tx.db()
        .run(
            "INSERT INTO refund_steps (refund_id, number, team_id, at, status, detail) \
             SELECT $1, COALESCE(max(number), 0) + 1, $2, $3, $4, $5 FROM refund_steps WHERE refund_id = $1",
            values![
                refund,
                tx.actor().team,
                tx.now(),
                status,
                detail.map(|detail| detail.to_stored())
            ],
        )
        .await?;
    Ok(())
}

/// Opens a task for a person, due within a day.
pub(super) async fn add_follow_up(tx: &Tx, refund: RefundId, note: Message) -> Outcome<()> {
    let row = follow_up::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(tx.actor().team),
        refund_id: Set(Some(refund)),
        note: Set(note.to_stored()),
        due_at: Set(tx.now() + chrono::TimeDelta::days(1)),
        assignee_id: Set(None),
        done_at: Set(None),
        created_at: Set(tx.now()),
    };
    row.insert(tx.db()).await?;
    Ok(())
}

/// The task of a refund that has been held up for long.
const HELD_UP: &str = "follow-up-refund-held-up";

/// Opens a task, if no task of this kind is open for the refund.
pub(super) async fn add_follow_up_once(tx: &Tx, refund: RefundId, key: &str, note: Message) -> Outcome<()> {
    let sql = "SELECT count(*) FROM follow_ups WHERE refund_id = $1 AND done_at IS NULL AND note LIKE $2";
    if tx
        .db()
        .count(sql, values![refund, format!("%\"{key}\"%")])
        .await?
        > 0
    {
        return Ok(());
    }
    add_follow_up(tx, refund, note).await
}

/// Tells a person that a refund does not go on.
pub(super) async fn add_held_up_follow_up(tx: &Tx, refund: &refund::Model) -> Outcome<()> {
    let note = super::settle::note_of(HELD_UP, refund).with("gateway", refund.gateway);
    add_follow_up_once(tx, refund.id, HELD_UP, note).await
}

/// Closes that task: the refund goes on.
pub(super) async fn close_held_up_follow_up(tx: &Tx, refund: RefundId) -> Outcome<()> {
    let sql = "UPDATE follow_ups SET done_at = $1 WHERE refund_id = $2 AND done_at IS NULL AND note LIKE $3";
    let note = format!("%\"{HELD_UP}\"%");
    tx.db().run(sql, values![tx.now(), refund, note]).await?;
    Ok(())
}

/// A person has decided: what was asked of them is done.
pub(super) async fn close_follow_ups(tx: &Tx, refund: RefundId) -> Outcome<()> {
    let sql = "UPDATE follow_ups SET done_at = $1 WHERE refund_id = $2 AND done_at IS NULL";
    tx.db().run(sql, values![tx.now(), refund]).await?;
    Ok(())
}

/// Opens the task to resume an agreement that was paused for a refund that has failed or was reversed. After fraud it
/// stays paused, as the plan stays canceled.
pub(super) async fn add_resume_follow_up(tx: &Tx, refund: &refund::Model, subscription: &str) -> Outcome<()> {
    if refund.reason == RefundReason::Fraudulent {
        return Ok(());
    }
    let note = Message::key("follow-up-subscription-paused-in-vain");
    let note = note.with("refund", refund.id).with("subscription", subscription);
    add_follow_up(tx, refund.id, note).await
}

/// Changes of a refund's effects, written together.
#[derive(Default)]
pub(crate) struct Effects(Vec<(RefundEffectKind, EffectStatus, Option<Message>)>);

impl Effects {
    pub fn set(&mut self, kind: RefundEffectKind, status: EffectStatus, detail: Option<Message>) {
        self.0.push((kind, status, detail));
    }

    pub fn done(&mut self, kind: RefundEffectKind) {
        self.set(kind, EffectStatus::Done, None);
    }

    pub fn pending(&mut self, kind: RefundEffectKind) {
        self.set(kind, EffectStatus::Pending, None);
    }

    /// `why` is for whoever looks at the refund.
    pub fn skip(&mut self, kind: RefundEffectKind, why: Message) {
        self.set(kind, EffectStatus::Skipped, Some(why));
    }

    pub async fn store(self, tx: &Tx, refund: RefundId) -> Outcome<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let at = |status: EffectStatus| -> Option<DateTime<Utc>> {
            (status != EffectStatus::Pending).then(|| tx.now())
        };
        let rows = self
            .0
            .into_iter()
            .map(|(kind, status, detail)| refund_effect::ActiveModel {
                refund_id: Set(refund),
                kind: Set(kind),
                team_id: Set(tx.actor().team),
                status: Set(status),
                at: Set(at(status)),
                detail: Set(detail.map(|detail| detail.to_stored())),
            });
        let conflict = OnConflict::columns([refund_effect::Column::RefundId, refund_effect::Column::Kind])
            .update_columns([
                refund_effect::Column::Status,
                refund_effect::Column::At,
                refund_effect::Column::Detail,
            ])
            .to_owned();
        refund_effect::Entity::insert_many(rows)
            .on_conflict(conflict)
            .exec_without_returning(tx.db())
            .await?;
        Ok(())
    }
}

/// The status of one effect, as it is in this transaction.
pub(super) async fn effect(
    tx: &Tx,
    refund: RefundId,
    kind: RefundEffectKind,
) -> Outcome<Option<EffectStatus>> {
    let found = refund_effect::Entity::of(tx.actor().team)
        .filter(refund_effect::Column::RefundId.eq(refund))
        .filter(refund_effect::Column::Kind.eq(kind));
    Ok(found.one(tx.db()).await?.map(|row| row.status))
}
