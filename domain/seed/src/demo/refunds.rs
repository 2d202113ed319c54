//! The demo's refunds: all of them have come to their end, so that nothing calls a gateway at the start.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    EffectStatus::{self, Done, Failed, Skipped, Undone},
    FollowUpId, Money, RefundEffectKind as Kind, RefundId, RefundReason, RefundStatus, follow_up, purchase,
    refund, refund_effect, refund_step,
};
use serde_json::json;

use super::{
    access::Grant,
    book::{Book, named, number},
    sale::{Ended, Refunded},
};
use domain::{
    error::Outcome,
    message::Message,
    purchases,
    refunds::{
        evidence,
        rules::{Facts, Policy},
    },
};

/// The gateway's words for the refund that it refused.
const REFUSAL: (&str, &str) = (
    "expired_or_canceled_card",
    "The card has expired or was canceled.",
);

/// Writes a refund, and leaves purchase and grant as it leaves them.
pub fn write(
    book: &mut Book,
    purchase: &mut purchase::Model,
    grant: &mut Grant,
    story: &Refunded,
    read: Option<(f64, i64)>,
) -> Outcome<()> {
    let requested = book.about(story.days_ago, &purchase.external_id);
    let facts = facts(book, purchase, requested, read);
    let id = RefundId(named("refund", &purchase.external_id));
    let row = row(book, id, purchase, story, &facts)?;
    let steps = steps(story, requested);
    let ended = steps.last().map_or(requested, |step| step.0);
    settle(purchase, &row, ended);
    if row.takes_access {
        let why = Message::key("revoked-by-refund").with("refund", id);
        grant.taken = Some((requested, why, Some(id)));
        grant.restored = (row.status != RefundStatus::Succeeded).then_some(ended);
    }
    effects(book, &row, requested, ended);
    if row.status != RefundStatus::Succeeded {
        follow_up(book, &row, ended);
    }
    let data = json!({ "purchaseId": purchase.id, "reason": row.reason, "amount": row.amount().to_string(), "overridePolicy": false });
    let by = Some(book.agent);
    book.audit(
        requested,
        "refund.requested",
        by,
        id.to_string(),
        row.note.as_deref(),
        data,
    );
    for (number, pair) in (1..).zip(steps.windows(2)) {
        let data = json!({ "from": pair[0].1, "to": pair[1].1, "step": number });
        book.audit(pair[1].0, "refund.updated", by, id.to_string(), None, data);
    }
    for (number, (at, status)) in (1..).zip(steps) {
        book.steps.push(refund_step::Model {
            refund_id: id,
            number,
            team_id: book.team,
            at,
            status,
            detail: None,
        });
    }
    book.refunds.push(row);
    Ok(())
}

fn facts(book: &Book, purchase: &purchase::Model, now: DateTime<Utc>, read: Option<(f64, i64)>) -> Facts {
    let (percent_read, sessions) = read.unwrap_or_default();
    Facts {
        now,
        ability: book.gateways.refund_ability(purchase.gateway),
        gateway_configured: true,
        purchases: 3,
        duplicates: 0,
        refunds_elsewhere: 0,
        refunds_before: 0,
        refunded_before: Money::zero(purchase.currency),
        sessions,
        seconds_read: sessions * super::sales::SESSION,
        percent_read,
        purchase: purchase.clone(),
    }
}

fn row(
    book: &Book,
    id: RefundId,
    purchase: &purchase::Model,
    story: &Refunded,
    facts: &Facts,
) -> Outcome<refund::Model> {
    let policy = Policy {
        reading_threshold_percent: 50,
        recently_canceled: TimeDelta::days(30),
        time_zone: chrono_tz::UTC,
    };
    let checks = evidence::checks(policy, facts);
    let checks: Vec<_> = checks.into_iter().map(|check| check.to_evidence()).collect();
    let status = match story.ended {
        Ended::Succeeded => RefundStatus::Succeeded,
        Ended::Failed => RefundStatus::Failed,
        Ended::Reversed => RefundStatus::Reversed,
    };
    let failed = story.ended == Ended::Failed;
    let steps = steps(story, facts.now);
    let ended = steps
        .last()
        .ok_or_else(|| anyhow::anyhow!("a refund has steps"))?
        .0;
    let gateway_refund_id = match purchase.gateway {
        entities::PaymentGateway::MercadoPago => format!("2{:09}", number(&id.to_string()) % 1_000_000_000),
        _ => format!("re_demo{}", &id.0.simple().to_string()[12..]),
    };
    Ok(refund::Model {
        id,
        team_id: book.team,
        purchase_id: purchase.id,
        user_id: purchase.user_id,
        gateway: purchase.gateway,
        amount_minor: story.part.unwrap_or(purchase.amount_minor),
        currency: purchase.currency,
        reason: story.reason,
        note: story.note.map(str::to_owned),
        override_policy: false,
        status,
        takes_access: story.part.is_none() || story.reason == RefundReason::Fraudulent,
        gateway_refund_id: (!failed).then_some(gateway_refund_id),
        failure_code: failed.then(|| REFUSAL.0.to_owned()),
        failure_message: failed.then(|| REFUSAL.1.to_owned()),
        first_sent_at: Some(facts.now + TimeDelta::seconds(1)),
        in_doubt_since: None,
        inquiries: 0,
        answers: 0,
        hindrance: None,
        hindered_since: None,
        hindered_times: 0,
        resolved_by: None,
        requested_by: book.agent,
        api_key_id: None,
        idempotency_key: None,
        request_fingerprint: format!("demo {id}"),
        requested_at: facts.now,
        completed_at: Some(ended),
        percent_read_at_request: facts.percent_read,
        seconds_read_at_request: facts.seconds_read,
        evidence: json!({ "sessions": facts.sessions, "seconds": facts.seconds_read, "percentRead": facts.percent_read, "checks": checks }),
        updated_at: ended,
    })
}

