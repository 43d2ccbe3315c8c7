//! A run that failed, written down for reading.

use std::path::Path;

use orgform_sim::{Kind, LoggedRequest, Mail};
use serde_json::Value;

use crate::story::Told;

/// What is left of a run, for whoever wants to read it.
pub(crate) struct Record {
    pub(crate) lines: Vec<String>,
    pub(crate) requests: Vec<LoggedRequest>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) world: Value,
}

impl Record {
    /// Writes the story, the world and the request log beside the manifests and the state.
    pub(crate) fn keep(&self, told: &Told, repeat: &str, root: &Path, folder: &Path) -> anyhow::Result<()> {
        let _ = std::fs::remove_dir_all(folder);
        copy(root, &folder.join("root"))?;
        let mut text: String = told.broken.all().map(|(kind, what)| format!("{kind}: {what}\n")).collect();
        text += &format!("repeat: {repeat}\n\n{}\n", self.lines.join("\n"));
        std::fs::write(folder.join("story.txt"), text)?;
        let requests: Vec<String> = self
            .requests
            .iter()
            .filter(|one| one.kind != Kind::Login)
            .map(|one| {
                format!("{} {:?} {} {} changed={}", one.at, one.status, one.method, one.path, one.changed)
            })
            .collect();
        std::fs::write(folder.join("requests.txt"), requests.join("\n"))?;
        std::fs::write(folder.join("mails.json"), serde_json::to_string_pretty(&self.mails)?)?;
        std::fs::write(folder.join("world.json"), serde_json::to_string_pretty(&self.world)?)?;
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
