//! Builds JSON Patches (RFC 6902) that apply only to what we looked at (xarios contract, section 9, trap 5). Pure.
//!
//! The server applies a patch wholly or not at all, and answers without data. So each part of it first tests what is
//! to be replaced: what somebody else wrote between our look and our write is never lost.

use serde_json::{Value, json};

/// Replaces one property if it is still what we saw.
pub(crate) fn replace(property: &str, seen: &Value, to: &Value) -> Vec<Value> {
    let path = format!("/{property}");
    if seen.is_null() {
        // Nothing is there to be tested, or it is in no answer.
        return vec![json!({ "op": "add", "path": path, "value": to })];
    }
    vec![
        json!({ "op": "test", "path": path, "value": seen }),
        json!({ "op": "replace", "path": path, "value": to }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trap_05_what_is_replaced_is_tested_first() {
        let patch = replace("roles", &json!(["account.user"]), &json!(["account.user", "user.admin"]));
        let ops: Vec<&str> = patch.iter().filter_map(|op| op["op"].as_str()).collect();
        assert_eq!(ops, ["test", "replace"]);
        assert_eq!(patch[0]["value"], json!(["account.user"]));
        assert_eq!(replace("timezone", &Value::Null, &json!("Etc/UTC"))[0]["op"], "add");
    }
}
