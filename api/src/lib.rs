//! Postventa's way in: HTTP, GraphQL, and the program itself.

pub mod graphql;
pub mod http;
pub mod pages;
#[cfg(feature = "embedded")]
pub mod sandbox;
