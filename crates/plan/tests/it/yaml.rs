//! Reads the YAML of stories with the parser that reads manifests.

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// Reads one document; panics with what is wrong in it.
pub(crate) fn parse<T: DeserializeOwned>(label: &str, text: &str) -> T {
    let documents = orgform_spec::read_texts(vec![(label.to_owned(), text.as_bytes().to_vec())], true);
    assert!(documents.findings.is_empty(), "{label}: {:?}", documents.findings);
    let node = &documents.documents.first().unwrap_or_else(|| panic!("{label}: nothing in it")).node;
    serde_json::from_value(json(node)).unwrap_or_else(|error| panic!("{label}: {error}"))
}

fn json(node: &orgform_spec::Node) -> Json {
    if node.is_null() {
        return Json::Null;
    }
    match &node.value {
        orgform_spec::Value::Scalar { text, plain: true } => match &**text {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            text => text.parse::<u64>().map_or_else(|_| Json::from(text), Json::from),
        },
        orgform_spec::Value::Scalar { text, plain: false } => Json::from(&**text),
        orgform_spec::Value::List(items) => items.iter().map(json).collect(),
        orgform_spec::Value::Map(entries) => {
            entries.iter().map(|entry| (entry.key.to_string(), json(&entry.value))).collect()
        }
    }
}
