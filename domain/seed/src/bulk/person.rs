//! One customer or lead in bulk, with everything that hangs on them: decided by the seed and their number alone.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{CustomerTier, TeamId};
use uuid::Uuid;

use super::{
    dice::Dice,
    names::{ENGLISH, Names, PORTUGUESE, SPANISH},
    sales,
    tables::{Batch, Cell, In},
};
use domain::{email, input, users::search_text};

/// What all of a team's people have in common.
pub struct Crowd {
    pub team: TeamId,
    pub seed: u64,
    pub users: u64,
    pub now: DateTime<Utc>,
    pub products: Vec<Product>,
}

#[derive(Clone, Copy)]
pub struct Product {
    pub id: Uuid,
    pub price: i64,
    pub grace_days: i64,
}

/// The person whose rows are being made.
pub struct Person<'a> {
    pub crowd: &'a Crowd,
    pub number: u64,
    pub id: Uuid,
    pub since: DateTime<Utc>,
    pub dice: Dice,
    /// Rows so far, for ids in order.
    rows: u16,
}

impl Crowd {
    /// Writes the rows of one person into a batch.
    pub fn add(&self, number: u64, batch: &mut Batch) {
        let mut dice = Dice::new(self.seed, number);
        // They came evenly over three years, the first ones first.
        let seconds: u128 = (3 * 365 - 7) * 86_400;
        let share = i64::try_from(u128::from(number) * seconds / u128::from(self.users.max(1)));
        let since = self.now - TimeDelta::days(3 * 365) + TimeDelta::seconds(share.unwrap_or(0));
        let id = dice.id(since, 0);
        let mut person = Person {
            crowd: self,
            number,
            id,
            since,
            dice,
            rows: 0,
        };
        let names = match person.dice.below(10) {
            0..=4 => &SPANISH,
            5..=7 => &PORTUGUESE,
            _ => &ENGLISH,
        };
        // Two thirds have bought a subscription.
        let customer = number % 3 != 2;
        person.introduce(names, customer, batch);
        if customer {
            person.subscribe(batch);
        }
        sales::add(&mut person, names.locale, batch);
    }
}

impl Person<'_> {
    pub fn team(&self) -> Cell {
        Cell::Id(self.crowd.team.0)
    }

    /// The id of the next row.
    pub fn next_id(&mut self) -> Uuid {
        self.rows += 1;
        self.dice.id(self.since, self.rows)
    }

    pub fn text(&self, kind: &str, n: usize) -> Cell {
        Cell::Text(format!("{kind}-{}-{n}", self.number))
    }

    fn introduce(&mut self, names: &Names, customer: bool, batch: &mut Batch) {
        let first = *self.dice.one_of(names.first);
        let last = format!(
            "{} {}",
            self.dice.one_of(names.last),
            self.dice.one_of(names.last)
        );
        let company = format!(
            "{} {}",
            self.dice.one_of(names.company),
            self.dice.one_of(names.last)
        );
        let plain = |text: &str| input::searchable(text).replace([' ', '\''], "");
        let address = format!(
            "{}.{}.{}@{}.example",
            plain(first),
            plain(&last),
            self.number,
            plain(&company)
        );
        let phone = self.phone(names);
        let tier = match self.dice.below(100) {
            0..=69 => CustomerTier::Standard,
            70..=89 => CustomerTier::Premium,
            90..=97 => CustomerTier::Vip,
            _ => CustomerTier::Enterprise,
        };
        // A third of the customers.
        let ecosystem = (customer && matches!(self.number % 9, 0 | 4)).then(|| self.next_id());
        if let Some(id) = ecosystem {
            self.found(id, &company, batch);
        }
        let search = search_text(first, &last, &address, Some(&phone), Some(&company));
        batch.add(
            In::Users,
            [
                self.id.into(),
                self.team(),
                "MEMBER".into(),
                if customer { "CUSTOMER" } else { "LEAD" }.into(),
                tier.as_str().into(),
                Cell::Json("[]"),
                first.into(),
                last.into(),
                address.clone().into(),
                email::key(&address).into(),
                phone.into(),
                company.into(),
                names.locale.as_str().into(),
                Cell::Null,
                ecosystem.into(),
                search.into(),
                self.since.into(),
                self.since.into(),
            ],
        );
    }

    fn phone(&mut self, names: &Names) -> String {
        let (code, digits) = *self.dice.one_of(names.phones);
        let number = 10_i64.pow(digits - 1) + self.dice.below(9 * 10_i64.pow(digits - 1));
        let number = number.to_string();
        format!("{code} {} {} {}", &number[..3], &number[3..6], &number[6..])
    }

    fn found(&mut self, id: Uuid, company: &str, batch: &mut Batch) {
        let suspended = self
            .dice
            .percent(1)
            .then_some(self.crowd.now - TimeDelta::days(3));
        batch.add(
            In::Ecosystems,
            [
                id.into(),
                self.team(),
                self.text("eco", 0),
                company.to_owned().into(),
                self.id.into(),
                suspended.into(),
                suspended.map(|_| "Factura vencida").into(),
                self.since.into(),
                suspended.unwrap_or(self.since).into(),
            ],
        );
    }

    fn subscribe(&mut self, batch: &mut Batch) {
        let annual = self.dice.percent(30);
        let length = TimeDelta::days(if annual { 365 } else { 30 });
        let status = match self.dice.below(100) {
            0..=69 => "ACTIVE",
            70..=74 => "TRIALING",
            75..=79 => "PAST_DUE",
            80..=82 => "PAUSED",
            83..=91 => "CANCELED",
            _ => "EXPIRED",
        };
        let into = TimeDelta::days(self.dice.below(length.num_days()));
        let ended = matches!(status, "CANCELED" | "EXPIRED");
        let now = self.crowd.now;
        let starts = if ended {
            self.since
        } else {
            (now - into).max(self.since)
        };
        let ends = if ended {
            (starts + length).min(now)
        } else {
            starts + length
        };
        let licenses = 1 + self.dice.below(50);
        let id = self.next_id();
        let product = self.dice.one_of(&self.crowd.products).id;
        batch.add(
            In::Plans,
            [
                id.into(),
                self.team(),
                self.text("plan", 0),
                self.id.into(),
                product.into(),
                if annual { "ANNUAL" } else { "MONTHLY" }.into(),
                status.into(),
                starts.into(),
                ends.into(),
                self.dice.below(60).into(),
                licenses.into(),
                self.dice.below(licenses).into(),
                Cell::Int(0),
                starts.into(),
                starts.into(),
            ],
        );
    }
}
