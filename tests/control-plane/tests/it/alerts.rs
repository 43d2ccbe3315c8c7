//! The alerts and the dashboard of the chart, by Prometheus' own judge.

use std::process::Command;

use orgform_control_plane::program;
use serde_json::{Value, json};

use crate::bed::path;

const ALERTS: &str = "charts/orgform/alerts/orgform.yaml";

fn promtool(arguments: &[&str], file: &str) {
    let output = Command::new(program("promtool").unwrap()).args(arguments).arg(file).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// What stands behind a word in each line that begins with it.
fn behind<'t>(word: &str, text: &'t str) -> Vec<&'t str> {
    text.lines()
        .filter_map(|line| line.split_once(word))
        .map(|(_, rest)| rest.trim_end_matches(" }"))
        .collect()
}

#[test]
#[ignore = "needs promtool: cargo xtask cluster"]
fn prometheus_takes_every_alert() {
    promtool(&["check", "rules", "--lint-fatal"], &path(ALERTS));
}

#[test]
#[ignore = "needs promtool: cargo xtask cluster"]
fn every_alert_fires_when_it_should_and_not_before() {
    let stories = path("tests/control-plane/tests/it/alerts.yaml");
    promtool(&["test", "rules"], &stories);

    let stories = std::fs::read_to_string(stories).unwrap();
    let told = behind("alertname: ", &stories);
    for alert in behind("- alert: ", &std::fs::read_to_string(path(ALERTS)).unwrap()) {
        let stories = told.iter().filter(|one| **one == alert).count();
        assert!(stories >= 2, "{alert}: one story in which it fires, and one in which it does not");
    }
}

#[test]
#[ignore = "needs promtool: cargo xtask cluster"]
fn prometheus_takes_every_question_of_the_dashboard() {
    let text = std::fs::read_to_string(path("charts/orgform/dashboards/orgform.json")).unwrap();
    let mut asked = Vec::new();
    questions(&serde_json::from_str(&text).unwrap(), &mut asked);
    assert!(asked.len() > 10);
    let rules = asked
        .iter()
        .enumerate()
        .map(|(number, expr)| json!({ "record": format!("q{number}"), "expr": expr }));
    let rules = json!({ "groups": [{ "name": "dashboard", "rules": rules.collect::<Vec<_>>() }] });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), rules.to_string()).unwrap();
    promtool(&["check", "rules"], file.path().to_str().unwrap());
}

/// The expressions of all panels.
fn questions(value: &Value, asked: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            asked.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| questions(value, asked));
        }
        Value::Array(items) => items.iter().for_each(|value| questions(value, asked)),
        _ => {}
    }
}
