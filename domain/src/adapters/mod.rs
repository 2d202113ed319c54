//! Where the outside world begins: one file or folder for each thing that is not ours.

pub mod bus;
pub mod files;
pub mod gateways;
pub mod mail;
pub mod outage;
pub mod redis;
pub mod tls;
pub mod wake_ups;
