//! Postventa's way in.

pub mod http;
