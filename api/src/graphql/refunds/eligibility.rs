//! Whether a purchase can be refunded, and what speaks against it.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use domain::{
    purchases,
    refunds::{self, Eligibility},
};
use entities::purchase;

use super::enums::RefundCheckItem;
use crate::graphql::{context::Ctx, errors::UserErrorCode, money::Money, purchases::Purchase, scalars::int};

/// What an agent checks before a refund, answered in one place.
pub struct RefundEligibility {
    pub purchase: purchase::Model,
    pub eligibility: Arc<Eligibility>,
}

/// What an agent checks before a refund, answered in one place.
#[Object]
impl RefundEligibility {
    /// Whether a refund can be requested, if need be with `overridePolicy`.
    async fn eligible(&self) -> bool {
        self.eligibility.blockers.is_empty()
    }

    /// Facts that rule a refund out, as codes of `UserError`.
    async fn blockers(&self) -> Vec<UserErrorCode> {
        self.eligibility
            .blockers
            .iter()
            .copied()
            .map(Into::into)
            .collect()
    }

    /// True if policy speaks against it (more than half was read): possible only with `overridePolicy` and a note.
    async fn override_required(&self) -> bool {
        self.eligibility.override_required
    }

    /// Amount that can still be refunded.
    async fn refundable_amount(&self) -> Money {
        self.eligibility.refundable.into()
    }

    /// Furthest share of the title that was read, 0 to 100.
    async fn percent_read(&self) -> f64 {
        self.eligibility.percent_read
    }

    /// Seconds that the user has read the title.
    async fn seconds_read(&self) -> i32 {
        int(self.eligibility.seconds_read)
    }

    /// Other active purchases of the same product by the same user: a sign of a duplicate payment.
    async fn duplicates(&self, ctx: &Context<'_>) -> Result<Vec<Purchase>> {
        let found = purchases::duplicates(ctx.app(), ctx.actor()?, &self.purchase).await;
        Ok(ctx.answer(found)?.into_iter().map(Purchase).collect())
    }

    /// The checklist that an agent goes through, each item answered from the data.
    async fn checks(&self, ctx: &Context<'_>) -> Vec<RefundCheck> {
        let check = |check: &refunds::Check| RefundCheck {
            item: check.item.into(),
            passed: check.passed,
            detail: ctx.say(&check.detail),
        };
        self.eligibility.checks.iter().map(check).collect()
    }
}

/// One answered item of the checklist.
#[derive(SimpleObject)]
pub struct RefundCheck {
    /// The item of the checklist.
    item: RefundCheckItem,
    /// Whether nothing speaks against a refund here.
    passed: bool,
    /// The facts behind the answer, in the viewer's language.
    detail: String,
}
