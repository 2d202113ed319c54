//! What hangs on many purchases and refunds.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader;
use domain::refunds::{self, EffectsOf, Eligibility, EligibilityOf, RefundsOf, StepsOf};
use entities::{refund, refund_effect, refund_step};

use crate::graphql::loaders::{Loaders, Shared, shared};

impl Loader<RefundsOf> for Loaders {
    type Value = Vec<refund::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[RefundsOf]) -> Result<HashMap<RefundsOf, Self::Value>, Shared> {
        shared(refunds::of_each(&self.app, &self.actor, keys).await)
    }
}

impl Loader<EligibilityOf> for Loaders {
    type Value = Arc<Eligibility>;
    type Error = Shared;

    async fn load(&self, keys: &[EligibilityOf]) -> Result<HashMap<EligibilityOf, Self::Value>, Shared> {
        let found = shared(refunds::eligibilities(&self.app, &self.actor, keys).await)?;
        Ok(found
            .into_iter()
            .map(|(of, eligibility)| (of, Arc::new(eligibility)))
            .collect())
    }
}

impl Loader<EffectsOf> for Loaders {
    type Value = Vec<refund_effect::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[EffectsOf]) -> Result<HashMap<EffectsOf, Self::Value>, Shared> {
        shared(refunds::effects(&self.app, &self.actor, keys).await)
    }
}

impl Loader<StepsOf> for Loaders {
    type Value = Vec<refund_step::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[StepsOf]) -> Result<HashMap<StepsOf, Self::Value>, Shared> {
        shared(refunds::steps(&self.app, &self.actor, keys).await)
    }
}
