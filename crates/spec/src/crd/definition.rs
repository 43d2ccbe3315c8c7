//! The definitions that are installed in a cluster: what kube derives, made strict and mergeable.
//!
//! Derived schemas say which fields there are. Added here: rules, keys of lists, bounds of what Kubernetes'
//! own types leave open. Left out is what API servers don't know or would allow more than files do.

use kube_core::CustomResourceExt;
use serde_json::{Map, Value, json};

use super::rules::RULES;
use super::{Account, ApiKey, Member, Provider, Role, columns};

/// Lists whose items have a name: several writers can each have items of their own, and none is there twice.
const KEYED: &[(&str, &str)] = &[
    ("spec.allowedNamespaces", "name"),
    ("status.conditions", "type"),
    ("status.memberships", "account"),
    ("status.remembered", "provider"),
    ("status.said", "provider"),
    ("status.held", "digest"),
    ("status.offers", "digest"),
    ("status.spent", "digest"),
    ("status.retained", "account"),
];

/// Lists that are sets.
const SETS: &[&str] = &[
    "spec.safety.allow",
    "spec.safety.protected",
    "spec.safety.admins.required",
    "spec.technicalContacts",
    "spec.authoritative",
];

/// Texts that have no field of their own to say how long they may be.
const LENGTHS: &[(&str, u32)] = &[("status.held[].people.first[]", 254)];

/// The definition of every kind, with the plural that names it.
///
/// # Errors
/// When a table here names a place that the types don't have.
pub fn definitions() -> Result<Vec<(&'static str, Value)>, String> {
    Ok(vec![
        ("providers", definition::<Provider>("Provider")?),
        ("accounts", definition::<Account>("Account")?),
        ("roles", definition::<Role>("Role")?),
        ("members", definition::<Member>("Member")?),
        ("apikeys", definition::<ApiKey>("ApiKey")?),
    ])
}

fn definition<K: CustomResourceExt>(kind: &str) -> Result<Value, String> {
    let mut definition = serde_json::to_value(K::crd()).map_err(|error| error.to_string())?;
    let version =
        definition.pointer_mut("/spec/versions/0").ok_or_else(|| format!("{kind} has no version"))?;
    columns::add(kind, version);
    let schema =
        version.pointer_mut("/schema/openAPIV3Schema").ok_or_else(|| format!("{kind} has no schema"))?;
    tidy(schema);
    schema["description"] = schema["properties"]["spec"]["description"].clone();
    conditions(schema)?;
    for (place, key) in KEYED {
        if let Some(list) = at(schema, place).filter(|list| list["type"] == "array" && keyable(list, key)) {
            list["x-kubernetes-list-type"] = json!("map");
            list["x-kubernetes-list-map-keys"] = json!([key]);
        }
    }
    for place in SETS {
        if let Some(list) = at(schema, place) {
            list["x-kubernetes-list-type"] = json!("set");
        }
    }
    for (place, length) in LENGTHS {
        if let Some(text) = at(schema, place) {
            text["maxLength"] = json!(length);
        }
    }
    for rule in RULES.iter().filter(|rule| rule.kind == kind) {
        for place in rule.places {
            let one = at(schema, place).ok_or_else(|| format!("{kind} has no {place}"))?;
            let mut said = json!({ "rule": rule.rule, "message": rule.message });
            if rule.rule.contains("oldSelf") {
                said["reason"] = json!("FieldValueForbidden");
            }
            match &mut one["x-kubernetes-validations"] {
                Value::Array(rules) => rules.push(said),
                none => *none = json!([said]),
            }
        }
    }
    Ok(definition)
}

