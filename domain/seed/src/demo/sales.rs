//! The demo's sales as rows: purchases, what was read of them, and what came back.

use super::{
    access::{Grant, Grants},
    book::{Book, named, number, product_id, user_id},
    catalog::BOOKS_AND_COURSES,
    people::CUSTOMERS,
    sale::{Access, Paid, Sale},
    stories::{self, GIFTS},
};
use chrono::TimeDelta;
use domain::error::Outcome;
use entities::{
    Currency, Locale, PaymentGateway, PurchaseId, PurchaseKind, PurchaseStatus, ReadingSessionId, UserId,
    purchase, reading_session, title_reading, user_reading,
};

use crate::whole;

/// How long one session lasts, in seconds.
const SESSION: i64 = 1500;

pub fn purchase_id(key: &str) -> PurchaseId {
    PurchaseId(named("purchase", key))
}

/// Sells what a shop sells every day, beside what the scenarios are told of, and has all of it read.
pub fn sell(book: &mut Book, grants: &mut Grants) -> Outcome<()> {
    let stories = stories::sales();
    for sale in &stories {
        read(book, sale);
    }
    for (i, person) in CUSTOMERS.iter().enumerate() {
        for n in 0..3 {
            let sale = everyday(i, n, person.key(), person.locale);
            let is_told = stories
                .iter()
                .map(|story| (story.person, story.product))
                .chain(GIFTS.iter().map(|gift| (gift.person, gift.product)))
                .any(|told| told == (sale.person, sale.product));
            if !is_told && !grants.contains(user_id(sale.person), product_id(sale.product)) {
                write(book, grants, &sale)?;
                read(book, &sale);
            }
        }
    }
    Ok(())
}

fn everyday(i: usize, n: usize, person: &'static str, locale: Locale) -> Sale {
    let key = format!("order-{}-{}", 1000 + i, n + 1);
    let chance = number(&key);
    // The last one is not sold any more.
    let articles = BOOKS_AND_COURSES.len() - usize::from(n < 2);
    let article = &BOOKS_AND_COURSES[(i * 5 + n * 4) % articles];
    let payment = match (locale, (i + n) % 4) {
        (_, 3) if chance % 3 == 0 => (PaymentGateway::Manual, article.price, "EUR"),
        (Locale::Es, 0) => (PaymentGateway::MercadoPago, article.price * 20, "MXN"),
        (Locale::Es, 1) => (PaymentGateway::MercadoPago, article.price * 1000, "ARS"),
        (Locale::Pt, 0 | 1) => (PaymentGateway::MercadoPago, article.price * 6, "BRL"),
        (Locale::En, 0..=2) => (PaymentGateway::Stripe, article.price + 200, "USD"),
        (_, 2) if chance % 4 == 0 => (PaymentGateway::Paypal, article.price, "EUR"),
        _ => (PaymentGateway::Stripe, article.price, "EUR"),
    };
    let days = 20 + chance % 460;
    let mut sale = Sale::new(key, person, article.external_id, payment, days);
    match chance % 9 {
        0 => {
            sale.kind = PurchaseKind::Recurring;
            sale.access = Access::Until(30 - days % 30);
            sale.agreement = true;
        }
        1 | 2 => {
            sale.kind = PurchaseKind::Prepaid;
            sale.access = Access::Until(365 - days);
        }
        3 => sale.kind = PurchaseKind::Retail,
        _ => {}
    }
    match chance % 17 {
        0 => sale.paid = Paid::Pending,
        1 => sale.paid = Paid::Canceled(days / 2),
        2 => sale.paid = Paid::GivenBack(days / 3),
        _ if chance % 5 > 1 => {
            let percent = whole(chance % 1000) / 10.0;
            sale.read = Some((percent.max(1.0), 1 + chance % 12));
        }
        _ => {}
    }
    sale
}

