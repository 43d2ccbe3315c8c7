//! Benchmarks: figures as counts and ratios. `cargo xtask bench` builds what they need and runs them all.
//!
//! Each measurement of memory runs in a process of its own, started by this one.

mod bulk;
mod count;
mod operator;
mod plan;
mod process;
mod simulator;
mod validate;
mod wall;
mod xarios;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("child", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return child(rest);
    }
    let wants = |name: &str| arguments.is_empty() || arguments.iter().any(|wanted| wanted == name);
    if wants("plan") {
        plan::report()?;
    }
    if wants("validate") {
        validate::report()?;
    }
    if wants("wall") {
        let _ = rustls::crypto::ring::default_provider().install_default();
        wall::report()?;
    }
    if wants("packetfabric") {
        bulk::report()?;
    }
    // Takes minutes, and programs that `cargo xtask cluster --build` makes: only when asked for.
    if arguments.iter().any(|wanted| wanted == "operator") {
        operator::report()?;
    }
    if wants("xarios") {
        xarios::report()?;
    }
    Ok(())
}

fn child(arguments: &[String]) -> anyhow::Result<()> {
    match arguments {
        [name, size] if name == "plan" => plan::measure(size.parse()?),
        [name, size, times] if name == "plan" => plan::repeat(size.parse()?, times.parse()?),
        [name, size] if name == "validate" => validate::measure(size.parse()?),
        [name, size] if name == "parse" => validate::measure_parse(size.parse()?),
        _ => anyhow::bail!("no such measurement: {}", arguments.join(" ")),
    }
}
