//! What the stories stand on: real servers, a database for each test, a stage, and clients.

pub mod client;
pub mod database;
pub mod live;
pub mod post;
pub mod processes;
pub mod servers;
pub mod stage;
