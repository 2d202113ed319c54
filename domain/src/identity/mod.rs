//! Who may come in: passwords, sessions, API keys.

pub mod api_keys;
pub mod credentials;
pub mod limits;
pub mod links;
pub mod network;
pub mod passwords;
mod promises;
pub mod sessions;
pub mod staff;
pub mod standing;
mod tries;

pub use credentials::{Credentials, Keyring};
pub use network::Network;
pub(crate) use promises::PROMISES;
pub use sessions::{SignIn, SignedIn};
