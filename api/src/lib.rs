//! Postventa's way in: HTTP, GraphQL, and the program itself.

pub mod http;
#[cfg(feature = "embedded")]
pub mod sandbox;
