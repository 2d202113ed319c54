//! Postventa's way in: HTTP, GraphQL, and the program itself.

mod authentication;
mod downloads;
pub mod graphql;
pub mod pages;
pub mod program;
pub mod server;
pub mod settings;
mod webhooks;
