//! Puts the subjects together: what one of them does when another, which does not know it, has done its part.

use std::marker::PhantomData;

use crate::{
    app::{App, Services},
    exports::{AnyExport, Kinds},
    mails::Followers,
    refunds,
    teams::CredentialFollowers,
    users::exports::{Customers, Leads, People},
};

/// Every kind of export.
const EXPORTS: &[&dyn AnyExport] = &[&People::<Customers>(PhantomData), &People::<Leads>(PhantomData)];

impl App {
    pub fn new(services: Services) -> Self {
        let app = Self::alone(services);
        app.remember(Kinds(EXPORTS));
        app.remember(Followers(vec![refunds::mail_delivered]));
        app.remember(CredentialFollowers(vec![|tx, gateway| {
            Box::pin(refunds::credentials_changed(tx, gateway))
        }]));
        app
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// An export is written by the kind that it was asked for as.
    #[test]
    fn no_two_kinds_of_exports_have_one_name() {
        let names: HashSet<_> = EXPORTS.iter().map(|kind| kind.kind()).collect();
        assert_eq!(names.len(), EXPORTS.len());
    }
}
