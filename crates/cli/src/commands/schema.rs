//! `orgform schema`: the JSON Schema of manifests, for editors.

use anyhow::Result;
use clap::Args;

use crate::console::Console;
use crate::exit::Exit;

/// Print the JSON Schema of manifests, for editors.
///
/// Save it, and name it on the first line of a manifest:
/// `# yaml-language-server: $schema=orgform.schema.json`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {}

pub(crate) fn run(_arguments: &Arguments, console: &Console) -> Result<Exit> {
    console.print_json(&orgform_spec::schema::json_schema())?;
    Ok(Exit::Clean)
}
