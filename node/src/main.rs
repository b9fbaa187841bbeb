//! `deadwax`: a node of a music index that nobody can switch off, and its command line.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod admin;
mod app;
mod cli;
mod config;
mod dialer;
mod disk;
mod founding;
#[cfg(test)]
mod hostile;
mod networks;
mod peers;
mod run;
mod serve;
mod signer;
#[cfg(test)]
mod simulation;
mod submit;
mod web;

fn main() -> std::process::ExitCode {
    cli::main()
}
