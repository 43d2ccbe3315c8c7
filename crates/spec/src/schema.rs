//! One JSON Schema for all kinds, for editors.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::API_VERSION;
use crate::kinds::{AccountSpec, ApiKeySpec, MemberSpec, Metadata, ProviderSpec, RoleSpec};

/// The schema of a document of any kind (draft 2020-12), told apart by `kind`.
pub fn json_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let metadata = reference::<Metadata>(&mut generator);
    let kinds = [
        ("Provider", reference::<ProviderSpec>(&mut generator)),
        ("Account", reference::<AccountSpec>(&mut generator)),
        ("Role", reference::<RoleSpec>(&mut generator)),
        ("Member", reference::<MemberSpec>(&mut generator)),
        ("ApiKey", reference::<ApiKeySpec>(&mut generator)),
    ];
    let one_of: Vec<Value> = kinds
        .into_iter()
        .map(|(kind, spec)| {
            json!({
                "title": kind,
                "type": "object",
                "properties": {
                    "apiVersion": { "const": API_VERSION },
                    "kind": { "const": kind },
                    "metadata": metadata,
                    "spec": spec,
                },
                "required": ["apiVersion", "kind", "metadata", "spec"],
                "additionalProperties": false,
            })
        })
        .collect();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "orgform manifest",
        "oneOf": one_of,
        "$defs": generator.take_definitions(true),
    });
    refuse_null(&mut schema);
    schema
}

