//! Compares, payment by payment, what we believe with the gateways' books: each refund of ours is one of theirs if it
//! succeeded and none if it did not, whoever made the others is known, and the totals are the same.

use std::collections::BTreeSet;

use entities::{
    ExternalRefundStatus, Money, PaymentGateway, RefundId, RefundStatus, TeamId, external_refund,
    external_refund_share, purchase, refund,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, Value};

use super::Violation;
use crate::{
    adapters::gateways::{GatewayRefund, GatewayRefundStatus, PaymentRef},
    app::App,
    database::{Sql, places},
    error::Outcome,
    purchases,
    refunds::{self, state},
    scoped::Scoped,
    teams, values,
};

const ONCE: &str = "at-gateway-once";
const AGREES: &str = "at-gateway-agrees";
const KNOWN: &str = "at-gateway-known";
const TOTAL: &str = "at-gateway-total";
const ANSWERED: &str = "at-gateway-answered";

/// The payments of the newest refunds of ours, and of those made past us.
const REFUNDED: [&str; 2] = [
    "SELECT p.team_id, p.gateway, p.gateway_payment_id FROM refunds r JOIN purchases p ON p.id = r.purchase_id \
     WHERE p.gateway_payment_id IS NOT NULL ORDER BY r.requested_at DESC, r.id DESC LIMIT $1",
    "SELECT team_id, gateway, gateway_payment_id FROM external_refunds ORDER BY created_at DESC, id DESC LIMIT $1",
];

/// The payments of the newest purchases: what was given back past us and never told is found so.
fn paid(gateways: &[Value]) -> String {
    format!(
        "SELECT team_id, gateway, gateway_payment_id FROM purchases WHERE gateway IN ({}) \
         AND gateway_payment_id IS NOT NULL AND status <> 'PENDING' ORDER BY id DESC LIMIT $1",
        places(2, gateways.len())
    )
}

/// Asks the gateways about the payments of the newest `limit` refunds, whatever has become of them, and of as many
/// purchases. Reading only, one question after the other.
pub async fn verify_with_gateway(app: &App, limit: u64) -> Outcome<Vec<Violation>> {
    let mut violations = Vec::new();
    for payment in payments(app, limit).await? {
        let found = check(app, &payment).await?;
        if found.is_empty() {
            continue;
        }
        // Something may have happened between the question and the look at our own books. What is wrong stays wrong.
        let again = check(app, &payment).await?;
        violations.extend(found.into_iter().filter(|violation| again.contains(violation)));
    }
    Ok(violations)
}

/// A payment at a gateway, of a team.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Payment {
    team: TeamId,
    gateway: PaymentGateway,
    id: String,
}

async fn payments(app: &App, limit: u64) -> Outcome<Vec<Payment>> {
    let mut known = BTreeSet::new();
    let mut payments = Vec::new();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let gateways: Vec<Value> = app.gateways.all().map(|it| it.gateway().into()).collect();
    let mut statements = REFUNDED.map(|sql| (sql.to_owned(), values![limit])).to_vec();
    let bound = std::iter::once(Value::from(limit)).chain(gateways.clone());
    statements.push((paid(&gateways), bound.collect()));
    for (sql, values) in statements {
        for row in app.db.connection().rows(&sql, values).await? {
            let payment = Payment {
                team: row.try_get_by_index(0)?,
                gateway: row.try_get_by_index(1)?,
                id: row.try_get_by_index(2)?,
            };
            if known.insert(payment.clone()) {
                payments.push(payment);
            }
        }
    }
    Ok(payments)
}

async fn check(app: &App, payment: &Payment) -> Outcome<Vec<Violation>> {
    let Payment { team, gateway, id } = payment.clone();
    let connection = app.db.connection();
    let of_it = purchases::of_payments(connection, team, gateway, std::slice::from_ref(&id)).await?;
    let Some(purchase) = of_it.first() else {
        return Ok(Vec::new());
    };
    let currency = purchase.currency;
    let at = teams::secrets::open_gateway(app, team, gateway, connection).await?;
    let told = match &at {
        Some(at) => at
            .refunds_of(&PaymentRef { id, currency })
            .await
            .map_err(|error| error.to_string()),
        None => Err("there is nobody to ask".to_owned()),
    };
    let books = books(app, payment, &of_it).await?;
    Ok(match told {
        Ok(told) => compare(&books, &told),
        // Of a payment that nobody has given back there is nothing to compare.
        Err(_) if books.refunds.is_empty() && books.external.is_empty() => Vec::new(),
        Err(why) => vec![violation(ANSWERED, books.subject, why)],
    })
}