/// Drops what API servers don't know, and `null`, which files don't have either.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.remove("nullable");
            if fields.get("format").is_some_and(|format| format == "uint32" || format == "uint") {
                fields.insert("format".to_owned(), json!("int64"));
            }
            if fields.get("title").is_some_and(Value::is_string) {
                fields.remove("title");
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            drop_redundant_default(fields);
            fields.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// An API server would write defaults into objects; absent means "not managed" here.
fn drop_redundant_default(fields: &mut Map<String, Value>) {
    if fields.contains_key("type") {
        fields.remove("default");
    }
}

/// Kubernetes' own type says in its comments how long its texts are.
fn conditions(schema: &mut Value) -> Result<(), String> {
    let list = at(schema, "status.conditions").ok_or("there are no conditions")?;
    list["maxItems"] = json!(16);
    let properties = &mut list["items"]["properties"];
    properties["type"]["maxLength"] = json!(316);
    properties["reason"]["maxLength"] = json!(1024);
    properties["reason"]["pattern"] = json!("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$");
    properties["message"]["maxLength"] = json!(32_768);
    properties["status"]["enum"] = json!(["True", "False", "Unknown"]);
    properties["observedGeneration"]["minimum"] = json!(0);
    Ok(())
}

/// The schema at a place: fields with dots, `[]` for the items of a list.
fn at<'s>(schema: &'s mut Value, place: &str) -> Option<&'s mut Value> {
    let mut one = schema;
    for part in place.split('.') {
        let name = part.trim_end_matches("[]");
        one = one.get_mut("properties")?.get_mut(name)?;
        if part.ends_with("[]") {
            one = one.get_mut("items")?;
        }
    }
    Some(one)
}

fn keyable(list: &Value, key: &str) -> bool {
    list["items"]["properties"].get(key).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{RULES, definitions};

    #[test]
    fn every_text_list_and_map_has_a_bound() {
        let mut unbounded = vec![];
        for (kind, definition) in definitions().unwrap() {
            let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            each(schema, kind, &mut |one, place| {
                let has = |bound: &str| one.get(bound).is_some();
                let bounded = match one["type"].as_str() {
                    Some("string") => has("maxLength") || has("enum") || one["format"] == "date-time",
                    Some("array") => has("maxItems"),
                    Some("object") => {
                        has("properties") || has("maxProperties") || place.ends_with(".metadata")
                    }
                    Some("integer" | "boolean") => true,
                    _ => false,
                };
                if !bounded {
                    unbounded.push(place.to_owned());
                }
            });
        }
        assert_eq!(unbounded, Vec::<String>::new());
    }

    #[test]
    fn every_provider_block_is_counted() {
        let rule = RULES.iter().find(|rule| rule.rule.ends_with(".size() == 1")).unwrap();
        for block in crate::validate::provider::BLOCKS {
            assert!(rule.rule.contains(&format!("has(self.{block})")), "{block}: {}", rule.rule);
            assert!(rule.message.contains(&format!("`{block}`")), "{block}: {}", rule.message);
        }
        assert_eq!(rule.rule.matches("has(").count(), crate::validate::provider::BLOCKS.len());
    }

    #[test]
    fn no_secret_comes_from_the_operators_own_environment_or_files() {
        let mut sources = 0;
        for (kind, definition) in definitions().unwrap() {
            let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            each(schema, kind, &mut |one, place| {
                let fields = &one["properties"];
                if fields.get("secretKeyRef").is_some() {
                    sources += 1;
                    let rules = one["x-kubernetes-validations"].to_string();
                    for other in ["env", "file"].iter().filter(|other| fields.get(other).is_some()) {
                        assert!(rules.contains(&format!("!has(self.{other})")), "{place}: {rules}");
                    }
                }
            });
        }
        assert!(sources > 0);
    }

    fn each(schema: &Value, place: &str, tell: &mut impl FnMut(&Value, &str)) {
        tell(schema, place);
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            each(field, &format!("{place}.{name}"), tell);
        }
        for (inside, sign) in [("items", "[]"), ("additionalProperties", "{}")] {
            if let Some(inside) = schema.get(inside) {
                each(inside, &format!("{place}{sign}"), tell);
            }
        }
    }
}
