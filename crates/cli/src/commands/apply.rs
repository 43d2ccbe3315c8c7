//! `orgform apply`: shows the plan, asks, carries it out, looks again.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use orgform_plan::file::PlanFile;

use crate::carry_out::{Beforehand, Format, Order, carry_out};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::root;
use crate::run::Question;

/// Carry a plan out: show it, ask, do it, and look whether it is so.
///
/// With a file that `plan --out` wrote, exactly what is in it is done: what is already so is told, and what is not
/// in it is refused and shown. Ctrl-C stops after what is running; what was done is remembered, and the next run
/// goes on from there.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Files or folders of one root, or a plan that was saved.
    #[arg(value_name = "PATH|PLANFILE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    beforehand: Beforehand,
    /// Let exactly this held group go, as its digest is shown; may be given several times.
    #[arg(long, value_name = "DIGEST")]
    release: Vec<String>,
    /// The commit that was applied last, as for `plan --base`; a saved plan has its own.
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The form of the result.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let Arguments { paths, beforehand, release, base, format } = arguments;
    let mut order = Order { releases: release.clone(), format: (*format).into(), ..order(paths)? };
    if base.is_some() {
        order.question.base.clone_from(base);
    }
    carry_out(order, beforehand, console).await
}

/// A single file that is no manifest is a plan that was saved.
fn order(paths: &[PathBuf]) -> Result<Order> {
    let [path] = paths else { return Ok(Order { paths: paths.to_vec(), ..Order::default() }) };
    let is_manifest = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if !is_manifest && path.extension().is_some() && !path.exists() {
        return Err(Failure::new(format!("there is no plan {}", path.display()))
            .hint("`orgform plan --out FILE` saves one; paths of manifests end in .yaml, or are folders.")
            .nothing_read()
            .into());
    }
    if is_manifest || !path.is_file() {
        return Ok(Order { paths: paths.to_vec(), ..Order::default() });
    }
    let file = read_plan(path)?;
    let (paths, question) = Question::of_words(&file.asked_for)?;
    let folder = root::find(&[])?;
    let paths = paths.iter().map(|path| folder.join(path)).collect();
    Ok(Order { paths, question, file: Some(file), ..Order::default() })
}

/// Reads a plan that was saved.
pub(crate) fn read_plan(path: &Path) -> Result<PlanFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    PlanFile::parse(&text).map_err(|error| {
        Failure::new(format!("{} can't be used as a plan", path.display()))
            .nothing_read()
            .because(error)
            .into()
    })
}
