//! The demo's scenarios, told by the product's own use cases, each thing at its time.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    actor::Actor,
    adapters::gateways::WebhookDelivery,
    entitlements::{
        batches::{self, BatchRequest, ChangeWanted, People},
        manual::{self, GrantRequest},
    },
    error::{Error, Outcome},
    impersonation,
    payments::{self, Addressed, Received},
    purchases::{self, PurchaseReport},
    refunds::{self, RefundRequest},
    users::{
        UserFilter, ecosystems,
        exports::{self, UsersExport},
    },
};
use entities::{Currency, EntitlementId, Money, PaymentGateway, PurchaseStatus, UserRole, UserSegment};

use super::{
    book::{about, days_ago, ecosystem_id, product_id, user_id},
    customers::{SUSPENDED, SUSPENSION},
    sale::{Access, Ended, Gift, Paid, Refunded, Sale},
    sales::{payment_id, purchase_id, subscription_id},
    stage::Stage,
    stories::{self, GIFTS},
};

/// The gateway's words for the refund that it refuses.
const REFUSAL: (&str, &str) = (
    "expired_or_canceled_card",
    "The card has expired or was canceled.",
);
/// How long after its success the gateway takes a refund back.
const TAKEN_BACK_AFTER: TimeDelta = TimeDelta::hours(74);

/// Something that happens.
enum Deed {
    Sell(Sale),
    /// The store reports a known sale as it is from here on.
    Report(Sale, PurchaseStatus),
    Refund(Sale, Refunded),
    TakeBack(Sale),
    Give(&'static Gift),
    Take(&'static Gift, &'static str),
    CloseEcosystem,
    LookThroughLucia,
    GiveToMany,
    ExportLeads,
}

/// Tells all of it, in the order in which it happens.
pub async fn tell(stage: &Stage, now: DateTime<Utc>) -> Outcome<()> {
    let mut deeds = deeds(now);
    deeds.sort_by_key(|(at, _)| *at);
    let mut teller = Teller {
        stage,
        now,
        agent: stage.staff(user_id("agent"), UserRole::Agent),
        admin: stage.staff(user_id("admin"), UserRole::Admin),
        given: HashMap::new(),
    };
    for (at, deed) in deeds {
        stage.until(at);
        teller.tell(deed).await?;
    }
    Ok(())
}

fn deeds(now: DateTime<Utc>) -> Vec<(DateTime<Utc>, Deed)> {
    let ago = |days| days_ago(now, days);
    let mut deeds = vec![
        (about(now, 6, SUSPENDED), Deed::CloseEcosystem),
        (ago(3), Deed::LookThroughLucia),
        (ago(1), Deed::GiveToMany),
        (now - TimeDelta::hours(2), Deed::ExportLeads),
    ];
    for sale in stories::sales() {
        let later = match sale.paid {
            Paid::Canceled(days) => Some((days, PurchaseStatus::Canceled)),
            Paid::GivenBack(days) => Some((days, PurchaseStatus::Refunded)),
            Paid::Pending | Paid::Yes => None,
        };
        if let Some((days, status)) = later {
            deeds.push((ago(days), Deed::Report(sale.clone(), status)));
        }
        if let Some(refunded) = sale.refund {
            let at = about(now, refunded.days_ago, &sale.key);
            deeds.push((at, Deed::Refund(sale.clone(), refunded)));
            if refunded.ended == Ended::Reversed {
                deeds.push((at + TAKEN_BACK_AFTER, Deed::TakeBack(sale.clone())));
            }
        }
        deeds.push((about(now, sale.days_ago, &sale.key), Deed::Sell(sale)));
    }
    for gift in GIFTS {
        deeds.push((ago(-gift.starts).min(ago(2)), Deed::Give(gift)));
        if let Some((days, why)) = gift.revoked {
            deeds.push((ago(days), Deed::Take(gift, why)));
        }
    }
    deeds
}

struct Teller<'a> {
    stage: &'a Stage,
    /// When the demo is made.
    now: DateTime<Utc>,
    agent: Actor,
    admin: Actor,
    given: HashMap<(&'static str, &'static str), EntitlementId>,
}

