//! What must hold of mails.

use crate::promises::{Promises, references};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[],
    references: references! {
        mails.id ("mail"): user_id -> users, actor_id -> users, impersonator_id -> users;
    },
};
