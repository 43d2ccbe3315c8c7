//! `orgform validate`: everything that is wrong, offline.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use orgform_model::{Finding, Place, Severity};
use serde_json::{Value, json};

use crate::console::Console;
use crate::exit::Exit;
use crate::root::{OpenRoot, count, counted};

/// Check manifests: everything that is wrong at once, offline and without credentials.
///
/// Exit code 1 if there is an error; warnings alone end with 0.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Files or folders of one root; the root of the current folder if none is given.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The form of the result.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One JSON object.
    Json,
    /// One GitHub workflow annotation a line.
    Github,
}

pub(crate) fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let root = OpenRoot::open(&arguments.paths, console)?;
    match arguments.format {
        Format::Human if root.findings.is_empty() => console.tell(&valid(&root)),
        Format::Human => {
            root.tell_findings(console);
        }
        Format::Json => console.print_json(&as_json(&root))?,
        Format::Github => {
            for finding in &root.findings {
                console.print(&annotation(finding))?;
            }
        }
    }
    Ok(root.exit())
}

fn valid(root: &OpenRoot) -> String {
    let files = counted(root.documents.files.len(), "file");
    format!("{files}, {}: valid.", counted(root.objects, "object"))
}

fn as_json(root: &OpenRoot) -> Value {
    json!({
        "format": 1,
        "files": root.documents.files.len(),
        "objects": root.objects,
        "errors": count(&root.findings, Severity::Error),
        "warnings": count(&root.findings, Severity::Warning),
        "findings": root.findings,
    })
}

/// A workflow command: `::error file=people/ada.yaml,line=9,col=38::no role …`.
fn annotation(finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let place = finding.places.first().map(properties).unwrap_or_default();
    let mut message = finding.message.clone();
    for more in [&finding.label, &finding.hint].into_iter().flatten() {
        message.push('\n');
        message.push_str(more);
    }
    format!("::{level}{place}::{}\n", escaped(&message))
}

fn properties(place: &Place) -> String {
    let Place { file, line, column, length } = place;
    let file = escaped(file).replace(':', "%3A").replace(',', "%2C");
    match (line, column) {
        (0, _) => format!(" file={file}"),
        (line, 0) => format!(" file={file},line={line}"),
        (line, column) => {
            format!(" file={file},line={line},col={column},endColumn={}", column + length)
        }
    }
}

/// A workflow command is one line; these three characters have an escaped form.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_one_line_and_cannot_be_broken_out_of() {
        let place = Place { file: "people/a,b.yaml".into(), line: 9, column: 38, length: 4 };
        let finding = Finding::error("no role `x\n::error::y`", place).hint("did you mean `z`?");
        assert_eq!(
            annotation(&finding),
            "::error file=people/a%2Cb.yaml,line=9,col=38,endColumn=42::\
             no role `x%0A::error::y`%0Adid you mean `z`?\n"
        );
    }
}
