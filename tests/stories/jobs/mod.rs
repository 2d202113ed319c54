//! Background work and events: what happens when things go wrong.

mod endings;
mod events;
mod leases;
mod maintenance;
mod migrated;
mod running;
mod suspects;
mod without_redis;
