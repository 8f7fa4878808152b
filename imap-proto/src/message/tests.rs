mod messages;
mod searching;
mod threads;
