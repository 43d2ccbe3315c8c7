//! Schemathesis: asks a simulator whatever its description allows, and what it forbids.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use orgform_tests::Simulator;

use crate::installed;

/// Whether it finds nothing wrong with the simulator; `configuration` is a file of `tests/judges`, `known` the variables in it.
///
/// What it says goes to stdout as it comes.
pub(crate) fn judge(
    simulator: &Simulator,
    description: &Path,
    configuration: &str,
    known: &[(&str, String)],
) -> bool {
    let program = installed().join("venv/bin/st");
    let filled = filled_in(configuration, known);
    let status = Command::new(&program)
        .arg("--config-file")
        .arg(&filled)
        .arg("run")
        .arg(description)
        .args(["--url", simulator.url(), "--no-color"])
        .env("COLUMNS", "100")
        .env("HYPOTHESIS_STORAGE_DIRECTORY", installed().join("hypothesis"))
        // It keeps what it learned beside where it runs.
        .current_dir(installed())
        .stdin(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("{} did not start: {error}", program.display()));
    status.success()
}

/// A copy of the configuration with `${NAME}` replaced: Schemathesis itself does so only outside of dictionaries.
fn filled_in(configuration: &str, known: &[(&str, String)]) -> PathBuf {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("judges").join(configuration);
    let text = std::fs::read_to_string(template).unwrap();
    let text = known.iter().fold(text, |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
    assert!(!text.contains("${"), "{configuration} names something unknown:\n{text}");
    let filled = installed().join(configuration);
    std::fs::write(&filled, text).unwrap();
    filled
}
