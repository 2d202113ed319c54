//! What somebody in bulk has bought, may use, and has read: three purchases, three entitlements and ten sessions
//! for each on average.

use chrono::{DateTime, TimeDelta, Utc};
use entities::Locale;
use uuid::Uuid;

use super::{
    person::{Person, Product},
    tables::{Batch, Cell, In},
};
use domain::entitlements::rules::{Run, Schedule};

use crate::whole;

/// Something that may be read, and since when.
struct Opened {
    product: Uuid,
    since: DateTime<Utc>,
}

pub fn add(person: &mut Person<'_>, locale: Locale, batch: &mut Batch) {
    let bought = match person.dice.below(100) {
        0..=14 => 1,
        15..=34 => 2,
        35..=64 => 3,
        65..=84 => 4,
        _ => 5,
    };
    // The last few are plans and what is not sold any more. Steps this small never meet the same one twice.
    let sold = i64::try_from(person.crowd.products.len()).unwrap_or(1) - 10;
    let (start, step) = (person.dice.below(sold), 1 + person.dice.below(sold / 8));
    let nth = |n: i64| usize::try_from((start + n * step) % sold).unwrap_or(0);
    let mut opened = Vec::new();
    for n in 0..bought {
        let product = person.crowd.products[nth(n)];
        opened.extend(buy(person, n, product, locale, batch));
    }
    // So that there are as many entitlements as purchases, though some purchases grant nothing.
    if person.dice.percent(18) {
        let product = person.crowd.products[nth(bought)];
        let at = person.since + TimeDelta::hours(1 + person.dice.below(72));
        let ends = person.dice.percent(50).then(|| at + TimeDelta::days(180));
        opened.push(grant(person, product, None, (at, ends), batch));
    }
    if person.dice.percent(70) {
        read(person, &opened, batch);
    }
}

fn buy(
    person: &mut Person<'_>,
    n: i64,
    product: Product,
    locale: Locale,
    batch: &mut Batch,
) -> Option<Opened> {
    let now = person.crowd.now;
    let at = person.since + TimeDelta::seconds(person.dice.below((now - person.since).num_seconds()));
    let (kind, ends) = match person.dice.below(100) {
        0..=69 => ("SINGLE", None),
        70..=81 => ("PREPAID", Some(at + TimeDelta::days(365))),
        82..=93 => (
            "RECURRING",
            Some(at + TimeDelta::days(30 * (1 + person.dice.below(18)))),
        ),
        _ => ("RETAIL", None),
    };
    let (gateway, amount, currency) = match (kind, locale, person.dice.below(10)) {
        ("RETAIL", ..) => ("MANUAL", product.price, "EUR"),
        (_, Locale::Es, 0..=3) => ("MERCADO_PAGO", product.price * 20, "MXN"),
        (_, Locale::Pt, 0..=6) => ("MERCADO_PAGO", product.price * 6, "BRL"),
        (_, _, 9) => ("PAYPAL", product.price, "EUR"),
        (_, Locale::En, _) => ("STRIPE", product.price, "USD"),
        _ => ("STRIPE", product.price, "EUR"),
    };
    let later = at + (now - at) / 4;
    let (status, canceled, refunded) = match person.dice.below(100) {
        0..=2 => ("PENDING", None, 0),
        3..=5 => ("REFUNDED", Some(later), amount),
        6..=11 => ("CANCELED", Some(later), 0),
        _ => ("ACTIVE", None, 0),
    };
    let number = person.dice.next();
    let payment = match gateway {
        "MANUAL" => None,
        "MERCADO_PAGO" => Some((10_000_000_000 + number % 90_000_000_000).to_string()),
        _ => Some(format!("pi_{number:016x}")),
    };
    let agreement = (kind == "RECURRING" && matches!(gateway, "STRIPE" | "MERCADO_PAGO"))
        .then(|| format!("sub_{number:016x}"));
    let id = person.next_id();
    batch.add(
        In::Purchases,
        [
            id.into(),
            person.team(),
            person.text("order", usize::try_from(n).unwrap_or(0)),
            person.id.into(),
            product.id.into(),
            kind.into(),
            gateway.into(),
            payment.filter(|_| status != "PENDING").into(),
            agreement.into(),
            amount.into(),
            currency.into(),
            Cell::Int(0),
            Cell::Int(0),
            refunded.into(),
            status.into(),
            at.into(),
            canceled.into(),
            canceled.filter(|_| status == "REFUNDED").into(),
            Cell::Null,
            ends.into(),
            at.into(),
            canceled.unwrap_or(at).into(),
        ],
    );
    let grants = matches!(status, "ACTIVE" | "CANCELED");
    grants.then(|| grant(person, product, Some(id), (at, ends), batch))
}

