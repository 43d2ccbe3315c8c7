//! Opens a root: finds it, reads and checks what is declared in it, for each Provider.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use orgform_model::desired::DesiredApiKey;
use orgform_model::{Desired, Finding, ObjectRef, Place, SecretPlace, Semantics, Severity};
use orgform_provider::ProviderType;
use orgform_spec::manifest::{Kind, Object};
use orgform_spec::root::{FILE_NAME, Root};
use orgform_spec::{Checked, Documents, Limits, Manifest, ProviderSettings};

use crate::connect::PROVIDERS;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::git;

/// A root that was read and checked. What has an error is frozen; the rest can be planned.
#[derive(Debug)]
pub(crate) struct OpenRoot {
    /// The folder that holds `orgform.yaml`.
    pub(crate) folder: PathBuf,
    /// What `orgform.yaml` says.
    pub(crate) settings: Root,
    /// The text, for showing findings.
    pub(crate) documents: Documents,
    /// Everything that is wrong, in the order of files and lines.
    pub(crate) findings: Vec<Finding>,
    /// How many objects there are.
    pub(crate) objects: usize,
    /// All objects, and where each is.
    pub(crate) places: Vec<(ObjectRef, Place)>,
    /// What is declared, by Provider.
    pub(crate) declared: Vec<Declared>,
}

/// What documents declare.
pub(crate) struct Content {
    /// All objects, and where each is.
    pub(crate) places: Vec<(ObjectRef, Place)>,
    /// What is declared, by Provider.
    pub(crate) declared: Vec<Declared>,
}

/// What is declared for one Provider.
#[derive(Debug)]
pub(crate) struct Declared {
    /// How to connect.
    pub(crate) settings: ProviderSettings,
    /// The kind of provider.
    pub(crate) provider: &'static ProviderType,
    /// What is declared, in the provider's normal form.
    pub(crate) desired: Desired,
}

impl OpenRoot {
    /// Finds the root above the paths, or above the current folder, and reads it. I/O.
    ///
    /// # Errors
    /// When there is no root, or `orgform.yaml` can't be used. What is wrong in manifests is a finding.
    pub(crate) fn open(paths: &[PathBuf], console: &Console) -> Result<Self> {
        let folder = find(paths)?;
        let settings = settings(&folder, console)?;
        Self::read(folder, settings, paths)
    }

    /// Reads a root that was found. I/O.
    ///
    /// # Errors
    /// When a path can't be opened. What is wrong in manifests is a finding.
    pub(crate) fn read(folder: PathBuf, settings: Root, paths: &[PathBuf]) -> Result<Self> {
        let paths = paths.iter().map(|path| absolute(path)).collect::<Result<Vec<_>>>()?;
        let documents = orgform_spec::read(&folder, &paths, &Limits::default());
        let Checked { value: Content { places, declared }, mut findings } = check(&documents);
        findings.extend(exposed_secrets(&folder, &declared)); // I/O
        Ok(Self { folder, settings, documents, findings, objects: places.len(), places, declared })
    }

    /// Opens the root of the current folder as if these texts were in the files of these paths. I/O.
    ///
    /// # Errors
    /// As of [`OpenRoot::open`].
    pub(crate) fn open_over(over: &BTreeMap<String, String>, console: &Console) -> Result<Self> {
        let folder = find(&[])?;
        let settings = settings(&folder, console)?;
        let documents = orgform_spec::read_over(&folder, &[], over, &Limits::default());
        let Checked { value: Content { places, declared }, findings } = check(&documents);
        Ok(Self { folder, settings, documents, findings, objects: places.len(), places, declared })
    }

    /// What was declared at a commit, by Provider. Errors in it are told; what they name proves nothing.
    pub(crate) fn declared_at(&self, revision: &str, console: &Console) -> Result<Vec<Declared>> {
        let files = git::files_at(&self.folder, revision)?;
        let Checked { value, findings } = check(&orgform_spec::read_texts(files, true));
        let errors = count(&findings, Severity::Error);
        if errors > 0 {
            console.warn(&format!("{} in the manifests of {revision}.", counted(errors, "error")));
        }
        Ok(value.declared)
    }

    /// Tells everything that is wrong, and how that ends.
    pub(crate) fn tell_findings(&self, console: &Console) -> Exit {
        if self.findings.is_empty() {
            return Exit::Clean;
        }
        let text = orgform_spec::render(&self.findings, &self.documents, console.colors_talk());
        console.insist(&text);
        self.exit()
    }

    /// An error in a manifest is an error of the run, whatever else comes.
    pub(crate) fn exit(&self) -> Exit {
        if count(&self.findings, Severity::Error) > 0 { Exit::Error } else { Exit::Clean }
    }
}

