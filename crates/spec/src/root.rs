//! `orgform.yaml`: what belongs to the repo, not to the organization.
//!
//! The root's id, where state is kept, and what is left out of output. The folder that holds it is the root.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgform_model::RootId;

use crate::Checked;
use crate::read::{Limits, read_texts_within};
use crate::walk::Walk;
use crate::yaml::{Node, Span};

/// The name of the file.
pub const FILE_NAME: &str = "orgform.yaml";

/// Where state is kept if nothing is said, relative to the root.
pub const DEFAULT_STATE_PATH: &str = ".orgform/state.json";

const ROOT: &[&str] = &["root", "state", "redact"];
const STATE: &[&str] = &["file", "git", "objectStore"];
const STATE_FILE: &[&str] = &["path"];
const STATE_GIT: &[&str] = &["branch", "remote"];
const STATE_OBJECT_STORE: &[&str] = &["url"];
const REDACT: &[&str] = &["emails"];

/// What `orgform.yaml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The root's id. State records it; another root's state is refused.
    pub id: RootId,
    /// Where state is kept.
    pub state: StateLocation,
    /// What is left out of output.
    pub redact: Redact,
}

/// Where state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateLocation {
    /// A file.
    File {
        /// Its path; a relative one starts at the root.
        path: PathBuf,
    },
    /// A branch of the repo.
    Git {
        /// The branch.
        branch: String,
        /// The remote it is pushed to, if it is.
        remote: Option<String>,
    },
    /// An object in a store.
    ObjectStore {
        /// The object's URL, such as `s3://bucket/acme/state.json`.
        url: String,
    },
}

impl Default for StateLocation {
    fn default() -> Self {
        Self::File { path: PathBuf::from(DEFAULT_STATE_PATH) }
    }
}

/// What is left out of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redact {
    /// E-mails of people.
    pub emails: bool,
}

/// The nearest folder at or above `start` that holds `orgform.yaml`.
pub fn find(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    start.ancestors().find(|folder| folder.join(FILE_NAME).is_file()).map(Path::to_owned)
}

/// Reads the text of `orgform.yaml`; none if something in it is wrong, and the findings tell what.
pub fn parse(bytes: Vec<u8>) -> Checked<Option<Root>> {
    let documents = read_texts_within(vec![(FILE_NAME.to_owned(), bytes)], true, &Limits::default());
    let mut findings = documents.findings;
    let Some(file) = documents.files.first() else { return Checked { value: None, findings } };
    let mut walk = Walk::new(file);
    let value = match documents.documents.as_slice() {
        [] if findings.is_empty() => {
            walk.error(Span::default(), "the file is empty").hint =
                Some("run `orgform init` in an empty folder to see what it looks like.".to_owned());
            None
        }
        [] => None,
        [document] => root(&mut walk, &document.node).filter(|_| !document.broken),
        [_, second, ..] => {
            walk.error(second.node.span, "this file holds one document");
            None
        }
    };
    let value = value.filter(|_| !walk.has_errors() && findings.is_empty());
    findings.append(&mut walk.findings);
    Checked { value, findings }
}

/// The text of a new `orgform.yaml`.
pub fn write(root: &Root) -> String {
    let Root { id, state, redact } = root;
    let state = match state {
        StateLocation::File { path } => format!("file: {{ path: {} }}", quote(&path.to_string_lossy())),
        StateLocation::Git { branch, remote: None } => format!("git: {{ branch: {} }}", quote(branch)),
        StateLocation::Git { branch, remote: Some(remote) } => {
            format!("git: {{ branch: {}, remote: {} }}", quote(branch), quote(remote))
        }
        StateLocation::ObjectStore { url } => format!("objectStore: {{ url: {} }}", quote(url)),
    };
    let Redact { emails } = redact;
    format!(
        "# What belongs to this repo, not to the organization.\n\
         root: {} # made once; state records it\n\
         state:\n  {state} # or git: {{ branch, remote }}, or objectStore: {{ url }}\n\
         redact: {{ emails: {emails} }} # true leaves people's e-mails out of output\n",
        quote(id.as_str()),
    )
}

/// A double-quoted YAML text, which is also JSON.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn root(walk: &mut Walk<'_>, node: &Node) -> Option<Root> {
    let fields = walk.fields(node, ROOT)?;
    let id = if fields.get("root").is_some() {
        walk.need(&fields, "root", id)
    } else {
        walk.error(fields.span, "`orgform.yaml` needs `root`").hint = Some(
            "add a line like `root: acme-1`, once; state records it, so don't change it later.".to_owned(),
        );
        None
    };
    let state = walk.opt(&fields, "state", state);
    let redact = walk.opt(&fields, "redact", |walk, node| {
        let fields = walk.fields(node, REDACT)?;
        Some(Redact { emails: walk.opt(&fields, "emails", Walk::flag).unwrap_or_default() })
    });
    Some(Root { id: id?, state: state.unwrap_or_default(), redact: redact.unwrap_or_default() })
}

fn id(walk: &mut Walk<'_>, node: &Node) -> Option<RootId> {
    let id: Arc<str> = Arc::from(walk.str(node)?);
    let fine =
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !fine {
        walk.error(node.span, "a root's id has 1 to 64 letters, digits and `-`");
    }
    fine.then(|| RootId::new(id))
}

fn state(walk: &mut Walk<'_>, node: &Node) -> Option<StateLocation> {
    let fields = walk.fields(node, STATE)?;
    let file = walk.opt(&fields, "file", |walk, node| {
        let fields = walk.fields(node, STATE_FILE)?;
        let path = walk.need(&fields, "path", filled)?;
        Some(StateLocation::File { path: PathBuf::from(path) })
    });
    let git = walk.opt(&fields, "git", |walk, node| {
        let fields = walk.fields(node, STATE_GIT)?;
        let branch = walk.need(&fields, "branch", filled);
        let remote = walk.opt(&fields, "remote", filled);
        Some(StateLocation::Git { branch: branch?, remote })
    });
    let store = walk.opt(&fields, "objectStore", |walk, node| {
        let fields = walk.fields(node, STATE_OBJECT_STORE)?;
        walk.need(&fields, "url", object_url).map(|url| StateLocation::ObjectStore { url })
    });
    if STATE.iter().filter(|name| fields.entry(name).is_some()).count() != 1 {
        walk.error(fields.span, "`state` needs exactly one of `file`, `git` or `objectStore`");
        return None;
    }
    file.or(git).or(store)
}

fn filled(walk: &mut Walk<'_>, node: &Node) -> Option<String> {
    let text = walk.str(node)?.to_owned();
    if text.trim().is_empty() {
        let said = format!("{} can't be empty", walk.here());
        walk.error(node.span, said);
        return None;
    }
    Some(text)
}

fn object_url(walk: &mut Walk<'_>, node: &Node) -> Option<String> {
    let text = filled(walk, node)?;
    if url::Url::parse(&text).is_err() {
        let said = format!("{} is not a URL", walk.here());
        walk.error(node.span, said).hint = Some("write it like s3://bucket/acme/state.json.".to_owned());
        return None;
    }
    Some(text)
}
