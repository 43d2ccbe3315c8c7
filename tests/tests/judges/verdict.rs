//! What judges saw, by operation: each has to have succeeded, or little is known of it.

use std::collections::BTreeMap;

use orgform_tests::Simulator;
use serde_json::Value;

use crate::description;
use crate::prism::Prism;

/// What was asked for, by operation and status, once Prism found nothing wrong with it.
pub(crate) fn acquitted(prism: Prism, simulator: &Simulator) -> Value {
    let stats = simulator.stats();
    let verdict = prism.verdict();
    println!("{}", table(&stats));
    println!("Prism: {} requests, {} violations", verdict.requests, verdict.violations.len());
    assert!(verdict.violations.is_empty(), "{:#?}\n\n{}", verdict.violations, verdict.log);
    assert_eq!(stats["total"], verdict.requests, "some requests went past Prism");
    stats
}

/// Tells what was asked for. Every operation of the description must have succeeded once, but for some.
pub(crate) fn told_of_each(simulator: &Simulator, provider: &str, except: &[&str]) {
    let stats = simulator.stats();
    println!("{}", table(&stats));
    let unanswered: Vec<String> = operations(provider)
        .into_iter()
        .filter(|operation| !succeeded(&stats, operation) && !except.contains(&operation.as_str()))
        .collect();
    assert_eq!(unanswered, [""; 0], "these never succeeded, so that little is known of them");
}

/// The id of what an act made or met.
pub(crate) fn id(simulator: &Simulator, act: &str) -> String {
    let act: Value = serde_json::from_str(act).unwrap();
    simulator.act(&act)["id"].as_str().unwrap().to_owned()
}

/// Every operation of the description, such as `GET /accounts`.
fn operations(provider: &str) -> Vec<String> {
    let description = std::fs::read_to_string(description(provider)).unwrap();
    let description: Value = serde_json::from_str(&description).unwrap();
    let of = |(path, methods): (&String, &Value)| -> Vec<String> {
        let methods = methods.as_object().unwrap().keys();
        methods.map(|method| format!("{} {path}", method.to_uppercase())).collect()
    };
    description["paths"].as_object().unwrap().iter().flat_map(of).collect()
}

fn succeeded(stats: &Value, operation: &str) -> bool {
    ["200", "201", "204"].iter().any(|status| stats["requests"][operation][status].is_u64())
}

/// Requests by operation and status.
fn table(stats: &Value) -> String {
    let requests: BTreeMap<String, BTreeMap<u16, u64>> =
        serde_json::from_value(stats["requests"].clone()).unwrap();
    let line = |(operation, statuses): (&String, &BTreeMap<u16, u64>)| {
        let statuses: Vec<String> =
            statuses.iter().map(|(status, count)| format!("{status} × {count}")).collect();
        format!("{operation:<52} {}", statuses.join(", "))
    };
    requests.iter().map(line).collect::<Vec<_>>().join("\n")
}