impl Teller<'_> {
    async fn tell(&mut self, deed: Deed) -> Outcome<()> {
        match deed {
            Deed::Sell(sale) => self.sell(&sale).await,
            Deed::Report(sale, status) => self.report(&sale, status).await,
            Deed::Refund(sale, refunded) => self.refund(&sale, refunded).await,
            Deed::TakeBack(sale) => self.take_back(&sale).await,
            Deed::Give(gift) => self.give(gift).await,
            Deed::Take(gift, why) => self.take(gift, why).await,
            Deed::CloseEcosystem => self.close_ecosystem().await,
            Deed::LookThroughLucia => self.look_through_lucia().await,
            Deed::GiveToMany => self.give_to_many().await,
            Deed::ExportLeads => self.export_leads().await,
        }
    }

    /// A customer pays, and the store reports it for the first time.
    async fn sell(&self, sale: &Sale) -> Outcome<()> {
        let status = match sale.paid {
            Paid::Pending => PurchaseStatus::Pending,
            Paid::Yes | Paid::Canceled(_) | Paid::GivenBack(_) => PurchaseStatus::Active,
        };
        let fails = sale.refund.is_some_and(|refund| refund.ended == Ended::Failed);
        let refusal = fails.then_some(REFUSAL);
        self.stage
            .gateways
            .paid(&payment_id(sale), amount(sale)?, refusal);
        self.stage.next_id(purchase_id(&sale.key).0);
        self.report(sale, status).await
    }

    async fn report(&self, sale: &Sale, status: PurchaseStatus) -> Outcome<()> {
        let paid = status != PurchaseStatus::Pending && sale.gateway != PaymentGateway::Manual;
        let online = self.stage.app.gateways.of(sale.gateway).is_some();
        let report = PurchaseReport {
            external_id: sale.key.clone(),
            user: Ok(user_id(sale.person)),
            product: Ok(product_id(sale.product)),
            kind: sale.kind,
            gateway: sale.gateway,
            gateway_payment_id: paid.then(|| payment_id(sale)),
            gateway_subscription_id: (sale.agreement && online).then(|| subscription_id(sale)),
            amount: amount(sale)?.to_major(),
            currency: sale.currency.to_owned(),
            status,
            purchased_at: Ok(about(self.now, sale.days_ago, &sale.key)),
            access_until: Ok(match sale.access {
                Access::ForLife => None,
                Access::Until(days) => Some(days_ago(self.now, -days)),
            }),
        };
        purchases::record(&self.stage.app, &self.stage.store(), report).await?;
        Ok(())
    }

    async fn refund(&self, sale: &Sale, refunded: Refunded) -> Outcome<()> {
        let currency = amount(sale)?.currency;
        let part = |minor| (Money::new(minor, currency).to_major(), sale.currency.to_owned());
        let request = RefundRequest {
            purchase: Ok(purchase_id(&sale.key)),
            reason: refunded.reason,
            note: refunded.note.map(str::to_owned),
            amount: refunded.part.map(part),
            override_policy: false,
            idempotency_key: None,
        };
        refunds::request(&self.stage.app, &self.agent, request).await?;
        self.stage.work().await
    }

    async fn take_back(&self, sale: &Sale) -> Outcome<()> {
        let payment = payment_id(sale);
        self.stage.gateways.take_back(&payment);
        let app = &self.stage.app;
        let gateway = app.gateways.of(sale.gateway);
        let path = gateway.map(|it| it.webhooks().path()).unwrap_or_default();
        let delivery = WebhookDelivery {
            body: payment.into_bytes(),
            ..WebhookDelivery::default()
        };
        let to = Addressed {
            team: Some(self.agent.team),
            from: None,
        };
        let received = payments::receive(app, path, to, &delivery).await?;
        if received != Received::Stored {
            return Err(anyhow::anyhow!("the gateway's notice was {received:?}").into());
        }
        self.stage.work().await
    }

    async fn give(&mut self, gift: &'static Gift) -> Outcome<()> {
        let request = GrantRequest {
            user: Ok(user_id(gift.person)),
            product: Ok(product_id(gift.product)),
            starts_at: Ok(Some(days_ago(self.now, -gift.starts))),
            expires_at: Ok(gift.ends.map(|days| days_ago(self.now, -days))),
            note: None,
            notify_customer: false,
        };
        let changed = manual::grant_by_hand(&self.stage.app, &self.agent, request).await?;
        let given = done(changed)?;
        self.given.insert((gift.person, gift.product), given);
        Ok(())
    }

    async fn take(&self, gift: &'static Gift, why: &str) -> Outcome<()> {
        let given = self.given.get(&(gift.person, gift.product)).copied();
        let given = given.ok_or_else(|| anyhow::anyhow!("nothing was given to {}", gift.person))?;
        let changed = manual::revoke(&self.stage.app, &self.agent, Ok(given), Some(why)).await?;
        done(changed).map(|_| ())
    }

    async fn close_ecosystem(&self) -> Outcome<()> {
        let id = Ok(ecosystem_id(SUSPENDED));
        ecosystems::suspend(&self.stage.app, &self.admin, id, SUSPENSION).await?;
        Ok(())
    }

    /// S0.1: to see what she sees.
    async fn look_through_lucia(&self) -> Outcome<()> {
        let (app, lucia) = (&self.stage.app, Ok(user_id("lucia.fernandez")));
        let why = "No encuentra el libro que ha comprado.";
        let seen_as = impersonation::start(app, &self.admin, lucia, why, None).await?;
        self.stage.until(app.clock.now() + TimeDelta::minutes(6));
        impersonation::stop(app, &seen_as.actor).await?;
        Ok(())
    }

    async fn give_to_many(&self) -> Outcome<()> {
        let people = ["ruby.ashworth", "ethan.delgado", "hannah.weiss", "liam.brennan"];
        let request = BatchRequest {
            change: ChangeWanted::Grant {
                starts_at: Ok(None),
                expires_at: Ok(Some(days_ago(self.now, -29))),
                notify_customer: false,
            },
            product: Ok(product_id("book-winter")),
            people: Ok(People::Named(people.map(user_id).to_vec())),
            note: Some("A month to read after the book fair.".to_owned()),
            idempotency_key: None,
        };
        batches::request(&self.stage.app, &self.agent, request).await?;
        self.stage.work().await
    }

    async fn export_leads(&self) -> Outcome<()> {
        let wish = UsersExport {
            segment: UserSegment::Lead,
            filter: UserFilter::default(),
        };
        exports::request(&self.stage.app, &self.admin, wish).await?;
        self.stage.work().await
    }
}

fn amount(sale: &Sale) -> Outcome<Money> {
    let currency: Currency = sale.currency.parse().map_err(anyhow::Error::from)?;
    Ok(Money::new(sale.amount, currency))
}

fn done(changed: manual::ManualChange) -> Outcome<EntitlementId> {
    if !changed.refusals.is_empty() {
        return Err(Error::Refused(changed.refusals));
    }
    let entitlement = changed.entitlement.map(|it| it.id);
    Ok(entitlement.ok_or_else(|| anyhow::anyhow!("access by hand leaves an entitlement"))?)
}