/// What we believe of a payment.
struct Books {
    /// The first of its purchases.
    subject: String,
    /// Whether the gateway's refunds carry our id.
    named: bool,
    refunds: Vec<Ours>,
    external: Vec<External>,
    /// What the store alone says went back, in minor units.
    by_store: i64,
}

struct Ours {
    id: RefundId,
    amount: Money,
    status: RefundStatus,
    at_gateway: Option<String>,
    sent: bool,
}

struct External {
    id: String,
    amount: Money,
    status: ExternalRefundStatus,
    in_doubt: bool,
}

async fn books(app: &App, payment: &Payment, purchases: &[purchase::Model]) -> Outcome<Books> {
    let connection = app.db.connection();
    let ids: Vec<_> = purchases.iter().map(|purchase| purchase.id).collect();
    let subject = ids.first().map(ToString::to_string).unwrap_or_default();
    let refunds = refunds::of_purchases(connection, payment.team, &ids).await?;
    let shares = external_refund_share::Entity::of(payment.team)
        .filter(external_refund_share::Column::PurchaseId.is_in(ids.iter().copied()));
    let by_gateway: i64 = shares
        .all(connection)
        .await?
        .iter()
        .map(|share| share.amount_minor)
        .sum();
    let external = external_refund::Entity::of(payment.team)
        .filter(external_refund::Column::Gateway.eq(payment.gateway))
        .filter(external_refund::Column::GatewayPaymentId.eq(&payment.id))
        .order_by_asc(external_refund::Column::Id);
    let external = external.all(connection).await?;
    let ability = app.gateways.refund_ability(payment.gateway);
    let all: i64 = purchases.iter().map(|it| it.refunded_externally_minor).sum();
    Ok(Books {
        subject,
        named: ability.is_some_and(|it| it.carries_our_id),
        refunds: refunds.into_iter().map(Ours::from).collect(),
        external: external.into_iter().map(External::from).collect(),
        by_store: all - by_gateway,
    })
}

impl From<refund::Model> for Ours {
    fn from(row: refund::Model) -> Self {
        Self {
            id: row.id,
            amount: row.amount(),
            status: row.status,
            sent: row.first_sent_at.is_some(),
            at_gateway: row.gateway_refund_id,
        }
    }
}

impl From<external_refund::Model> for External {
    fn from(row: external_refund::Model) -> Self {
        Self {
            amount: row.amount(),
            status: row.status,
            in_doubt: row.in_doubt,
            id: row.gateway_refund_id,
        }
    }
}

fn is_live(told: &GatewayRefund) -> bool {
    told.status != GatewayRefundStatus::Failed
}

fn compare(books: &Books, told: &[GatewayRefund]) -> Vec<Violation> {
    let mut violations: Vec<Violation> = Vec::new();
    for ours in &books.refunds {
        violations.extend(of_ours(ours, told));
    }
    for external in &books.external {
        violations.extend(of_external(books, external, told));
    }
    violations.extend(told.iter().filter_map(|told| of_theirs(books, told)));
    violations.extend(totals(books, told));
    violations
}

/// Whether a refund at the gateway is this one of ours. Where the gateway keeps no id of ours, we keep its.
fn is_of(ours: &Ours, told: &GatewayRefund) -> bool {
    match told.our_refund {
        Some(id) => id == ours.id,
        None => ours.at_gateway.as_deref() == Some(told.id.as_str()),
    }
}

