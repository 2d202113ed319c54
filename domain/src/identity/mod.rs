//! Who may come in: passwords, sessions, API keys.

pub mod api_keys;
pub mod credentials;
pub mod limits;
pub mod links;
pub mod network;
pub mod passwords;
pub mod sessions;
pub mod staff;
pub mod standing;

pub use credentials::{Credentials, Keyring};
pub use network::Network;
pub use sessions::SignedIn;
