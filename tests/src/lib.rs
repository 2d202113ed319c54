//! What the stories stand on: real servers, and a database for each test.

pub mod database;
pub mod processes;
pub mod servers;