fn reference<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// An optional field is left out, never `null`: a blank value is refused when manifests are read.
fn refuse_null(schema: &mut Value) {
    let is_null = |one: &Value| one["type"] == "null";
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|one| one != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    fields.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(any)) = fields.get_mut("anyOf") {
                any.retain(|one| !is_null(one));
                if let [Value::Object(_)] = any.as_slice()
                    && let Some(Value::Array(mut any)) = fields.remove("anyOf")
                    && let Some(Value::Object(one)) = any.pop()
                {
                    // What is said of the field counts more than what is said of its type.
                    for (key, value) in one {
                        fields.entry(key).or_insert(value);
                    }
                }
            }
            fields.values_mut().for_each(refuse_null);
        }
        Value::Array(items) => items.iter_mut().for_each(refuse_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value, json};

    use super::json_schema;
    use crate::validate::fields;
    use crate::{API_VERSION, read_texts, validate};

    fn properties(schema: &Value) -> BTreeSet<&str> {
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn the_schema_and_the_readers_know_the_same_fields() {
        let schema = json_schema();
        let known = [
            ("Metadata", fields::METADATA),
            ("Reference", fields::REFERENCE),
            ("AllowedNamespace", fields::ALLOWED_NAMESPACE),
            ("ProviderSpec", fields::PROVIDER),
            ("PureportSpec", fields::PUREPORT),
            ("PacketfabricSpec", fields::PACKETFABRIC),
            ("XariosSpec", fields::XARIOS),
            ("XariosCredentials", fields::XARIOS_CREDENTIALS),
            ("SimulatorSpec", fields::SIMULATOR),
            ("PureportCredentials", fields::PUREPORT_CREDENTIALS),
            ("PacketfabricCredentials", fields::PACKETFABRIC_CREDENTIALS),
            ("SecretSource", fields::SECRET_SOURCE),
            ("SecretKeyRef", fields::SECRET_KEY_REF),
            ("SafetySpec", fields::SAFETY),
            ("LimitSpec", fields::LIMIT),
            ("AdminsSpec", fields::ADMINS),
            ("RemovalSpec", fields::REMOVAL),
            ("InvitesSpec", fields::INVITES),
            ("AccountSpec", fields::ACCOUNT),
            ("RoleSpec", fields::ROLE),
            ("PermissionSpec", fields::PERMISSION),
            ("MemberSpec", fields::MEMBER),
            ("MembershipSpec", fields::MEMBERSHIP),
            ("IdentitySpec", fields::IDENTITY),
            ("ApiKeySpec", fields::API_KEY),
            ("SecretPlaceSpec", fields::SECRET_PLACE),
            ("SecretFileSpec", fields::SECRET_FILE),
        ];
        for (name, fields) in known {
            let of_schema = properties(&schema["$defs"][name]);
            assert_eq!(of_schema, fields.iter().copied().collect(), "{name}");
            assert_eq!(schema["$defs"][name]["additionalProperties"], false, "{name}");
        }
        let objects =
            schema["$defs"].as_object().unwrap().iter().filter(|(_, one)| one.get("properties").is_some());
        assert_eq!(objects.count(), known.len());
        for kind in schema["oneOf"].as_array().unwrap() {
            assert_eq!(properties(kind), fields::DOCUMENT.iter().copied().collect());
        }
    }

    #[test]
    fn every_value_that_the_schema_lists_is_read() {
        let schema = json_schema();
        for pick in 0..3 {
            for (kind, text) in documents(&schema, pick) {
                let wrong: Vec<_> = wrong_with(&text)
                    .into_iter()
                    .filter(|said| !said.contains("exactly one of") && !said.contains("either "))
                    .filter(|said| {
                        !said.contains("in a cluster only") && !said.contains("onboarding: Create")
                    })
                    .collect();
                assert_eq!(wrong, Vec::<String>::new(), "{kind} {text}");
            }
        }
    }

    #[test]
    fn what_the_schema_requires_the_readers_need() {
        let schema = json_schema();
        for (kind, text) in documents(&schema, 0) {
            let whole: Value = serde_json::from_str(&text).unwrap();
            let mut paths = Vec::new();
            collect_paths(
                &whole["spec"],
                &schema,
                &schema["$defs"][format!("{kind}Spec")],
                "/spec",
                &mut paths,
            );
            for (path, required) in paths {
                let mut without = whole.clone();
                let (parent, key) = path.rsplit_once('/').unwrap();
                without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
                let needed = wrong_with(&without.to_string())
                    .iter()
                    .any(|said| said.contains(&format!("needs `{key}`")));
                assert_eq!(needed, required, "{kind} {path}");
            }
        }
    }

    #[test]
    fn no_field_may_be_null() {
        let text = json_schema().to_string();
        assert!(!text.contains("null"), "{text}");
        assert!(wrong_with(r#"{"kind": null}"#).iter().any(|said| said == "`kind` has no value"));
    }

    fn wrong_with(text: &str) -> Vec<String> {
        let documents = read_texts(vec![("a.yaml".into(), text.as_bytes().to_vec())], true);
        assert!(documents.findings.is_empty(), "{:?}", documents.findings);
        validate(&documents).findings.into_iter().map(|finding| finding.message).collect()
    }

    /// A document of each kind with every field; where the schema lists words, the one at `pick`. One for each
    /// block that says which provider it is.
    fn documents(schema: &Value, pick: usize) -> Vec<(String, String)> {
        let mut documents = Vec::new();
        for kind in schema["oneOf"].as_array().unwrap() {
            let title = kind["title"].as_str().unwrap();
            let spec = example(schema, &kind["properties"]["spec"], "", pick);
            let is_block = |field: &Value| field.get("simulator").is_some();
            let fields = spec.as_object().unwrap();
            let blocks: Vec<Option<&String>> =
                fields.iter().filter(|(_, field)| is_block(field)).map(|(name, _)| Some(name)).collect();
            for block in if blocks.is_empty() { vec![None] } else { blocks } {
                let mut spec = fields.clone();
                spec.retain(|name, field| !is_block(field) || block.is_some_and(|block| block == name));
                let text = json!({
                    "apiVersion": API_VERSION, "kind": title, "metadata": { "name": "x" }, "spec": spec,
                });
                documents.push((title.to_owned(), text.to_string()));
            }
        }
        documents
    }

    /// The schema behind a reference or beside a null.
    fn solid<'s>(schema: &'s Value, one: &'s Value) -> &'s Value {
        if let Some(name) = one["$ref"].as_str() {
            return solid(schema, schema.pointer(name.trim_start_matches('#')).unwrap());
        }
        match one["anyOf"].as_array() {
            Some(any) => solid(schema, any.iter().find(|one| one["type"] != "null").unwrap()),
            None => one,
        }
    }

    fn example(schema: &Value, one: &Value, name: &str, pick: usize) -> Value {
        let one = solid(schema, one);
        let words: Vec<&Value> = match (one["enum"].as_array(), one["oneOf"].as_array()) {
            (Some(words), _) => words.iter().filter(|word| !word.is_null()).collect(),
            (None, Some(words)) => words.iter().map(|word| &word["const"]).collect(),
            (None, None) => Vec::new(),
        };
        if !words.is_empty() {
            return words[pick % words.len()].clone();
        }
        let of_type = |wanted: &str| match &one["type"] {
            Value::String(kind) => kind == wanted,
            Value::Array(kinds) => kinds.iter().any(|kind| kind == wanted),
            _ => false,
        };
        if of_type("object") {
            let fields = one["properties"].as_object().cloned().unwrap_or_default();
            let all = fields.iter().map(|(name, field)| (name.clone(), example(schema, field, name, pick)));
            return Value::Object(all.collect::<Map<_, _>>());
        }
        if of_type("array") {
            return json!([example(schema, &one["items"], name, pick)]);
        }
        if of_type("boolean") {
            return json!(pick == 0);
        }
        if of_type("integer") {
            return json!(pick);
        }
        match name {
            "email" | "runsAs" | "protected" | "required" | "technicalContacts" => json!("ada@acme.example"),
            "maxAge" | "resendAfter" => json!("7d"),
            "endpoint" | "loginEndpoint" => json!("https://api.pureport.com"),
            "expiresAt" => json!("2026-12-31T00:00:00Z"),
            _ => json!("x"),
        }
    }

    fn collect_paths(value: &Value, schema: &Value, one: &Value, path: &str, into: &mut Vec<(String, bool)>) {
        let one = solid(schema, one);
        match value {
            Value::Object(fields) => {
                let Some(known) = one["properties"].as_object() else { return };
                let required: Vec<&Value> = one["required"].as_array().into_iter().flatten().collect();
                for (name, value) in fields {
                    let path = format!("{path}/{name}");
                    into.push((path.clone(), required.contains(&&json!(name))));
                    collect_paths(value, schema, &known[name], &path, into);
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    collect_paths(item, schema, &one["items"], &format!("{path}/{at}"), into);
                }
            }
            _ => {}
        }
    }
}
