//! The database against a model of it, under crashes and under damage.

mod chain;
mod codec;
mod crash;
mod damage;
mod history;
mod memory;
mod records;
