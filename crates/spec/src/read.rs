//! Reads the manifests of a root. The only part of this crate that touches files.
//!
//! The whole root is always read, since references may reach everywhere in it; narrower paths say which
//! objects are asked for. What can't be read is told and remembered as a gap: nothing undeclared is then
//! removed.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use orgform_model::{Finding, Place};

use crate::names::quoted;
use crate::parallel::{in_parallel, threads};
use crate::root::FILE_NAME;
use crate::source::File;
use crate::yaml::{Entry, Loaded, Node, Span, load_files};

/// How much is read before it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Documents in all files together.
    pub documents: usize,
    /// Values in one file.
    pub nodes: usize,
    /// Values that aliases of one file expand to.
    pub expanded: usize,
    /// How deep values are nested.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 50_000_000, documents: 500_000, nodes: 20_000_000, expanded: 100_000, depth: 64 }
    }
}

/// What was read: text with positions.
#[derive(Debug)]
pub struct Documents {
    /// All files whose text could be read, by path.
    pub files: Vec<Arc<File>>,
    /// All documents that could be read.
    pub documents: Vec<Document>,
    /// What could not be read, and why.
    pub findings: Vec<Finding>,
    /// Whether everything was asked for.
    pub whole_root: bool,
    /// What is asked for, where it is not everything: paths relative to the root.
    pub asked: Vec<String>,
    /// What could not be read, as a path, or a path and a line.
    pub unreadable: Vec<String>,
}

/// One document of a file.
#[derive(Debug)]
pub struct Document {
    /// Its file.
    pub file: Arc<File>,
    /// Its content.
    pub node: Node,
    /// Whether a part of it was refused while reading, such as a duplicate key.
    pub broken: bool,
    /// What was written again, and is not in `node`, under a key that says what the document is about: `kind`,
    /// `metadata`, `spec`, `metadata.name`, `spec.email`. It counts as declared too.
    pub again: Vec<Entry>,
}

/// Reads all manifests below `root`; `paths` narrow what is asked for, none means everything.
///
/// Folders are read recursively, files that end in `.yaml` or `.yml` in the order of their paths. Hidden files
/// and folders and `orgform.yaml` are skipped. Links are followed within the root only.
pub fn read(root: &Path, paths: &[PathBuf], limits: &Limits) -> Documents {
    read_over(root, paths, &BTreeMap::new(), limits)
}

/// The same, as if these texts were in the files of these paths: what is not written yet can be planned.
pub fn read_over(
    root: &Path,
    paths: &[PathBuf],
    over: &BTreeMap<String, String>,
    limits: &Limits,
) -> Documents {
    let mut walk = FolderWalk::new(root);
    walk.run();
    let FolderWalk { root, mut files, findings, unreadable, .. } = walk;
    let there: HashSet<&str> = files.iter().map(|(label, _)| label.as_str()).collect();
    let new: Vec<_> = over.keys().filter(|label| !there.contains(label.as_str())).cloned().collect();
    files.extend(new.into_iter().map(|label| (label.clone(), root.join(label))));
    files.sort();
    let mut reading = Reading { limits, files: Vec::new(), findings, unreadable };
    let mut asked = Vec::new();
    for path in paths {
        match relative(&root, path) {
            Ok(path) => asked.push(path),
            Err(because) => {
                let label = path.to_string_lossy();
                reading.refuse(&label, because);
            }
        }
    }
    // A path that was refused must not make a narrow question a wide one.
    let whole_root = paths.is_empty() || asked.iter().any(String::is_empty);
    for path in &asked {
        if !whole_root && !files.iter().any(|(label, _)| is_within(label, path)) {
            let place = Place { file: Arc::from(path.as_str()), line: 0, column: 0, length: 0 };
            reading.findings.push(Finding::error("there are no manifests here", place));
        }
    }
    let contents = in_parallel(files.len(), threads(), |index| match over.get(&files[index].0) {
        Some(text) => Ok(text.clone().into_bytes()),
        None => read_bytes(&files[index].1, limits),
    });
    for ((label, _), content) in files.into_iter().zip(contents) {
        let in_subject = whole_root || asked.iter().any(|asked| is_within(&label, asked));
        match content {
            Ok(bytes) => reading.take(&label, bytes, in_subject),
            Err(because) => reading.refuse(&label, because),
        }
    }
    reading.finish(whole_root, asked)
}

