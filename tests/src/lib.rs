//! What the stories stand on: real servers, a database for each test, a stage, and clients.

pub mod bulk;
pub mod callers;
pub mod client;
pub mod database;
pub mod drill;
pub mod dump;
pub mod live;
pub mod post;
pub mod processes;
pub mod sdl;
pub mod servers;
pub mod stage;
pub mod statements;
