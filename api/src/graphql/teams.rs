//! The business, and what it decides for itself.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    Denied,
    actor::Actor,
    teams::{self, GatewaySecrets, SecretName, SettingsChange},
};
use entities::{PaymentGateway, UserId, team};
use secrecy::SecretString;

use super::{
    context::{Ctx, input_id, to_graphql},
    enums::{CustomerTier, Locale, Module},
    errors::UserError,
    money::{Money, MoneyInput},
    scalars::Url,
    users::{self, User, count},
};

/// A business that runs on Postventa.
#[derive(Clone, Debug)]
pub struct Team(pub team::Model);

/// The actor's own team: the only one there is for them.
pub async fn of(ctx: &Context<'_>, actor: &Actor) -> Result<Team> {
    ctx.answer(teams::load(ctx.app(), actor.team).await).map(Team)
}

/// A business that runs on Postventa.
#[Object]
impl Team {
    /// TypeID.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The language of those who have chosen none.
    async fn default_locale(&self) -> Locale {
        self.0.default_locale.into()
    }

    /// IANA name; days begin and end in it.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// ISO 4217 code of its usual currency.
    async fn currency(&self) -> &str {
        self.0.currency.as_str()
    }

    /// What it has switched on.
    async fn modules(&self) -> Result<Vec<Module>> {
        let modules: Vec<entities::Module> = serde_json::from_value(self.0.modules.clone())?;
        Ok(modules.into_iter().map(Into::into).collect())
    }

    /// For administrators.
    async fn settings(&self, ctx: &Context<'_>) -> Result<TeamSettings> {
        let actor = ctx.actor()?;
        // In the answer to a sign-in it may be another team than that of whoever asks.
        if !actor.is_admin() || actor.team != self.0.id {
            return Err(to_graphql(Denied::AdministratorsOnly.into(), ctx.caller().locale));
        }
        let secrets = teams::secrets::load(ctx.app(), self.0.id, ctx.app().db.connection()).await;
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
    /// Where customers write to, and where mails come from.
    async fn support_address(&self) -> &str {
        &self.team.support_address
    }

    /// Where the customers' portal is.
    async fn portal_url(&self) -> Option<Url> {
        self.team.portal_url.clone().map(Url)
    }

    /// Whether Stripe can be used.
    async fn stripe_configured(&self) -> bool {
        self.secrets.can_refund(PaymentGateway::Stripe)
    }

    /// Whether MercadoPago can be used.
    async fn mercado_pago_configured(&self) -> bool {
        self.secrets.can_refund(PaymentGateway::MercadoPago)
    }

    /// Whether PayPal can be used.
    async fn paypal_configured(&self) -> bool {
        self.secrets.can_refund(PaymentGateway::Paypal)
    }

    /// More than this share read speaks against a refund.
    async fn refund_reading_threshold_percent(&self) -> i32 {
        count(self.team.refund_reading_threshold_percent)
    }

    /// For so many days after its cancellation a purchase can be refunded.
    async fn refund_recently_canceled_days(&self) -> i32 {
        count(self.team.refund_recently_canceled_days)
    }

    /// A payment is recent for so many days.
    async fn recent_payment_days(&self) -> i32 {
        count(self.team.recent_payment_days)
    }

    /// An issue recurs from so many similar tickets on.
    async fn recurring_issue_count(&self) -> i32 {
        count(self.team.recurring_issue_count)
    }

    /// How much temporary credit each tier may have.
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

    /// Who gets escalated payment cases.
    async fn billing_specialist(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        staff(ctx, self.team.billing_specialist_id).await
    }

    /// Who gets customers with recurring issues.
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

/// How much temporary credit a tier may have.
#[derive(SimpleObject)]
pub struct TierCreditLimit {
    /// Which tier.
    tier: CustomerTier,
    /// At most this.
    limit: Money,
}

/// How much temporary credit a tier may have.
#[derive(InputObject)]
pub struct TierCreditLimitInput {
    /// Which tier.
    tier: CustomerTier,
    /// At most this, in the team's currency.
    limit: MoneyInput,
}

/// What is to be changed; what is left out stays.
#[derive(InputObject)]
pub struct TeamSettingsUpdateInput {
    /// What the team is called.
    name: Option<String>,
    /// The language of those who have chosen none.
    default_locale: Option<Locale>,
    /// IANA name.
    time_zone: Option<String>,
    /// Where customers write to.
    support_address: Option<String>,
    /// Where the customers' portal is.
    portal_url: Option<Url>,
    /// `sk_…` or `rk_…`.
    #[graphql(secret)]
    stripe_secret_key: Option<String>,
    /// `pk_…`.
    #[graphql(secret)]
    stripe_publishable_key: Option<String>,
    /// `whsec_…`.
    #[graphql(secret)]
    stripe_webhook_secret: Option<String>,
    /// `APP_USR-…`.
    #[graphql(secret)]
    mercado_pago_access_token: Option<String>,
    /// The signing secret of the webhook's configuration.
    #[graphql(secret)]
    mercado_pago_webhook_secret: Option<String>,
    /// PayPal's client id.
    #[graphql(secret)]
    paypal_client_id: Option<String>,
    /// PayPal's client secret.
    #[graphql(secret)]
    paypal_client_secret: Option<String>,
    /// 0 to 100.
    refund_reading_threshold_percent: Option<i32>,
    /// 0 to 365.
    refund_recently_canceled_days: Option<i32>,
    /// 1 to 365.
    recent_payment_days: Option<i32>,
    /// 1 to 100.
    recurring_issue_count: Option<i32>,
    /// For the tiers that are named.
    credit_limits: Option<Vec<TierCreditLimitInput>>,
    /// A member of staff.
    billing_specialist_id: Option<ID>,
    /// A member of staff.
    account_manager_id: Option<ID>,
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
        }
    }
}

/// The changed team, or why not.
#[derive(SimpleObject)]
pub struct TeamPayload {
    /// As it is now.
    team: Option<Team>,
    /// Empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The teams' part of the mutations.
#[derive(Default)]
pub struct TeamMutations;

#[Object]
impl TeamMutations {
    /// Changes what the team decides for itself. For administrators.
    async fn team_settings_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to be changed.")] input: TeamSettingsUpdateInput,
    ) -> Result<TeamPayload> {
        let outcome = teams::update_settings(ctx.app(), ctx.actor()?, input.into()).await;
        let (team, user_errors) = ctx.payload(outcome)?;
        Ok(TeamPayload {
            team: team.map(Team),
            user_errors,
        })
    }
}
