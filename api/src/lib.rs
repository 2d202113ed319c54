//! Postventa's way in: HTTP, GraphQL and the program itself.

pub mod pages;
