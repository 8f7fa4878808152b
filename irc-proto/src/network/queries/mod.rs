//! What may be asked of a network. What is hidden stays hidden, by the rules of [`visibility`](super::visibility).

mod few;
mod list;
mod server;
mod who;
mod whois;

pub(super) use few::words;

#[cfg(test)]
mod tests;
