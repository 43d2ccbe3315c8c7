//! Checks answers against the vendor's OpenAPI subset and our overlay, in `contracts/`.
//!
//! Stricter than JSON Schema in one way: a property that the description doesn't name is an error.

use std::sync::LazyLock;

use serde_json::Value;

static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    let mut description: Value =
        serde_json::from_str(include_str!("../../contracts/pureport.openapi.json")).unwrap();
    let overlay: Value = serde_json::from_str(include_str!("../../contracts/pureport.overlay.json")).unwrap();
    for entry in overlay["entries"].as_array().unwrap() {
        assert!(entry["contract"].as_str().unwrap().starts_with("section "), "{entry} cites nothing");
        put(&mut description, entry["pointer"].as_str().unwrap(), entry["value"].clone());
    }
    description
});

/// Asserts that an answer has the shape that the description promises.
pub(crate) fn check(method: &str, path: &str, status: u16, body: &str) {
    let place = format!("{method} {path} → {status}");
    if body.is_empty() {
        assert!(status >= 400 || method == "DELETE", "{place}: no body");
        return;
    }
    let Some(operation) = operation(method, path) else {
        assert!(status == 404 || status == 405, "{place}: not in the description");
        return check_error(&place, status, body);
    };
    if status >= 400 {
        return check_error(&place, status, body);
    }
    assert_ne!(method, "DELETE", "{place}: a delete has no body");
    let content = &operation["responses"]["default"]["content"];
    let Some(schema) = content.get("application/json").and_then(|json| json.get("schema")) else {
        panic!("{place}: no schema");
    };
    if content.get("text/plain").is_some() {
        return;
    }
    let value: Value = serde_json::from_str(body).unwrap();
    validate(schema, &value, &place);
}

/// Each path of the description with its methods.
pub(crate) fn operations() -> Vec<(String, String)> {
    let paths = DESCRIPTION["paths"].as_object().unwrap();
    let methods = |(path, methods): (&String, &Value)| -> Vec<(String, String)> {
        methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())).collect()
    };
    paths.iter().flat_map(methods).collect()
}

fn check_error(place: &str, status: u16, body: &str) {
    let value: Value = serde_json::from_str(body).unwrap();
    validate(&DESCRIPTION["x-error-answer"], &value, place);
    assert_eq!(value["status"], status, "{place}");
    let codes = &DESCRIPTION["x-error-codes"][status.to_string()];
    assert!(codes.as_array().is_some_and(|codes| codes.contains(&value["code"])), "{place}: {value}");
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let segments: Vec<&str> = path.split('?').next()?.split('/').collect();
    let fits = |template: &str| {
        let wanted: Vec<&str> = template.split('/').collect();
        let pairs = wanted.iter().zip(&segments);
        wanted.len() == segments.len()
            && pairs.fold(true, |fit, (wanted, found)| fit && (wanted.starts_with('{') || wanted == found))
    };
    let (_, methods) = DESCRIPTION["paths"].as_object()?.iter().find(|(template, _)| fits(template))?;
    methods.get(method.to_lowercase())
}

fn validate(schema: &Value, value: &Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = DESCRIPTION.pointer(reference.trim_start_matches('#')).unwrap();
        return validate(target, value, place);
    }
    match schema["type"].as_str() {
        Some("object") => {
            let object = value.as_object().unwrap_or_else(|| panic!("{place}: {value} is no object"));
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(object.contains_key(name.as_str().unwrap()), "{place}: {name} is missing in {value}");
            }
            for (name, property) in object {
                let place = format!("{place} .{name}");
                if let Some(known) = schema["properties"].get(name) {
                    validate(known, property, &place);
                } else if schema["additionalProperties"].is_object() {
                    validate(&schema["additionalProperties"], property, &place);
                } else {
                    panic!("{place}: the description has no such property");
                }
            }
        }
        Some("array") => {
            let items = value.as_array().unwrap_or_else(|| panic!("{place}: {value} is no array"));
            within(schema, "minItems", "maxItems", items.len(), place);
            items.iter().for_each(|item| validate(&schema["items"], item, &format!("{place} []")));
        }
        Some("string") => {
            let text = value.as_str().unwrap_or_else(|| panic!("{place}: {value} is no string"));
            within(schema, "minLength", "maxLength", text.chars().count(), place);
            if let Some(words) = schema["enum"].as_array() {
                assert!(words.contains(value), "{place}: {value} is not one of the known words");
            }
            if schema["format"] == "date-time" {
                let form: String =
                    text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
                assert_eq!(form, "0000-00-00T00:00:00.000Z", "{place}: {text}");
            }
        }
        Some("boolean") => assert!(value.is_boolean(), "{place}: {value} is no boolean"),
        Some("integer") => assert!(value.is_i64(), "{place}: {value} is no integer"),
        Some(other) => panic!("{place}: unknown type {other}"),
        None => {}
    }
}

fn within(schema: &Value, least: &str, most: &str, size: usize, place: &str) {
    let bound = |name: &str| schema[name].as_u64().map(|bound| usize::try_from(bound).unwrap());
    assert!(bound(least).is_none_or(|least| size >= least), "{place}: too short");
    assert!(bound(most).is_none_or(|most| size <= most), "{place}: too long");
}

fn put(place: &mut Value, pointer: &str, value: Value) {
    let mut place = place;
    for name in pointer.split('/').skip(1) {
        place = &mut place[name.replace("~1", "/").replace("~0", "~").as_str()];
    }
    *place = value;
}

#[test]
#[should_panic(expected = "no such property")]
fn an_invented_property_would_be_noticed() {
    check(
        "GET",
        "/users/user-1",
        200,
        r#"{"email":"a","firstName":"b","lastName":"c","username":"d","mail":"e"}"#,
    );
}

#[test]
#[should_panic(expected = "is missing")]
fn a_missing_property_would_be_noticed() {
    check("GET", "/users/user-1", 200, r#"{"email":"a"}"#);
}
