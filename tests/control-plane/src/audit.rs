//! What service accounts asked of the API server, as the server itself wrote it down.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// Who is listened to: service accounts, the cluster's own aside. Only what was asked for, never what is in it.
pub(crate) const POLICY: &str = r#"{
  "apiVersion": "audit.k8s.io/v1",
  "kind": "Policy",
  "omitStages": ["RequestReceived"],
  "rules": [
    { "level": "None", "userGroups": ["system:serviceaccounts:kube-system"] },
    { "level": "Metadata", "userGroups": ["system:serviceaccounts"] }
  ]
}
"#;

/// One request, once it was answered. A watch is one when it begins and one when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// As in a role: `get`, `list`, `patch`.
    pub verb: String,
    /// The group of the API; empty for the first one.
    pub group: String,
    /// The resource as in a role, such as `members/status`; the path for what is no resource.
    pub resource: String,
    /// The namespace; empty for requests over all of them.
    pub namespace: String,
    /// What it was answered.
    pub code: u64,
}

/// Reads what one user asked for, in the order of the answers.
pub(crate) fn read(log: &Path, user: &str) -> anyhow::Result<Vec<Asked>> {
    let text = std::fs::read_to_string(log).with_context(|| format!("could not read {}", log.display()))?;
    // The server may be writing the last line.
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(events.filter(|event| event["user"]["username"] == user).map(|event| asked(&event)).collect())
}

fn asked(event: &Value) -> Asked {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = &event["objectRef"];
    let resource = match (object["resource"].as_str(), object["subresource"].as_str()) {
        (Some(resource), Some(part)) => format!("{resource}/{part}"),
        (Some(resource), None) => resource.to_owned(),
        (None, _) => text(&event["requestURI"]),
    };
    Asked {
        verb: text(&event["verb"]),
        group: text(&object["apiGroup"]),
        resource,
        namespace: text(&object["namespace"]),
        code: event["responseStatus"]["code"].as_u64().unwrap_or_default(),
    }
}
