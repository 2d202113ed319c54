//! Pages for people: what the program shows in a browser.

pub mod graphiql;
pub mod mailbox;
