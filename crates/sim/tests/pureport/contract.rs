//! Checks answers against the vendor's OpenAPI subset, joined with our overlay, in `contracts/`.

use std::sync::LazyLock;

use serde_json::Value;

static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../contracts/pureport.joined.json")).unwrap());

/// Asserts that an answer has the shape that the description promises.
pub(crate) fn check(method: &str, path: &str, status: u16, body: &str) {
    let place = format!("{method} {path} → {status}");
    let responses = match operation(method, path) {
        Some(operation) => &operation["responses"],
        None => {
            assert!(status == 404 || status == 405, "{place}: not in the description");
            &DESCRIPTION["paths"]["/accounts"]["get"]["responses"]
        }
    };
    let answer = responses.get(status.to_string()).unwrap_or(&responses["default"]);
    let answer = resolved(answer);
    let Some(content) = answer.get("content") else {
        return assert_eq!(body, "", "{place}: a body that is not described");
    };
    if body.is_empty() {
        return assert!(status >= 400, "{place}: no body");
    }
    if content.get("text/plain").is_some() {
        return;
    }
    let value: Value = serde_json::from_str(body).unwrap();
    validate(&content["application/json"]["schema"], &value, &place);
}

/// Each path of the description with its methods.
pub(crate) fn operations() -> Vec<(String, String)> {
    let paths = DESCRIPTION["paths"].as_object().unwrap();
    let methods = |(path, methods): (&String, &Value)| -> Vec<(String, String)> {
        methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())).collect()
    };
    paths.iter().flat_map(methods).collect()
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

fn resolved(place: &'static Value) -> &'static Value {
    match place["$ref"].as_str() {
        Some(reference) => DESCRIPTION.pointer(reference.trim_start_matches('#')).unwrap(),
        None => place,
    }
}

fn validate(schema: &'static Value, value: &Value, place: &str) {
    let schema = resolved(schema);
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value} is not one of the known words");
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
