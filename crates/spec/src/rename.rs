//! Edits manifests in place: exactly the spans that change, everything else byte for byte as it was.
//!
//! Pure: texts in, texts out. The only edit so far is the one that a person's new e-mail at a provider asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use orgform_model::{Email, ObjectKind, Place, ProviderName, Severity};

use crate::export::text::{in_quotes, scalar};
use crate::read::{Document, Documents, read_texts};
use crate::source::File;
use crate::validate::validate;
use crate::yaml::{Node, Value};

/// A person whom a provider knows by another e-mail now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Renaming {
    /// The provider.
    pub provider: ProviderName,
    /// The declared e-mail.
    pub from: Email,
    /// The e-mail at the provider.
    pub to: Email,
}

/// Texts that were edited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Edited {
    /// The whole text of each file that changes, by path.
    pub texts: BTreeMap<Arc<str>, String>,
    /// What was edited, by file and line.
    pub places: Vec<Place>,
}

/// Why nothing was edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEdited {
    /// It is written in a way that can't be edited in place.
    #[error("{0}: the e-mail is written in a way that can't be edited in place")]
    Form(Place),
    /// The edited text would not read as it should.
    #[error("the edited text would not read as it should")]
    Misread,
}

/// Renames these people: in their Members, and in `runsAs` and `safety` of the Provider.
///
/// # Errors
/// When one of them can't be edited in place; then nothing is.
pub fn rename_people(documents: &Documents, renamings: &BTreeSet<Renaming>) -> Result<Edited, NotEdited> {
    let mut edits: BTreeMap<Arc<str>, BTreeMap<usize, Edit>> = BTreeMap::new();
    let mut places = Vec::new();
    for document in documents.documents.iter().filter(|document| !document.broken) {
        for (node, renaming) in named_in(document, renamings) {
            let edit = Edit::of(&document.file, node, &renaming.to)?;
            let of_file = edits.entry(document.file.path.clone()).or_default();
            if of_file.insert(edit.span.start, edit).is_none() {
                places.push(document.file.place(node.span));
            }
        }
    }
    let mut texts = BTreeMap::new();
    for (path, edits) in edits {
        let Some(file) = documents.files.iter().find(|file| file.path == path) else { continue };
        let mut text = file.text.to_string();
        // From the end, so that what is before stays where it is.
        for edit in edits.into_values().rev() {
            text.replace_range(edit.span, &edit.text);
        }
        texts.insert(path, text);
    }
    check(documents, &texts, renamings)?;
    Ok(Edited { texts, places })
}

struct Edit {
    span: Range<usize>,
    text: String,
}

impl Edit {
    /// Puts an e-mail in the place of another, quoted as that one is.
    fn of(file: &File, node: &Node, to: &Email) -> Result<Self, NotEdited> {
        let Value::Scalar { text: read, .. } = &node.value else {
            return Err(NotEdited::Form(file.place(node.span)));
        };
        let span = node.span.start as usize..node.span.end as usize;
        let written = file.text.get(span.clone()).unwrap_or_default();
        let trimmed = written.trim_end();
        let span = span.start..span.start + trimmed.len();
        let within = |quote: char| {
            trimmed
                .strip_prefix(quote)
                .and_then(|rest| rest.strip_suffix(quote))
                .is_some_and(|it| *it == **read)
        };
        let text = if within('"') {
            in_quotes(to.written())
        } else if within('\'') {
            format!("'{}'", to.written().replace('\'', "''"))
        } else if *trimmed == **read {
            scalar(to.written())
        } else {
            return Err(NotEdited::Form(file.place(node.span)));
        };
        Ok(Self { span, text })
    }
}

/// The e-mails of renamed people that a document holds as such.
fn named_in<'d, 'r>(
    document: &'d Document,
    renamings: &'r BTreeSet<Renaming>,
) -> Vec<(&'d Node, &'r Renaming)> {
    let text = |node: Option<&'d Node>| match node.map(|node| &node.value) {
        Some(Value::Scalar { text, .. }) => &**text,
        _ => "",
    };
    let kind = text(document.node.get("kind"));
    let name = text(document.node.get("metadata").and_then(|metadata| metadata.get("name")));
    let Some(spec) = document.node.get("spec") else { return Vec::new() };
    let of_provider = |renaming: &&Renaming| renaming.provider.as_str() == name;
    if kind == ObjectKind::Member.as_str() {
        let email = spec.get("email").into_iter().collect();
        matching(email, renamings.iter())
    } else if kind == ObjectKind::Provider.as_str() {
        let safety = spec.get("safety");
        let required = safety.and_then(|safety| safety.get("admins")?.get("required"));
        let protected = safety.and_then(|safety| safety.get("protected"));
        let mut emails: Vec<&Node> = spec.get("runsAs").into_iter().collect();
        for list in [required, protected].into_iter().flatten() {
            if let Value::List(items) = &list.value {
                emails.extend(items);
            }
        }
        matching(emails, renamings.iter().filter(of_provider))
    } else {
        Vec::new()
    }
}

fn matching<'d, 'r>(
    emails: Vec<&'d Node>,
    renamings: impl Iterator<Item = &'r Renaming> + Clone,
) -> Vec<(&'d Node, &'r Renaming)> {
    let renaming = |node: &Node| match &node.value {
        Value::Scalar { text, .. } => renamings.clone().find(|one| one.from == Email::new(text)),
        _ => None,
    };
    emails.into_iter().filter_map(|node| Some((node, renaming(node)?))).collect()
}

/// Reads the result: the same objects, the same people but for who was renamed, and no new error.
fn check(
    documents: &Documents,
    texts: &BTreeMap<Arc<str>, String>,
    renamings: &BTreeSet<Renaming>,
) -> Result<(), NotEdited> {
    let edited = documents.files.iter().map(|file| {
        let text = texts.get(&file.path).map_or(&*file.text, String::as_str);
        (file.path.to_string(), text.as_bytes().to_vec())
    });
    let edited = read_texts(edited.collect(), documents.whole_root);
    let (before, after) = (validate(documents), validate(&edited));
    let errors = |of_texts: &Documents, findings: &[orgform_model::Finding]| {
        let all = of_texts.findings.iter().chain(findings);
        all.filter(|finding| finding.severity == Severity::Error).count()
    };
    let renamed = |email: &Email| {
        renamings.iter().find(|one| one.from == *email).map_or_else(|| email.clone(), |one| one.to.clone())
    };
    let emails = |manifest: &crate::Manifest| -> Vec<(Arc<str>, Option<Email>)> {
        let objects = manifest.members.iter();
        objects
            .map(|one| (one.name.value.clone(), one.spec.email.as_ref().map(|email| email.value.clone())))
            .collect()
    };
    let wanted: Vec<_> = emails(&before.value)
        .into_iter()
        .zip(&before.value.members)
        .map(|((name, email), one)| {
            (name, email.map(|email| if one.broken { email } else { renamed(&email) }))
        })
        .collect();
    let same_errors = errors(documents, &before.findings) >= errors(&edited, &after.findings);
    if same_errors && wanted == emails(&after.value) { Ok(()) } else { Err(NotEdited::Misread) }
}