fn of_ours(ours: &Ours, told: &[GatewayRefund]) -> Vec<Violation> {
    let named = |rule, detail| violation(rule, ours.id.to_string(), detail);
    let theirs: Vec<&GatewayRefund> = told.iter().filter(|told| is_of(ours, told)).collect();
    let mut violations = Vec::new();
    if theirs.len() > 1 {
        let ids: Vec<&str> = theirs.iter().map(|told| told.id.as_str()).collect();
        violations.push(named(
            ONCE,
            format!("refunded more than once: {}", ids.join(", ")),
        ));
    }
    if ours.status == RefundStatus::Succeeded && theirs.is_empty() {
        violations.push(named(ONCE, "the gateway knows no such refund".to_owned()));
    }
    for told in theirs {
        if told.amount != ours.amount {
            let detail = format!("{} of {} instead of {}", told.id, told.amount, ours.amount);
            violations.push(named(AGREES, detail));
        }
        let detail = match ours.status {
            RefundStatus::Succeeded if !is_live(told) => format!("{} failed at the gateway", told.id),
            RefundStatus::Failed | RefundStatus::Reversed if is_live(told) => {
                format!(
                    "{}, and {} of {} stands at the gateway",
                    ours.status, told.id, told.amount
                )
            }
            RefundStatus::NeedsAttention => {
                format!(
                    "waits for a person, and the gateway knows {} of {}",
                    told.id, told.amount
                )
            }
            RefundStatus::Requested if !ours.sent => format!("was never sent, and is there as {}", told.id),
            _ => continue,
        };
        violations.push(named(AGREES, detail));
    }
    violations
}

fn of_external(books: &Books, external: &External, told: &[GatewayRefund]) -> Option<Violation> {
    let failed = external.status == ExternalRefundStatus::Failed;
    let detail = match told.iter().find(|told| told.id == external.id) {
        None if !failed && !external.in_doubt => {
            format!("{} is booked, and the gateway knows no such refund", external.id)
        }
        Some(told) if is_live(told) && failed => {
            format!("{} stands at the gateway and is not booked", told.id)
        }
        Some(told) if !is_live(told) && !failed => format!("{} failed at the gateway and is booked", told.id),
        _ => return None,
    };
    Some(violation(AGREES, books.subject.clone(), detail))
}

/// A refund at the gateway that is neither one of ours nor booked as made past us.
fn of_theirs(books: &Books, told: &GatewayRefund) -> Option<Violation> {
    let known = books.refunds.iter().any(|ours| is_of(ours, told))
        || books.external.iter().any(|external| external.id == told.id);
    let awaited = |ours: &Ours| {
        ours.sent
            && ours.at_gateway.is_none()
            && ours.amount == told.amount
            && matches!(
                ours.status,
                RefundStatus::Processing | RefundStatus::NeedsAttention
            )
    };
    let nameless = !books.named && told.our_refund.is_none();
    if known || !is_live(told) || (nameless && books.refunds.iter().any(awaited)) {
        return None;
    }
    let detail = match told.our_refund {
        Some(id) => format!(
            "{} of {} carries {id}, which is none of this payment's",
            told.id, told.amount
        ),
        None => format!(
            "{} of {} was made past us and is not booked",
            told.id, told.amount
        ),
    };
    Some(violation(KNOWN, books.subject.clone(), detail))
}

/// The gateway's total is what has succeeded with us and was booked as made past us; what is under way may be in it.
fn totals(books: &Books, told: &[GatewayRefund]) -> Option<Violation> {
    let sum = |amounts: &mut dyn Iterator<Item = Money>| amounts.map(|it| i128::from(it.minor)).sum::<i128>();
    let theirs = sum(&mut told.iter().filter(|told| is_live(told)).map(|told| told.amount));
    let is_done = |ours: &&Ours| ours.status == RefundStatus::Succeeded;
    let is_open = |ours: &&Ours| state::is_unsettled(ours.status);
    let counts = |it: &&External| !it.in_doubt && it.status != ExternalRefundStatus::Failed;
    let certain = sum(&mut books.refunds.iter().filter(is_done).map(|ours| ours.amount))
        + sum(&mut books.external.iter().filter(counts).map(|it| it.amount));
    let open = sum(&mut books.refunds.iter().filter(is_open).map(|ours| ours.amount))
        + sum(&mut books.external.iter().filter(|it| it.in_doubt).map(|it| it.amount))
        + i128::from(books.by_store);
    if (certain..=certain + open).contains(&theirs) {
        return None;
    }
    let ours = match open {
        0 => certain.to_string(),
        _ => format!("{certain} to {}", certain + open),
    };
    let detail = format!("the gateway has given back {theirs}, ours come to {ours} (minor units)");
    Some(violation(TOTAL, books.subject.clone(), detail))
}

fn violation(rule: &'static str, subject: String, detail: String) -> Violation {
    Violation {
        rule,
        subject,
        detail,
    }
}

#[cfg(test)]
#[path = "at_gateway_tests.rs"]
mod tests;
