//! Joins a vendor's OpenAPI description with our overlay: what simulator and client are judged by.
//!
//! The overlay is an OpenAPI Overlay 1.0 in JSON: a list of actions, each with a JSONPath target and either an
//! `update`, which is merged into what the target selects, or `remove`. Every action says in its `description`
//! which section of the provider's contract it rests on, or that it is a `strictness` of the judges; one that
//! selects nothing is an error, so that none outlives what it was written for.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::run;

const OVERLAY: &str = ".overlay.json";

#[derive(Deserialize)]
struct Overlay {
    overlay: String,
    extends: String,
    actions: Vec<Action>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    target: String,
    description: String,
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
}

/// The providers that have an overlay, in the order of their names.
pub(crate) fn providers() -> anyhow::Result<Vec<String>> {
    let mut names = vec![];
    for entry in std::fs::read_dir(folder()).context("could not list the contracts")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(OVERLAY).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Where the joined description of a provider is kept.
pub(crate) fn joined_path(provider: &str) -> PathBuf {
    folder().join(format!("{provider}.joined.json"))
}

/// The joined description of a provider, as text.
pub(crate) fn joined(provider: &str) -> anyhow::Result<String> {
    let path = folder().join(format!("{provider}{OVERLAY}"));
    let overlay: Overlay = serde_json::from_value(parsed(&path)?)
        .with_context(|| format!("{} is no overlay", path.display()))?;
    ensure!(overlay.overlay == "1.0.0", "{}: overlay {} is unknown", path.display(), overlay.overlay);
    let mut description = parsed(&folder().join(&overlay.extends))?;
    for action in &overlay.actions {
        act(&mut description, action)
            .with_context(|| format!("{}: the action on `{}`", path.display(), action.target))?;
    }
    let mut text = serde_json::to_string_pretty(&description)?;
    text.push('\n');
    Ok(text)
}

fn folder() -> PathBuf {
    run::root().join("crates/sim/contracts")
}

fn parsed(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

fn act(description: &mut Value, action: &Action) -> anyhow::Result<()> {
    let Action { target, description: reason, update, remove } = action;
    let cites = ["section ", "sections ", "strictness: "].iter().any(|cited| reason.starts_with(cited));
    ensure!(cites, "its description starts with none of `section`, `sections` and `strictness:`");
    let path = JsonPath::parse(target).context("its target is no JSONPath")?;
    let found = path.query_located(description);
    let places: Vec<String> = found.locations().map(|location| location.to_json_pointer()).collect();
    ensure!(!places.is_empty(), "its target selects nothing");
    // From the last: removing an item would shift those behind it.
    for place in places.iter().rev() {
        match (update, remove) {
            (Some(update), false) => merge(at(description, place)?, update),
            (None, true) => take_out(description, place)?,
            _ => bail!("it needs either `update` or `remove: true`"),
        }
    }
    Ok(())
}

/// As the Overlay specification says: objects are merged, a list gets one more item, anything else is replaced.
fn merge(into: &mut Value, update: &Value) {
    match (into, update) {
        (Value::Object(into), Value::Object(update)) => {
            for (name, value) in update {
                match into.get_mut(name) {
                    Some(known) => merge(known, value),
                    None => {
                        into.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(into), Value::Array(update)) => into.extend(update.iter().cloned()),
        (Value::Array(into), update) => into.push(update.clone()),
        (into, update) => *into = update.clone(),
    }
}

fn take_out(description: &mut Value, place: &str) -> anyhow::Result<()> {
    let (parent, name) = place.rsplit_once('/').context("the whole can't be removed")?;
    match at(description, parent)? {
        Value::Object(fields) => {
            fields.remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(items) => {
            items.remove(name.parse()?);
        }
        _ => bail!("{parent} holds nothing"),
    }
    Ok(())
}

fn at<'a>(description: &'a mut Value, place: &str) -> anyhow::Result<&'a mut Value> {
    description.pointer_mut(place).with_context(|| format!("{place} is gone"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn action(target: &str, update: Option<Value>) -> Action {
        let remove = update.is_none();
        Action { target: target.to_owned(), description: "section 3: so it is.".to_owned(), update, remove }
    }

    #[test]
    fn what_is_selected_is_merged_or_taken_out() {
        let mut description =
            json!({ "paths": { "/a": { "get": { "tags": ["x"], "deep": { "one": 1 } } } } });
        act(&mut description, &action("$.paths.*.get", Some(json!({ "deep": { "two": 2 } })))).unwrap();
        act(&mut description, &action("$.paths.*.get.tags", Some(json!("y")))).unwrap();
        act(&mut description, &action("$.paths['/a'].get.deep.one", None)).unwrap();
        let expected = json!({ "paths": { "/a": { "get": { "tags": ["x", "y"], "deep": { "two": 2 } } } } });
        assert_eq!(description, expected);
    }

    #[test]
    fn an_action_that_selects_nothing_is_an_error() {
        let error = act(&mut json!({ "paths": {} }), &action("$.paths.*.get", None)).unwrap_err();
        assert_eq!(error.to_string(), "its target selects nothing");
    }

    #[test]
    fn an_action_that_cites_nothing_is_an_error() {
        let uncited = Action { description: "because".to_owned(), ..action("$", Some(json!({}))) };
        assert!(act(&mut json!({}), &uncited).unwrap_err().to_string().contains("section"));
    }
}
