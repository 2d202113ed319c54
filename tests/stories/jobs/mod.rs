//! Background work and events: what happens when things go wrong.

mod endings;
mod events;
mod leases;
mod migrated;
mod rounds;
mod running;
mod suspects;
mod without_redis;