/// An entitlement with its grant and its history: how it was granted and, for one in a hundred, revoked.
fn grant(
    person: &mut Person<'_>,
    product: Product,
    purchase: Option<Uuid>,
    (at, ends): (DateTime<Utc>, Option<DateTime<Utc>>),
    batch: &mut Batch,
) -> Opened {
    let now = person.crowd.now;
    let grace = ends
        .filter(|_| product.grace_days > 0)
        .map(|end| end + TimeDelta::days(product.grace_days));
    let span = Schedule {
        run: Run {
            starts_at: at,
            expires_at: ends,
            grace_ends_at: grace,
        },
        next: None,
    };
    let revoked = person.dice.percent(1).then(|| at + (now - at) / 2);
    let reason = "Acceso retirado a petición del cliente.";
    let status = revoked.map_or_else(|| span.status(now).as_str(), |_| "REVOKED");
    let (id, granted) = (person.next_id(), person.next_id());
    let (team, user): (Cell, Cell) = (person.team(), person.id.into());
    batch.add(
        In::Entitlements,
        [
            id.into(),
            team.clone(),
            user.clone(),
            product.id.into(),
            at.into(),
            ends.into(),
            grace.into(),
            revoked.into(),
            revoked.map(|_| reason).into(),
            revoked.into(),
            status.into(),
            at.into(),
            revoked.unwrap_or(at).into(),
        ],
    );
    batch.add(
        In::Grants,
        [
            granted.into(),
            team.clone(),
            id.into(),
            purchase.map_or("MANUAL", |_| "PURCHASE").into(),
            purchase.into(),
            Cell::Null,
            at.into(),
            ends.into(),
            revoked.into(),
            Cell::Null,
            at.into(),
            grace.into(),
        ],
    );
    let story = [
        Some((at, "GRANTED", None)),
        revoked.map(|at| (at, "REVOKED", Some(reason))),
    ];
    for (at, action, detail) in story.into_iter().flatten() {
        let event = person.next_id();
        batch.add(
            In::History,
            [
                event.into(),
                team.clone(),
                id.into(),
                user.clone(),
                action.into(),
                at.into(),
                Cell::Null,
                Cell::Null,
                Cell::Null,
                ends.into(),
                detail.into(),
            ],
        );
    }
    Opened {
        product: product.id,
        since: at,
    }
}

/// Sessions one after the other, turn by turn over up to three titles, each a little further than the last.
fn read(person: &mut Person<'_>, opened: &[Opened], batch: &mut Batch) {
    let now = person.crowd.now;
    let titles = opened
        .len()
        .min(1 + usize::try_from(person.dice.below(3)).unwrap_or(0));
    let sessions = 1 + person.dice.below(28);
    let Some(since) = opened[..titles].iter().map(|title| title.since).max() else {
        return;
    };
    let gap = (now - since).num_seconds() / (sessions + 1);
    if gap < 1200 {
        return;
    }
    let goals: Vec<f64> = (0..titles)
        .map(|_| whole(1 + person.dice.below(1000)) / 10.0)
        .collect();
    let mut totals = vec![(0_i64, 0_i64, since, since); titles];
    for n in 0..sessions {
        let turn = usize::try_from(n).unwrap_or(0) % titles;
        let starts = since + TimeDelta::seconds((n + 1) * gap);
        let seconds = (300 + person.dice.below(3300)).min(gap / 2);
        let ends = starts + TimeDelta::seconds(seconds);
        let (done, read, first, last) = &mut totals[turn];
        *first = if *done == 0 { starts } else { *first };
        (*done, *read, *last) = (*done + 1, *read + seconds, ends);
        let turns =
            (sessions - i64::try_from(turn).unwrap_or(0) - 1) / i64::try_from(titles).unwrap_or(1) + 1;
        let percent = if *done == turns {
            goals[turn]
        } else {
            (goals[turn] * 10.0 * whole(*done) / whole(turns)).floor() / 10.0
        };
        let id = person.next_id();
        let device = *person.dice.one_of(&["Kindle", "iPad", "Android", "Web"]);
        batch.add(
            In::Sessions,
            [
                id.into(),
                person.team(),
                person.text("s", usize::try_from(n).unwrap_or(0)),
                person.id.into(),
                opened[turn].product.into(),
                starts.into(),
                ends.into(),
                seconds.into(),
                Cell::Real(percent),
                device.into(),
                ends.into(),
            ],
        );
    }
    sum_up(person, &opened[..titles], &goals, &totals, batch);
}

fn sum_up(
    person: &Person<'_>,
    opened: &[Opened],
    goals: &[f64],
    totals: &[(i64, i64, DateTime<Utc>, DateTime<Utc>)],
    batch: &mut Batch,
) {
    for ((title, goal), (sessions, seconds, first, last)) in opened.iter().zip(goals).zip(totals) {
        if *sessions > 0 {
            batch.add(
                In::Titles,
                [
                    person.id.into(),
                    title.product.into(),
                    person.team(),
                    (*sessions).into(),
                    (*seconds).into(),
                    Cell::Real(*goal),
                    (*first).into(),
                    (*last).into(),
                ],
            );
        }
    }
    let now = person.crowd.now;
    batch.add(
        In::Readers,
        [
            person.id.into(),
            person.team(),
            totals.iter().map(|total| total.0).sum::<i64>().into(),
            totals.iter().map(|total| total.1).sum::<i64>().into(),
            totals.iter().map(|total| total.3).max().into(),
            now.into(),
        ],
    );
}
