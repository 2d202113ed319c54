//! The demo team's customers as rows: their ecosystems and their plans.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    BillingInterval, CustomerTier, EcosystemId, Feature, Locale, PlanSubscriptionId, PlanSubscriptionStatus,
    UserRole, UserSegment, ecosystem, plan_subscription, user,
};
use serde_json::json;

use super::{
    book::{Book, ecosystem_id, named, number, product_id, user_id},
    catalog,
    people::{CUSTOMERS, LEADS, Person},
};
use domain::{email, users::search_text};

/// Whose ecosystem is suspended in the end, and why.
pub const SUSPENDED: &str = "diego.salazar";
pub const SUSPENSION: &str = "Factura de septiembre sin pagar tras tres avisos.";

const STATUSES: [PlanSubscriptionStatus; 10] = [
    PlanSubscriptionStatus::Active,
    PlanSubscriptionStatus::Active,
    PlanSubscriptionStatus::Active,
    PlanSubscriptionStatus::Trialing,
    PlanSubscriptionStatus::PastDue,
    PlanSubscriptionStatus::Active,
    PlanSubscriptionStatus::Paused,
    PlanSubscriptionStatus::Canceled,
    PlanSubscriptionStatus::Active,
    PlanSubscriptionStatus::Expired,
];

pub fn staff(book: &mut Book) {
    let admin = Person {
        first: "Alma",
        last: "Rivera",
        email: "admin@demo.test",
        phone: "+34 910 000 001",
        company: "Editorial Aurora",
        locale: Locale::Es,
        tier: CustomerTier::Standard,
    };
    let agent = Person {
        first: "Gabriel",
        last: "Moura",
        email: "agent@demo.test",
        phone: "+34 910 000 002",
        ..admin
    };
    let made = book.days_ago(720);
    let mut admin = row(book, &admin, UserSegment::Lead, None, made);
    admin.role = UserRole::Admin;
    admin.features = json!([Feature::Impersonation]);
    let mut agent = row(book, &agent, UserSegment::Lead, None, made);
    agent.role = UserRole::Agent;
    book.users.extend([admin, agent]);
}

pub fn customers(book: &mut Book) {
    for (i, person) in CUSTOMERS.iter().enumerate() {
        let made = book.about(90 + number(person.email) % 560, person.email);
        let home = home(i);
        if home == Some(i) {
            found_ecosystem(book, person, made + TimeDelta::days(3));
        }
        let ecosystem = home.map(|owner| ecosystem_id(CUSTOMERS[owner].key()));
        let row = row(book, person, UserSegment::Customer, ecosystem, made);
        book.users.push(row);
        subscribe(book, i, person, made);
    }
    for person in LEADS {
        let made = book.about(number(person.email) % 80, person.email);
        let row = row(book, person, UserSegment::Lead, None, made);
        book.users.push(row);
    }
}

/// The customer in whose ecosystem one is: mostly one's own, sometimes a colleague's, sometimes none yet.
fn home(i: usize) -> Option<usize> {
    match i % 8 {
        3 | 6 => None,
        7 => Some(i - 2),
        _ => Some(i),
    }
}

fn found_ecosystem(book: &mut Book, owner: &Person, made: DateTime<Utc>) {
    book.ecosystems.push(ecosystem::Model {
        id: ecosystem_id(owner.key()),
        team_id: book.team,
        external_id: format!("eco-{}", owner.key().replace('.', "-")),
        name: owner.company.to_owned(),
        owner_id: user_id(owner.key()),
        suspended_at: None,
        suspension_reason: None,
        created_at: made,
        updated_at: made,
    });
}

fn row(
    book: &Book,
    person: &Person,
    segment: UserSegment,
    ecosystem: Option<EcosystemId>,
    made: DateTime<Utc>,
) -> user::Model {
    user::Model {
        id: user_id(person.key()),
        team_id: book.team,
        role: UserRole::Member,
        segment,
        tier: person.tier,
        features: json!([]),
        first_name: person.first.to_owned(),
        last_name: person.last.to_owned(),
        company_email: person.email.to_owned(),
        email_key: email::key(person.email),
        phone: Some(person.phone.to_owned()),
        company_name: Some(person.company.to_owned()),
        locale: person.locale,
        suspended_at: None,
        ecosystem_id: ecosystem,
        search_text: search_text(
            person.first,
            person.last,
            person.email,
            Some(person.phone),
            Some(person.company),
        ),
        created_at: made,
        updated_at: made,
    }
}

fn subscribe(book: &mut Book, i: usize, person: &Person, made: DateTime<Utc>) {
    let status = STATUSES[i % STATUSES.len()];
    let (interval, length) = if i.is_multiple_of(3) {
        (BillingInterval::Annual, TimeDelta::days(365))
    } else {
        (BillingInterval::Monthly, TimeDelta::days(30))
    };
    let into = TimeDelta::days(1 + number(person.key()) % 25);
    let (starts, ends) = match status {
        PlanSubscriptionStatus::Trialing => (book.now - into / 3, book.now + TimeDelta::days(14) - into / 3),
        PlanSubscriptionStatus::Canceled | PlanSubscriptionStatus::Expired => {
            let end = book.now - into;
            ((end - length).max(made), end)
        }
        _ => (book.now - into, book.now - into + length),
    };
    let plan = &catalog::PLANS[match person.tier {
        CustomerTier::Standard => 0,
        CustomerTier::Premium => 1,
        CustomerTier::Vip | CustomerTier::Enterprise => 2,
    }];
    let licenses = match person.tier {
        CustomerTier::Standard => 5,
        CustomerTier::Premium => 20,
        CustomerTier::Vip => 60,
        CustomerTier::Enterprise => 250,
    };
    let suspended = if person.key() == SUSPENDED { 2 } else { 0 };
    book.plans.push(plan_subscription::Model {
        id: PlanSubscriptionId(named("plan", person.key())),
        team_id: book.team,
        external_id: format!("sub-{}", person.key().replace('.', "-")),
        user_id: user_id(person.key()),
        product_id: product_id(plan.external_id),
        interval,
        status,
        starts_at: starts,
        ends_at: Some(ends),
        encounters: number(person.company) % 48,
        licenses_total: licenses,
        licenses_assigned: (number(person.email) % licenses).max(1) - suspended.min(1),
        licenses_suspended: suspended,
        created_at: starts,
        updated_at: starts,
    });
}
