//! `orgform man`: manual pages.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use clap_mangen::Man;

use crate::args::Cli;
use crate::console::Console;
use crate::exit::Exit;

/// Print the manual page, or write one page per command to a folder.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The folder that the pages are written to; it is made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    match &arguments.out {
        None => console.print(&String::from_utf8_lossy(&page(Cli::command())?))?,
        Some(folder) => {
            let written =
                write(folder).with_context(|| format!("could not write to {}", folder.display()))?;
            console.tell(&format!("{written} pages written to {}.", folder.display()));
        }
    }
    Ok(Exit::Clean)
}

fn write(folder: &Path) -> io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut pages = vec![("orgform".to_owned(), Cli::command())];
    let mut written = 0;
    while let Some((name, command)) = pages.pop() {
        for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
            pages.push((format!("{name}-{}", child.get_name()), child.clone()));
        }
        std::fs::write(folder.join(format!("{name}.1")), page(command.name(name))?)?;
        written += 1;
    }
    Ok(written)
}

fn page(command: clap::Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    Man::new(command.disable_help_subcommand(true)).render(&mut text)?;
    Ok(text)
}
