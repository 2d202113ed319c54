//! Where the outside world begins.

pub mod mail;
