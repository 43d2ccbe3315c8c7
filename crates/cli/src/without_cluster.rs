//! `orgform plan --cluster` of a build that does not bring the Kubernetes client: it says which one does.

use anyhow::Result;
use clap::Args;

use crate::commands::plan::Arguments;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;

/// Where what is declared is, if not in files.
#[derive(Args, Debug)]
pub(crate) struct Place {
    #[arg(long, hide = true, conflicts_with_all = ["paths", "out", "base", "write"])]
    pub(crate) cluster: bool,
    /// Taken, so that what is refused is the cluster.
    #[arg(short = 'n', long, hide = true, requires = "cluster")]
    namespace: Option<String>,
}

/// Refuses.
pub(crate) async fn plan(_: &Arguments, _: &Console) -> Result<Exit> {
    Err(Failure::new("this orgform can't read a cluster")
        .hint("releases can; from the sources, build with `--features cluster`.")
        .nothing_read()
        .into())
}
