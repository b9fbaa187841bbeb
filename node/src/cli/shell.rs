//! `deadwax completions` and `deadwax man`: both are made of the command line itself, so that they never lag behind.

use super::output::Failure;
use super::{Context, command};
use clap::Args;
use clap_complete::Shell;
use std::io::Write;
use std::path::PathBuf;

/// What the program is called in a shell.
const NAME: &str = "deadwax";

#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

#[derive(Debug, Args)]
pub struct Man {
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Completions {
    pub fn run(self, _: &Context) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command(), NAME, &mut script);
        print(&script);
        Ok(())
    }
}

impl Man {
    pub fn run(self, _: &Context) -> Result<(), Failure> {
        if let Some(folder) = self.out {
            std::fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
            return clap_mangen::generate_to(command(), &folder)
                .map_err(|error| Failure::file(&folder, &error));
        }
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(command()).render(&mut page);
        rendered.map_err(|error| Failure::bad("man", "", format!("{error}."), "Report this."))?;
        print(&page);
        Ok(())
    }
}

/// A reader that closed the pipe has read enough.
fn print(bytes: &[u8]) {
    let _ = std::io::stdout().write_all(bytes);
}