/// Whether a path relative to a root, with `/` between segments, is one that [`read`] takes.
pub fn is_manifest(path: &str) -> bool {
    path != FILE_NAME
        && (path.ends_with(".yaml") || path.ends_with(".yml"))
        && !path.split('/').any(|segment| segment.starts_with('.'))
}

/// One object of a cluster, as text.
#[derive(Clone, Debug)]
pub struct ObjectText {
    /// What to call it in findings: unique among all that are read together.
    pub label: String,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// `apiVersion`, `kind`, `metadata.name` and `spec` as JSON or YAML.
    pub text: Arc<str>,
}

/// Takes the objects of one namespace of a cluster, all of them.
pub fn read_objects(objects: &[ObjectText]) -> Documents {
    let limits = Limits::default();
    let mut reading =
        Reading { limits: &limits, files: Vec::new(), findings: Vec::new(), unreadable: Vec::new() };
    let files =
        objects.iter().map(|one| Arc::new(File::of_object(&one.label, &one.namespace, one.text.clone())));
    reading.files = files.collect();
    reading.finish(true, Vec::new())
}

/// Takes texts instead of files, such as those of a commit; `whole_root` says whether they are everything.
pub fn read_texts(texts: Vec<(String, Vec<u8>)>, whole_root: bool) -> Documents {
    read_texts_within(texts, whole_root, &Limits::default())
}

pub(crate) fn read_texts_within(
    texts: Vec<(String, Vec<u8>)>,
    whole_root: bool,
    limits: &Limits,
) -> Documents {
    let mut texts = texts;
    texts.sort_by(|one, other| one.0.cmp(&other.0));
    let mut reading = Reading { limits, files: Vec::new(), findings: Vec::new(), unreadable: Vec::new() };
    for (label, bytes) in texts {
        if bytes.len() as u64 > limits.file_bytes {
            reading.refuse(&label, too_large(bytes.len() as u64, limits));
        } else {
            reading.take(&label, bytes, true);
        }
    }
    let asked =
        if whole_root { Vec::new() } else { reading.files.iter().map(|f| f.path.to_string()).collect() };
    reading.finish(whole_root, asked)
}

struct Reading<'a> {
    limits: &'a Limits,
    files: Vec<Arc<File>>,
    findings: Vec<Finding>,
    unreadable: Vec<String>,
}

impl Reading<'_> {
    fn refuse(&mut self, label: &str, because: impl Into<String>) {
        let place = Place { file: Arc::from(label), line: 0, column: 0, length: 0 };
        self.findings.push(Finding::error(because, place));
        self.unreadable.push(label.to_owned());
    }

    fn take(&mut self, label: &str, bytes: Vec<u8>, in_subject: bool) {
        match text_of(bytes) {
            Ok(text) => self.files.push(Arc::new(File::new(label, text, in_subject))),
            Err(Fault { text, span, said, hint }) => {
                let file = File::unreadable(label, text, in_subject);
                self.findings.push(Finding::error(said, file.place(span)).hint(hint));
                self.unreadable.push(label.to_owned());
                self.files.push(Arc::new(file));
            }
        }
    }

    fn finish(self, whole_root: bool, asked: Vec<String>) -> Documents {
        let Self { limits, files, mut findings, mut unreadable } = self;
        let Loaded { mut documents, findings: more, unreadable: parts } = load_files(&files, limits);
        findings.extend(more);
        unreadable.extend(parts);
        if let Some(first_over) = documents.get(limits.documents) {
            let said = format!("more than {} documents; the rest was not read", limits.documents);
            let place = first_over.file.place(first_over.node.span);
            unreadable.push(format!("{}:{}", place.file, place.line));
            findings.push(Finding::error(said, place));
            documents.truncate(limits.documents);
        }
        Documents { files, documents, findings, whole_root, asked, unreadable }
    }
}

/// Why bytes are not the text of a manifest.
struct Fault {
    /// The text as far as it can be shown.
    text: Arc<str>,
    span: Span,
    said: String,
    hint: &'static str,
}