/// When the refund was what.
fn steps(story: &Refunded, requested: DateTime<Utc>) -> Vec<(DateTime<Utc>, RefundStatus)> {
    let after = |seconds| requested + TimeDelta::seconds(seconds);
    let mut steps = vec![
        (requested, RefundStatus::Requested),
        (after(1), RefundStatus::Processing),
    ];
    match story.ended {
        Ended::Succeeded => steps.push((after(3), RefundStatus::Succeeded)),
        Ended::Failed => steps.push((after(4), RefundStatus::Failed)),
        Ended::Reversed => {
            steps.push((after(3), RefundStatus::Succeeded));
            steps.push((after(3 * 24 * 3600 + 7200), RefundStatus::Reversed));
        }
    }
    steps
}

fn settle(purchase: &mut purchase::Model, refund: &refund::Model, ended: DateTime<Utc>) {
    if refund.status == RefundStatus::Succeeded {
        purchase.refunded_minor = refund.amount_minor;
        purchase.canceled_at = refund.takes_access.then_some(refund.requested_at);
    }
    purchase.status = purchases::rules::purchase_status(purchase);
    purchase.updated_at = ended;
}

type Effect = (Kind, DateTime<Utc>, (EffectStatus, Option<Message>));

fn effects(book: &mut Book, refund: &refund::Model, requested: DateTime<Utc>, ended: DateTime<Utc>) {
    let partial = || Some(Message::key("effect-skipped-partial"));
    let restored = || Some(Message::key("effect-restored-after-failure"));
    let back = || Some(Message::key("effect-gateway-took-back"));
    let refused = || Some(Message::key("effect-gateway-refused").with("message", REFUSAL.1));
    let (taken, money, order) = match refund.status {
        RefundStatus::Failed => ((Undone, restored()), (Failed, refused()), (Skipped, refused())),
        RefundStatus::Reversed => ((Undone, restored()), (Undone, back()), (Undone, back())),
        _ if refund.takes_access => ((Done, None), (Done, None), (Done, None)),
        _ => ((Skipped, partial()), (Done, None), (Done, None)),
    };
    let taken_at = if taken.0 == Undone { ended } else { requested };
    let nothing_recurring = (Skipped, Some(Message::key("effect-nothing-recurring")));
    let all: [Effect; 6] = [
        (Kind::CancelPlan, taken_at, taken.clone()),
        (Kind::RevokeAccess, taken_at, taken),
        (Kind::RefundAtGateway, ended, money),
        (Kind::PauseSubscription, requested, nothing_recurring),
        (Kind::UpdateOrder, ended, order),
        (Kind::NotifyCustomer, ended, (Done, None)),
    ];
    for (kind, at, (status, detail)) in all {
        book.effects.push(refund_effect::Model {
            refund_id: refund.id,
            kind,
            team_id: book.team,
            status,
            at: Some(at),
            detail: detail.map(|detail| detail.to_stored()),
        });
    }
}

fn follow_up(book: &mut Book, refund: &refund::Model, at: DateTime<Utc>) {
    let note = if refund.status == RefundStatus::Failed {
        Message::key("follow-up-refund-failed").with("message", REFUSAL.1)
    } else {
        Message::key("follow-up-refund-reversed")
    };
    let note = note.with("refund", refund.id).with("amount", refund.amount());
    book.follow_ups.push(follow_up::Model {
        id: FollowUpId(named("followup", &refund.id.to_string())),
        team_id: book.team,
        refund_id: Some(refund.id),
        note: note.to_stored(),
        due_at: at + TimeDelta::days(1),
        assignee_id: Some(book.agent),
        done_at: None,
        created_at: at,
    });
}
