//! The business, and what it decides for itself.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    actor::Actor,
    teams::{self, GatewaySecrets, SecretName, SettingsChange},
};
use entities::{UserId, team};
use secrecy::SecretString;

use super::{
    context::{Ctx, input_id},
    errors::UserError,
    money::{Money, MoneyInput},
    scalars::{Url, Whole, int},
    users::{
        self, User,
        enums::{CustomerTier, Locale},
    },
    words::words,
};

words! {
    /// A part of the product that a team can switch on.
    Module = "entities::Module" {
        /// Invoices, payments and the customers' portal.
        Billing,
        /// Granting, extending and revoking access to products by hand.
        Commerce,
        /// Tickets and incoming mail.
        Support,
    }
    /// What becomes of access when the whole payment was given back past Postventa: by hand at the gateway, or by the store.
    ExternalRefundAccess = "entities::ExternalRefundAccess" {
        /// Access stays until staff revoke it.
        Keep,
        /// What the purchase gave ends, as with a refund of Postventa's.
        Revoke,
    }
}

/// A business that uses Postventa.
#[derive(Clone, Debug)]
pub struct Team(pub team::Model);

/// The actor's own team: the only one there is for them.
pub async fn of(ctx: &Context<'_>, actor: &Actor) -> Result<Team> {
    ctx.answer(teams::own(ctx.app(), actor).await).map(Team)
}

/// A business that uses Postventa.
#[Object]
impl Team {
    /// TypeID of the team.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Name of the team.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Language for people who have chosen none.
    async fn default_locale(&self) -> Locale {
        self.0.default_locale.into()
    }

    /// IANA name of the time zone in which the team's days begin and end.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// ISO 4217 code of the team's usual currency.
    async fn currency(&self) -> &str {
        self.0.currency.as_str()
    }

    /// Modules that the team has switched on.
    async fn modules(&self) -> Result<Vec<Module>> {
        let modules: Vec<entities::Module> = serde_json::from_value(self.0.modules.clone())?;
        Ok(modules.into_iter().map(Into::into).collect())
    }

    /// The team's settings. For administrators.
    async fn settings(&self, ctx: &Context<'_>) -> Result<TeamSettings> {
        let secrets = teams::secrets_of(ctx.app(), ctx.actor()?, &self.0).await;
        Ok(TeamSettings {
            team: self.0.clone(),
            secrets: ctx.answer(secrets)?,
        })
    }
}

/// What a team decides for itself. Secrets can be set and replaced, never read.
pub struct TeamSettings {
    team: team::Model,
    secrets: GatewaySecrets,
}

/// What a team decides for itself. Secrets can be set and replaced, never read.
#[Object]
impl TeamSettings {
    /// E-mail address that customers write to and that mails come from.
    async fn support_address(&self) -> &str {
        &self.team.support_address
    }

    /// Address of the customers' portal; null if there is none.
    async fn portal_url(&self) -> Option<Url> {
        self.team.portal_url.clone().map(Url)
    }

    /// Whether there are credentials for Stripe: the team's own or the installation's.
    async fn stripe_configured(&self) -> bool {
        self.secrets.have(&[SecretName::StripeSecretKey])
    }

    /// Whether there are credentials for MercadoPago: the team's own or the installation's.
    async fn mercado_pago_configured(&self) -> bool {
        self.secrets.have(&[SecretName::MercadoPagoAccessToken])
    }

    /// Whether there are credentials for PayPal: the team's own or the installation's.
    async fn paypal_configured(&self) -> bool {
        self.secrets
            .have(&[SecretName::PaypalClientId, SecretName::PaypalClientSecret])
    }

    /// Share of a title in percent: if more was read, a refund requires `overridePolicy`.
    async fn refund_reading_threshold_percent(&self) -> i32 {
        int(self.team.refund_reading_threshold_percent)
    }

    /// Number of days after its cancellation during which a purchase can be refunded.
    async fn refund_recently_canceled_days(&self) -> i32 {
        int(self.team.refund_recently_canceled_days)
    }

    /// Number of days during which a payment counts as recent.
    async fn recent_payment_days(&self) -> i32 {
        int(self.team.recent_payment_days)
    }

    /// Number of similar tickets from which an issue counts as recurring.
    async fn recurring_issue_count(&self) -> i32 {
        int(self.team.recurring_issue_count)
    }

    /// Highest temporary credit for each tier.
    async fn credit_limits(&self) -> Vec<TierCreditLimit> {
        let limit = |tier: &entities::CustomerTier| TierCreditLimit {
            tier: (*tier).into(),
            limit: entities::Money::new(
                self.team.credit_limits[tier.as_str()]
                    .as_i64()
                    .unwrap_or_default(),
                self.team.currency,
            )
            .into(),
        };
        entities::CustomerTier::ALL.iter().map(limit).collect()
    }

    /// What becomes of access when the whole payment was given back past Postventa.
    async fn external_refund_access(&self) -> ExternalRefundAccess {
        self.team.external_refund_access.into()
    }

    /// The member of staff who gets escalated payment cases.
    async fn billing_specialist(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        staff(ctx, self.team.billing_specialist_id).await
    }

    /// The member of staff who gets customers with recurring issues.
    async fn account_manager(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        staff(ctx, self.team.account_manager_id).await
    }
}

async fn staff(ctx: &Context<'_>, id: Option<UserId>) -> Result<Option<User>> {
    match id {
        Some(id) => users::load(ctx, id).await,
        None => Ok(None),
    }
}

