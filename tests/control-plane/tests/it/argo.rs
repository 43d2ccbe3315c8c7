//! The health script for Argo CD that the docs give, run by the Lua that Argo CD has inside.

use std::process::Command;

use orgform_control_plane::program;
use serde_json::{Value, json};

use crate::bed::path;

/// The script as it is in the docs.
fn script() -> String {
    let docs = std::fs::read_to_string(path("docs/operator.md")).unwrap();
    let (_, rest) = docs.split_once("```lua\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// A value as Lua writes it.
fn lua(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("[{name:?}]={}", lua(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("{{{}}}", items.iter().map(lua).collect::<Vec<_>>().join(",")),
        Value::Null => "nil".to_owned(),
        other => other.to_string(),
    }
}

/// What the script says of an object: health and message.
fn health(object: &Value) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    let program_text = format!(
        "obj = {}\nlocal function health()\n{}\nend\nlocal hs = health()\nprint(hs.status .. \": \" .. hs.message)\n",
        lua(object),
        script()
    );
    std::fs::write(file.path(), program_text).unwrap();
    let output = Command::new(program("glua").unwrap()).arg(file.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// An object of generation 2 with these conditions: type, status, message.
fn object(conditions: &[(&str, &str, &str)]) -> Value {
    let conditions: Vec<Value> = conditions
        .iter()
        .map(|(type_, status, message)| json!({ "type": type_, "status": status, "message": message }))
        .collect();
    json!({ "metadata": { "generation": 2 }, "status": { "observedGeneration": 2, "conditions": conditions } })
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn argo_cd_waits_for_nobody_to_accept_and_tells_what_stands_still() {
    let invited = object(&[("Ready", "True", "Shown."), ("Joined", "False", "An invite waits.")]);
    assert_eq!(health(&invited), "Healthy: Shown.");
    let held = object(&[("Ready", "False", "Held."), ("Stalled", "True", "3 people would lose access.")]);
    assert_eq!(health(&held), "Degraded: 3 people would lose access.");
    let coming = object(&[("Ready", "False", "Not yet."), ("Reconciling", "True", "Not yet.")]);
    assert_eq!(health(&coming), "Progressing: Not yet.");
    // Where nothing is held, this condition says so, and means nothing bad.
    let provider = object(&[("Ready", "True", "Shown."), ("Held", "False", "Nothing waits for a release.")]);
    assert_eq!(health(&provider), "Healthy: Shown.");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn argo_cd_believes_no_status_that_speaks_of_something_else() {
    let new = json!({ "metadata": { "generation": 1 } });
    assert_eq!(health(&new), "Progressing: Not looked at yet.");
    let mut edited = object(&[("Ready", "True", "Shown.")]);
    edited["metadata"]["generation"] = json!(3);
    assert_eq!(health(&edited), "Progressing: The last edit was not looked at yet.");
    let mut deleted = object(&[("Ready", "True", "Shown.")]);
    deleted["metadata"]["deletionTimestamp"] = json!("2031-01-01T00:00:00Z");
    assert_eq!(health(&deleted), "Progressing: Deleted; its access is being taken away.");
    let mut kept = object(&[("Ready", "False", "Held."), ("Stalled", "True", "It waits for a release.")]);
    kept["metadata"]["deletionTimestamp"] = json!("2031-01-01T00:00:00Z");
    assert_eq!(health(&kept), "Degraded: It waits for a release.");
}
