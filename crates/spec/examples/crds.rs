//! Prints the definition of a kind, named by its plural, as YAML: `cargo xtask generate` writes it to `crds/`.

use anyhow::Context;
use orgform_spec::crd;

fn main() -> anyhow::Result<()> {
    let wanted = std::env::args().nth(1).context("which kind? name it by its plural, such as `members`")?;
    let definitions = crd::definitions().map_err(anyhow::Error::msg)?;
    let (_, definition) = definitions
        .iter()
        .find(|(plural, _)| *plural == wanted)
        .with_context(|| format!("there is no kind `{wanted}`"))?;
    print(&crd::yaml(definition));
    Ok(())
}

#[allow(clippy::print_stdout, reason = "printing is all it is for")]
fn print(text: &str) {
    print!("# Made by `cargo xtask generate` from the Rust types; changes belong there.\n{text}");
}