/// Highest temporary credit for a tier.
#[derive(SimpleObject)]
pub struct TierCreditLimit {
    /// The tier for which it holds.
    tier: CustomerTier,
    /// The highest amount.
    limit: Money,
}

/// Highest temporary credit for a tier.
#[derive(InputObject)]
pub struct TierCreditLimitInput {
    /// The tier for which it holds.
    tier: CustomerTier,
    /// The highest amount, in the team's currency.
    limit: MoneyInput,
}

/// The settings to change; what is left out stays as it is.
#[derive(InputObject)]
pub struct TeamSettingsUpdateInput {
    /// Name of the team.
    name: Option<String>,
    /// Language for people who have chosen none.
    default_locale: Option<Locale>,
    /// IANA name of the time zone in which the team's days begin and end.
    time_zone: Option<String>,
    /// E-mail address that customers write to and that mails come from.
    support_address: Option<String>,
    /// Address of the customers' portal, beginning with `https://` or `http://`.
    portal_url: Option<Url>,
    /// Stripe's secret key (`sk_…`) or restricted key (`rk_…`).
    #[graphql(secret)]
    stripe_secret_key: Option<String>,
    /// Stripe's publishable key (`pk_…`).
    #[graphql(secret)]
    stripe_publishable_key: Option<String>,
    /// Stripe's signing secret for webhooks (`whsec_…`).
    #[graphql(secret)]
    stripe_webhook_secret: Option<String>,
    /// MercadoPago's access token (`APP_USR-…`).
    #[graphql(secret)]
    mercado_pago_access_token: Option<String>,
    /// MercadoPago's signing secret for webhooks.
    #[graphql(secret)]
    mercado_pago_webhook_secret: Option<String>,
    /// PayPal's client id.
    #[graphql(secret)]
    paypal_client_id: Option<String>,
    /// PayPal's client secret.
    #[graphql(secret)]
    paypal_client_secret: Option<String>,
    /// Share of a title in percent, 0 to 100: if more was read, a refund requires `overridePolicy`.
    refund_reading_threshold_percent: Option<Whole>,
    /// Number of days after its cancellation during which a purchase can be refunded, 0 to 365.
    refund_recently_canceled_days: Option<Whole>,
    /// Number of days during which a payment counts as recent, 1 to 365.
    recent_payment_days: Option<Whole>,
    /// Number of similar tickets from which an issue counts as recurring, 1 to 100.
    recurring_issue_count: Option<Whole>,
    /// Highest temporary credit for the tiers that are named; the other tiers stay as they are.
    credit_limits: Option<Vec<TierCreditLimitInput>>,
    /// TypeID of the member of staff who gets escalated payment cases.
    billing_specialist_id: Option<ID>,
    /// TypeID of the member of staff who gets customers with recurring issues.
    account_manager_id: Option<ID>,
    /// What becomes of access when the whole payment was given back past Postventa.
    external_refund_access: Option<ExternalRefundAccess>,
}

impl From<TeamSettingsUpdateInput> for SettingsChange {
    fn from(input: TeamSettingsUpdateInput) -> Self {
        let secrets = [
            (SecretName::StripeSecretKey, input.stripe_secret_key),
            (SecretName::StripePublishableKey, input.stripe_publishable_key),
            (SecretName::StripeWebhookSecret, input.stripe_webhook_secret),
            (
                SecretName::MercadoPagoAccessToken,
                input.mercado_pago_access_token,
            ),
            (
                SecretName::MercadoPagoWebhookSecret,
                input.mercado_pago_webhook_secret,
            ),
            (SecretName::PaypalClientId, input.paypal_client_id),
            (SecretName::PaypalClientSecret, input.paypal_client_secret),
        ];
        let limit = |it: TierCreditLimitInput| (it.tier.into(), it.limit.amount.0, it.limit.currency);
        Self {
            name: input.name,
            default_locale: input.default_locale.map(Into::into),
            time_zone: input.time_zone,
            support_address: input.support_address,
            portal_url: input.portal_url.map(|url| url.0),
            secrets: secrets
                .into_iter()
                .filter_map(|(name, secret)| secret.map(|secret| (name, SecretString::from(secret))))
                .collect(),
            refund_reading_threshold_percent: input.refund_reading_threshold_percent.map(Into::into),
            refund_recently_canceled_days: input.refund_recently_canceled_days.map(Into::into),
            recent_payment_days: input.recent_payment_days.map(Into::into),
            recurring_issue_count: input.recurring_issue_count.map(Into::into),
            credit_limits: input
                .credit_limits
                .map(|limits| limits.into_iter().map(limit).collect()),
            billing_specialist: input
                .billing_specialist_id
                .map(|id| input_id("billingSpecialistId", &id)),
            account_manager: input
                .account_manager_id
                .map(|id| input_id("accountManagerId", &id)),
            external_refund_access: input.external_refund_access.map(Into::into),
        }
    }
}

/// The changed team, or the reasons why nothing was changed.
#[derive(SimpleObject)]
pub struct TeamPayload {
    /// The team as it is now; null if the mutation was refused.
    team: Option<Team>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The teams' part of the mutations.
#[derive(Default)]
pub struct TeamMutations;

#[Object]
impl TeamMutations {
    /// Changes the team's settings. For administrators.
    async fn team_settings_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The settings to change.")] input: TeamSettingsUpdateInput,
    ) -> Result<TeamPayload> {
        let outcome = teams::update_settings(ctx.app(), ctx.actor()?, input.into()).await;
        let (team, user_errors) = ctx.payload(outcome)?;
        Ok(TeamPayload {
            team: team.map(Team),
            user_errors,
        })
    }
}