/// The text without the byte order mark that it may start with.
fn text_of(bytes: Vec<u8>) -> Result<Arc<str>, Fault> {
    const MARK: char = '\u{feff}';
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let said = format!("this is not UTF-8: the byte 0x{:02x}", bytes.get(at).copied().unwrap_or(0));
            let text = Arc::from(String::from_utf8_lossy(&bytes));
            return Err(Fault { text, span: span(at, 1), said, hint: "save the file as UTF-8." });
        }
    };
    let text: Arc<str> = Arc::from(text.strip_prefix(MARK).unwrap_or(&text));
    match text.find(MARK) {
        None => Ok(text),
        Some(at) => Err(Fault {
            text,
            span: span(at, MARK.len_utf8()),
            said: "a byte order mark stands inside of the file".to_owned(),
            hint: "it can't be seen; two files were probably joined. Delete it.",
        }),
    }
}

fn span(at: usize, length: usize) -> Span {
    Span { start: narrow(at), end: narrow(at + length) }
}

fn read_bytes(path: &Path, limits: &Limits) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("this file could not be read: {error}");
    let file = fs::File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size > limits.file_bytes {
        return Err(too_large(size, limits));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // It may grow while it is read.
    file.take(limits.file_bytes + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limits.file_bytes {
        return Err(too_large(bytes.len() as u64, limits));
    }
    Ok(bytes)
}

fn too_large(size: u64, limits: &Limits) -> String {
    format!("this file has {size} bytes and was not read; the limit is {}", limits.file_bytes)
}

/// A path relative to the root; empty for the root itself.
fn relative(root: &Path, path: &Path) -> Result<String, String> {
    let shown = quoted(&path.to_string_lossy());
    let path = path.canonicalize().map_err(|error| format!("{shown} could not be read: {error}"))?;
    path.strip_prefix(root)
        .map(label)
        .map_err(|_| format!("{shown} is outside of the root {}", quoted(&root.to_string_lossy())))
}

fn is_within(label: &str, asked: &str) -> bool {
    label == asked || label.strip_prefix(asked).is_some_and(|rest| rest.starts_with('/'))
}

fn label(path: &Path) -> String {
    let parts = path.components().filter_map(|component| match component {
        Component::Normal(part) => Some(part.to_string_lossy()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

struct FolderWalk {
    root: PathBuf,
    /// What was seen, by its real path: links can't make a loop or read a file twice.
    seen: HashSet<PathBuf>,
    links: Vec<(String, PathBuf)>,
    files: Vec<(String, PathBuf)>,
    findings: Vec<Finding>,
    unreadable: Vec<String>,
}

impl FolderWalk {
    fn new(root: &Path) -> Self {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        Self {
            root,
            seen: HashSet::new(),
            links: Vec::new(),
            files: Vec::new(),
            findings: Vec::new(),
            unreadable: Vec::new(),
        }
    }

    fn run(&mut self) {
        let root = self.root.clone();
        self.folder("", &root);
        // Links come last: what is there by itself keeps its own path.
        while let Some((label, path)) = self.links.pop() {
            match path.canonicalize() {
                Err(error) => self.refuse(&label, format!("this link leads nowhere: {error}")),
                Ok(real) if !real.starts_with(&self.root) => {
                    self.refuse(&label, "this link leads out of the root and was not followed");
                }
                Ok(real) if real.is_dir() => self.folder(&label, &real),
                Ok(real) => self.file(&label, real),
            }
        }
    }

    fn folder(&mut self, label: &str, path: &Path) {
        if !self.seen.insert(path.to_owned()) {
            return;
        }
        if !label.is_empty() && path.join(FILE_NAME).exists() {
            self.refuse(label, "this folder is a root of its own and was not read");
            return;
        }
        let shown = if label.is_empty() { "." } else { label };
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.refuse(shown, format!("this folder could not be read: {error}")),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    return self.refuse(shown, format!("this folder could not be read whole: {error}"));
                }
            };
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            let label = if label.is_empty() { name.to_string() } else { format!("{label}/{name}") };
            match entry.file_type() {
                Ok(kind) if kind.is_symlink() => self.links.push((label, entry.path())),
                Ok(kind) if kind.is_dir() => self.folder(&label, &entry.path()),
                Ok(_) => self.file(&label, entry.path()),
                Err(error) => self.refuse(&label, format!("this could not be read: {error}")),
            }
        }
    }

    fn file(&mut self, label: &str, path: PathBuf) {
        if is_manifest(label) && path.is_file() && self.seen.insert(path.clone()) {
            self.files.push((label.to_owned(), path));
        }
    }

    fn refuse(&mut self, label: &str, because: impl Into<String>) {
        let place = Place { file: Arc::from(label), line: 0, column: 0, length: 0 };
        self.findings.push(Finding::error(because, place));
        self.unreadable.push(label.to_owned());
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
