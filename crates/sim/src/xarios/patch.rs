//! JSON Patch (RFC 6902), as far as the API takes it: `test`, `add`, `replace`, `remove` on known places.
//!
//! The whole patch is checked on a copy; it applies wholly or not at all.

use serde::Deserialize;
use serde_json::Value;

use super::answer::Refusal;

/// One operation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    op: Op,
    path: String,
    value: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Test,
    Add,
    Replace,
    Remove,
}

/// Applies a patch to a flat object; only these properties exist.
pub(crate) fn apply(document: &mut Value, patch: &[Operation], known: &[&str]) -> Result<(), Refusal> {
    for Operation { op, path, value } in patch {
        let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
        let property = segments.next().unwrap_or("");
        if !path.starts_with('/') || !known.contains(&property) {
            return Err(Refusal::no_such_place(property));
        }
        let (item, rest) = (segments.next(), segments.next());
        if let Some(rest) = rest {
            return Err(Refusal::no_such_place(rest));
        }
        let value = match op {
            Op::Remove => None,
            Op::Test | Op::Add | Op::Replace => {
                Some(value.clone().ok_or_else(|| Refusal::bad("The value is missing."))?)
            }
        };
        let target = &mut document[property];
        match item {
            None => whole(target, *op, value, path)?,
            Some(item) => one(target, item, *op, value, path)?,
        }
    }
    Ok(())
}

fn whole(target: &mut Value, op: Op, value: Option<Value>, path: &str) -> Result<(), Refusal> {
    match (op, value) {
        (Op::Test, Some(value)) => tested(target, &value, path),
        (Op::Remove, _) => {
            *target = Value::Null;
            Ok(())
        }
        (_, value) => {
            *target = value.unwrap_or(Value::Null);
            Ok(())
        }
    }
}

fn one(target: &mut Value, item: &str, op: Op, value: Option<Value>, path: &str) -> Result<(), Refusal> {
    let items = target.as_array_mut().ok_or_else(|| Refusal::no_such_place(item))?;
    let end = items.len();
    let place = match (item, op) {
        ("-", Op::Add) => end,
        _ => item.parse().map_err(|_| Refusal::no_such_place(item))?,
    };
    let inside = if op == Op::Add { place <= end } else { place < end };
    if !inside {
        return Err(Refusal::no_such_place(item));
    }
    match (op, value) {
        (Op::Test, Some(value)) => tested(&items[place], &value, path)?,
        (Op::Add, Some(value)) => items.insert(place, value),
        (Op::Replace, Some(value)) => items[place] = value,
        _ => {
            items.remove(place);
        }
    }
    Ok(())
}

fn tested(found: &Value, wanted: &Value, path: &str) -> Result<(), Refusal> {
    if found == wanted {
        return Ok(());
    }
    let message =
        format!("The current value '{found}' at path '{path}' is not equal to the test value '{wanted}'.");
    Err(Refusal::bad(message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(patch: Value) -> Result<Value, Refusal> {
        let mut document = json!({ "name": "a", "roles": ["x", "y"] });
        let patch: Vec<Operation> = serde_json::from_value(patch).unwrap();
        apply(&mut document, &patch, &["name", "roles"]).map(|()| document)
    }

    #[test]
    fn items_are_tested_added_and_removed_by_place() {
        let patch = json!([
            { "op": "test", "path": "/roles/1", "value": "y" },
            { "op": "remove", "path": "/roles/1" },
            { "op": "add", "path": "/roles/-", "value": "z" },
        ]);
        assert_eq!(patched(patch).unwrap()["roles"], json!(["x", "z"]));
    }

    #[test]
    fn a_failed_test_and_an_unknown_place_are_refused() {
        let wrong = patched(json!([{ "op": "test", "path": "/roles", "value": [] }])).unwrap_err();
        assert!(wrong.message.contains("is not equal to the test value"), "{}", wrong.message);
        let unknown = patched(json!([{ "op": "add", "path": "/colour", "value": "red" }])).unwrap_err();
        assert!(unknown.message.contains("path segment 'colour'"), "{}", unknown.message);
        assert!(patched(json!([{ "op": "remove", "path": "/roles/2" }])).is_err());
    }
}