/// The root that a folder lies in, if any; the folder itself does not count.
pub(crate) fn above(folder: &Path) -> Option<PathBuf> {
    // The folder itself may not be there yet.
    let folder = std::path::absolute(folder).ok()?;
    folder.ancestors().skip(1).find_map(orgform_spec::root::find)
}

/// The root of the paths, or of the current folder.
pub(crate) fn find(paths: &[PathBuf]) -> Result<PathBuf> {
    let start = absolute(paths.first().map_or(Path::new("."), PathBuf::as_path))?;
    if let Some(folder) = orgform_spec::root::find(&start) {
        return Ok(folder);
    }
    Err(Failure::new(format!("no {FILE_NAME} in {} or above it", start.display()))
        .hint("`orgform init` writes a root to start from; -C DIR uses another folder.")
        .nothing_read()
        .into())
}

/// Reads `orgform.yaml`.
pub(crate) fn settings(folder: &Path, console: &Console) -> Result<Root> {
    let path = folder.join(FILE_NAME);
    let bytes = std::fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
    let Checked { value, findings } = orgform_spec::root::parse(bytes.clone());
    if !findings.is_empty() {
        let text = orgform_spec::read_texts(vec![(FILE_NAME.to_owned(), bytes)], true);
        console.insist(&orgform_spec::render(&findings, &text, console.colors_talk()));
    }
    match value {
        Some(root) => {
            if root.redact.emails {
                console.redact();
            }
            Ok(root)
        }
        None => Err(Failure::new(format!("{} can't be used", path.display())).nothing_read().into()),
    }
}

/// A number of things in words: `1 file`, `2 files`.
pub(crate) fn counted(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// How many findings are this bad.
pub(crate) fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

/// Validates, resolves and audits. Pure.
pub(crate) fn check(documents: &Documents) -> Checked<Content> {
    let semantics: Vec<&'static Semantics> = PROVIDERS.iter().map(|provider| provider.semantics).collect();
    let Checked { value: manifest, findings: of_documents } = orgform_spec::validate(documents);
    let Checked { value: resolved, findings: of_names } = orgform_spec::resolve(&manifest, &semantics);
    let mut findings = documents.findings.clone();
    findings.extend(of_documents);
    findings.extend(of_names);
    let mut declared = Vec::new();
    for one in resolved {
        let Some(provider) = PROVIDERS.iter().find(|provider| provider.semantics.kind == one.settings.kind)
        else {
            continue;
        };
        let (desired, of_audit) = orgform_engine::audit(provider, one.desired);
        findings.extend(of_audit);
        declared.push(Declared { settings: one.settings, provider, desired });
    }
    findings.sort_by(|a, b| a.places.cmp(&b.places).then_with(|| a.message.cmp(&b.message)));
    findings.dedup();
    Checked { value: Content { places: places(&manifest), declared }, findings }
}

/// Secrets that would be committed with everything else.
fn exposed_secrets(folder: &Path, declared: &[Declared]) -> Vec<Finding> {
    let keys = declared.iter().flat_map(|one| one.desired.api_keys.values());
    let files: Vec<(&str, &DesiredApiKey)> = keys
        .filter_map(|key| match &key.secret_to {
            Some(SecretPlace::File { path }) if Path::new(path).is_relative() => Some((path.as_str(), key)),
            _ => None,
        })
        .collect();
    if files.is_empty() {
        return Vec::new();
    }
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let exposed = git::not_ignored(folder, &paths);
    let told = files.into_iter().filter(|(path, _)| exposed.contains(path));
    told.map(|(path, key)| {
        Finding::warning(format!("Git does not ignore {path}, where a secret goes"), key.place.clone())
            .hint("add it to .gitignore, or put the secret below `.orgform/` and ignore that.")
    })
    .collect()
}

fn places(manifest: &Manifest) -> Vec<(ObjectRef, Place)> {
    fn of<T: Kind>(objects: &[Object<T>]) -> impl Iterator<Item = (ObjectRef, Place)> {
        objects.iter().map(|one| (one.object(), one.place()))
    }
    let Manifest { providers, accounts, roles, members, api_keys, .. } = manifest;
    let in_accounts = of(roles).chain(of(members)).chain(of(api_keys));
    of(providers).chain(of(accounts)).chain(in_accounts).collect()
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(path).map_err(|error| {
        let failure = Failure::new(format!("could not open {}", path.display()));
        let failure = match error.kind() {
            ErrorKind::NotFound => failure.hint(
                "a file that is gone is spoken for by the folder that it was in; name its folder instead.",
            ),
            _ => failure,
        };
        failure.nothing_read().because(error).into()
    })
}
