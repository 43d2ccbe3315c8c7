//! Writes a definition as YAML: block style, sorted keys, the same bytes every time.

use serde_json::Value;

use crate::names::is_read_otherwise;

/// The text of a value, with a line break at its end.
pub fn yaml(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (at, (name, value)) in fields.iter().enumerate() {
                if at > 0 {
                    indent(depth, text);
                }
                text.push_str(&scalar(name));
                text.push(':');
                below(value, depth + usize::from(is_block(value) && value.is_object()), text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    indent(depth, text);
                }
                text.push_str("- ");
                block(item, depth + 1, text);
            }
        }
        Value::Object(_) => text.push_str("{}\n"),
        Value::Array(_) => text.push_str("[]\n"),
        Value::String(one) => {
            text.push_str(&scalar(one));
            text.push('\n');
        }
        other => {
            text.push_str(&other.to_string());
            text.push('\n');
        }
    }
}

/// What stands after a key: on its line, or on lines of its own. Items of a list stand below their key.
fn below(value: &Value, depth: usize, text: &mut String) {
    if is_block(value) {
        text.push('\n');
        indent(depth, text);
    } else {
        text.push(' ');
    }
    block(value, depth, text);
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn indent(depth: usize, text: &mut String) {
    text.push_str(&"  ".repeat(depth));
}

/// Plain where every reader takes it for this text, else in double quotes, whose escapes are those of JSON.
fn scalar(text: &str) -> String {
    let first =
        text.chars().next().is_some_and(|first| first.is_ascii_alphanumeric() || "./$^(".contains(first));
    let plain = first
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !text.chars().any(char::is_control)
        && !is_read_otherwise(text)
        && text != "null";
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::yaml;
    use crate::read_texts;

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({
            "a": { "b": ["x", { "c": 1, "d": ["y"] }], "e": {}, "f": [] },
            "says": "`this`: not \"plain\" # at all",
            "words": ["no", "1.20", "null", "", "a: b", "- a", "^[a-z]+$"],
            "flag": true,
        });
        let text = yaml(&value);
        insta::assert_snapshot!(text);
        let documents = read_texts(vec![("a.yaml".into(), text.into_bytes())], true);
        assert!(documents.findings.is_empty(), "{:?}", documents.findings);
    }
}