fn write(book: &mut Book, grants: &mut Grants, sale: &Sale) -> Outcome<()> {
    let currency: Currency = sale.currency.parse().map_err(anyhow::Error::from)?;
    let at = book.about(sale.days_ago, &sale.key);
    let (status, canceled_at, refunded) = match sale.paid {
        Paid::Pending => (PurchaseStatus::Pending, None, 0),
        Paid::Yes => (PurchaseStatus::Active, None, 0),
        Paid::Canceled(days) => (PurchaseStatus::Canceled, Some(book.days_ago(days)), 0),
        Paid::GivenBack(days) => (PurchaseStatus::Refunded, Some(book.days_ago(days)), sale.amount),
    };
    let online = book.gateways.of(sale.gateway).is_some();
    let purchase = purchase::Model {
        id: purchase_id(&sale.key),
        team_id: book.team,
        external_id: sale.key.clone(),
        user_id: user_id(sale.person),
        product_id: product_id(sale.product),
        kind: sale.kind,
        gateway: sale.gateway,
        gateway_payment_id: (sale.paid != Paid::Pending && sale.gateway != PaymentGateway::Manual)
            .then(|| payment_id(sale)),
        gateway_subscription_id: (sale.agreement && online).then(|| subscription_id(sale)),
        amount_minor: sale.amount,
        currency,
        refunded_minor: 0,
        reserved_minor: 0,
        refunded_externally_minor: refunded,
        status,
        purchased_at: at,
        canceled_at: None,
        store_canceled_at: canceled_at,
        store_refunded_at: canceled_at.filter(|_| refunded > 0),
        disputed_at: None,
        access_until: match sale.access {
            Access::ForLife => None,
            Access::Until(days) => Some(book.days_ago(-days)),
        },
        created_at: at,
        updated_at: canceled_at.unwrap_or(at),
    };
    if matches!(sale.paid, Paid::Yes | Paid::Canceled(_)) {
        grants.add(Grant {
            user: purchase.user_id,
            product: purchase.product_id,
            purchase: purchase.id,
            starts: at,
            ends: purchase.access_until,
        });
    }
    book.purchases.push(purchase);
    Ok(())
}

/// The payment's id, in the form of its gateway.
pub fn payment_id(sale: &Sale) -> String {
    match sale.gateway {
        PaymentGateway::MercadoPago => format!("1{:010}", number(&format!("{}/payment", sale.key))),
        PaymentGateway::Paypal => format!("{:.17}", named("payment", &sale.key).simple()).to_uppercase(),
        PaymentGateway::Stripe | PaymentGateway::Manual => {
            format!(
                "pi_demo{}",
                &named("payment", &sale.key).simple().to_string()[12..]
            )
        }
    }
}

pub fn subscription_id(sale: &Sale) -> String {
    let id = named("agreement", &sale.key).simple().to_string();
    match sale.gateway {
        PaymentGateway::MercadoPago => id,
        _ => format!("sub_demo{}", &id[12..]),
    }
}

/// Sessions a day apart, from the day after the sale on. Those of another title are two hours away.
fn read(book: &mut Book, sale: &Sale) {
    let Some((percent, sessions)) = sale.read else {
        return;
    };
    let sessions = sessions.min(sale.days_ago);
    let (user, product) = (user_id(sale.person), product_id(sale.product));
    let days = (book.now - book.about(sale.days_ago, &sale.key)).num_days();
    let titles = book.titles.iter().filter(|title| title.user_id == user).count();
    let apart = TimeDelta::hours(2) * i32::try_from(titles).unwrap_or(0);
    let now = book.now;
    let start = |n: i64| now - TimeDelta::days(days - 1 - n) - apart - TimeDelta::seconds(SESSION);
    for n in 0..sessions {
        let reading_now = start(n) + TimeDelta::seconds(SESSION) >= now;
        let name = format!("{}-{}", sale.key, n + 1);
        let share = ((percent * whole(n + 1) / whole(sessions)) * 10.0).round() / 10.0;
        book.sessions.push(reading_session::Model {
            id: ReadingSessionId(named("reading", &name)),
            team_id: book.team,
            external_id: format!("session-{name}"),
            user_id: user,
            product_id: product,
            started_at: start(n),
            ended_at: (!reading_now).then(|| start(n) + TimeDelta::seconds(SESSION)),
            seconds: SESSION,
            percent_read: if n + 1 == sessions { percent } else { share },
            device: Some(device(&name)),
            reported_at: start(n) + TimeDelta::seconds(SESSION),
        });
    }
    let last_read_at = start(sessions - 1) + TimeDelta::seconds(SESSION);
    book.titles.push(title_reading::Model {
        user_id: user,
        product_id: product,
        team_id: book.team,
        sessions,
        seconds: sessions * SESSION,
        percent_read: percent,
        first_read_at: start(0),
        last_read_at,
    });
    count(book, user, sessions, last_read_at);
}

fn count(book: &mut Book, user: UserId, sessions: i64, last: chrono::DateTime<chrono::Utc>) {
    let (team, now) = (book.team, book.now);
    let reader = book.readers.entry(user).or_insert(user_reading::Model {
        user_id: user,
        team_id: team,
        sessions: 0,
        seconds: 0,
        last_read_at: None,
        as_of: now,
    });
    reader.sessions += sessions;
    reader.seconds += sessions * SESSION;
    reader.last_read_at = reader.last_read_at.max(Some(last));
}

fn device(name: &str) -> String {
    let device = match number(name) % 4 {
        0 => "Kindle",
        1 => "iPad",
        2 => "Android",
        _ => "Web",
    };
    device.to_owned()
}
