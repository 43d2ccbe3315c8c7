//! The status of an object, as it is in the cluster.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A status, kept as text: as a tree it would take several times as much memory, and most are looked into once in a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status(Arc<str>);

impl Default for Status {
    fn default() -> Self {
        Self::new(&Value::Null)
    }
}

impl Status {
    /// Takes a status; `null` where there is none.
    pub(crate) fn new(status: &Value) -> Self {
        Self(Arc::from(status.to_string()))
    }

    /// Whether nothing was ever said.
    pub(crate) fn is_none(&self) -> bool {
        &*self.0 == "null"
    }

    /// What it says, as a type.
    ///
    /// # Errors
    /// When it says something else.
    pub(crate) fn read<T: Default + DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        if self.is_none() { Ok(T::default()) } else { serde_json::from_str(&self.0) }
    }

    /// What it says, as a tree.
    pub(crate) fn tree(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The Providers that remember something in it, as it names them.
    pub(crate) fn remembering(&self) -> Vec<String> {
        self.items("remembered").into_iter().map(|(provider, _)| provider).collect()
    }

    /// What Providers say in it by themselves, with the names of these.
    pub(crate) fn said(&self) -> Vec<(String, String)> {
        let items = self.items("said").into_iter();
        items
            .filter_map(|(provider, item)| Some((provider, item.get("text")?.as_str()?.to_owned())))
            .collect()
    }

    /// The items of a list that has one for each Provider.
    fn items(&self, list: &str) -> Vec<(String, Value)> {
        // Most have none, and reading takes time.
        if !self.0.contains(list) {
            return vec![];
        }
        let Some(items) = self.tree().get_mut(list).map(Value::take) else { return vec![] };
        let items = items.as_array().cloned().unwrap_or_default().into_iter();
        items.filter_map(|item| Some((item.get("provider")?.as_str()?.to_owned(), item))).collect()
    }
}
