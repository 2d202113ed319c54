//! Puts the subjects together: what one of them does when another, which does not know it, has done its part.

use crate::{
    app::{App, Services},
    mails::Followers,
    refunds,
    teams::CredentialFollowers,
};

impl App {
    pub fn new(services: Services) -> Self {
        let app = Self::alone(services);
        app.remember(Followers(vec![refunds::mail_delivered]));
        app.remember(CredentialFollowers(vec![|tx, gateway| {
            Box::pin(refunds::credentials_changed(tx, gateway))
        }]));
        app
    }
}
