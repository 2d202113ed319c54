//! Postventa's way in: HTTP, GraphQL, and the program itself.

mod authentication;
pub mod connections;
mod downloads;
mod forwarded;
pub mod graphql;
pub mod http;
pub mod pages;
pub mod program;
#[cfg(feature = "embedded")]
pub mod sandbox;
pub mod server;
pub mod settings;
mod webhooks;
