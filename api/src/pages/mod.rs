//! Pages for people: what the program shows in a browser.

pub mod first_steps;
pub mod mailbox;

use url::Url;

/// What the paths of links begin with: nothing, or the path that a proxy has given the installation.
pub fn base(public_url: &Url) -> &str {
    public_url.path().trim_end_matches('/')
}
