//! Documents become typed objects; everything wrong with one by itself is told.
//!
//! Pure. What is wrong between objects is told by [`crate::resolve`].

mod account;
mod api_key;
pub(crate) mod fields;
mod member;
pub(crate) mod provider;
mod role;

use std::sync::Arc;

use orgform_model::Email;

use crate::manifest::{At, Manifest, Object};
use crate::names::{name_fault, quoted};
use crate::near::did_you_mean;
use crate::read::{Document, Documents, ObjectText, read_objects};
use crate::walk::{Fields, Walk};
use crate::yaml::{Entry, Node, Value};
use crate::{API_VERSION, Checked};

/// How many objects of a cluster are read before they are typed.
const AT_A_TIME: usize = 1000;

const KINDS: &[&str] = &["Provider", "Account", "Role", "Member", "ApiKey"];

/// Types every document. The findings of [`Documents`] are not repeated.
pub fn validate(documents: &Documents) -> Checked<Manifest> {
    let mut manifest = Manifest {
        whole_root: documents.whole_root,
        asked: documents.asked.clone(),
        gaps: documents.unreadable.clone(),
        ..Manifest::default()
    };
    let mut findings = Vec::new();
    for document in &documents.documents {
        let mut walk = Walk::new(&document.file);
        validate_document(&mut walk, document, &mut manifest);
        walk.findings.sort_by(|one, other| one.places.cmp(&other.places));
        findings.append(&mut walk.findings);
    }
    Checked { value: manifest, findings }
}

/// Reads and types the objects of one namespace of a cluster, all of them; with the findings of both. What is read takes several
/// times as much memory as what it means, so it is done for some at a time.
pub fn validate_objects(objects: &[ObjectText]) -> Checked<Manifest> {
    let mut all =
        Checked { value: Manifest { whole_root: true, ..Manifest::default() }, findings: Vec::new() };
    for some in objects.chunks(AT_A_TIME) {
        let mut documents = read_objects(some);
        all.findings.append(&mut documents.findings);
        let Checked { value, mut findings } = validate(&documents);
        all.value.append(value);
        all.findings.append(&mut findings);
    }
    all
}

fn validate_document(walk: &mut Walk<'_>, document: &Document, manifest: &mut Manifest) {
    let node = &document.node;
    let gap = |manifest: &mut Manifest| {
        let place = document.file.place(node.span);
        manifest.gaps.push(format!("{}:{}", place.file, place.line));
    };
    if document.again.iter().any(|again| !is_known_email(again, manifest)) {
        gap(manifest);
    }
    let Some(top) = walk.fields(node, fields::DOCUMENT) else { return gap(manifest) };
    if top.get("apiVersion").is_none() && top.get("kind").is_none() {
        walk.error(node.span, "this is not an object of orgform").hint =
            Some(format!("it starts with `apiVersion: {API_VERSION}` and a `kind`."));
        return gap(manifest);
    }
    api_version(walk, &top);
    let kind = kind(walk, &top);
    let name = walk.need(&top, "metadata", metadata);
    let spec = top.get("spec").filter(|spec| !spec.is_null());
    match kind {
        Some(kind) => {
            let read = Read { walk, top: &top, spec, document, name };
            let nameless = match kind {
                "Provider" => read.object(&mut manifest.providers, provider::provider).is_some(),
                "Account" => read.object(&mut manifest.accounts, account::account).is_some(),
                "Role" => read.object(&mut manifest.roles, role::role).is_some(),
                "ApiKey" => read.object(&mut manifest.api_keys, api_key::api_key).is_some(),
                _ => match read.object(&mut manifest.members, member::member) {
                    Some(member) => {
                        manifest.nameless_people.extend(member.email.map(|email| email.value));
                        true
                    }
                    None => false,
                },
            };
            if nameless {
                gap(manifest);
            }
        }
        None => {
            manifest.nameless_people.extend(readable_email(spec));
            gap(manifest);
        }
    }
}

/// One document on its way to an object.
struct Read<'w, 'f, 'n> {
    walk: &'w mut Walk<'f>,
    top: &'w Fields<'n>,
    spec: Option<&'n Node>,
    document: &'w Document,
    name: Option<At<Arc<str>>>,
}

impl<'f, 'n> Read<'_, 'f, 'n> {
    /// Adds the object; gives its content back if it has no usable name.
    fn object<T: Default>(
        self,
        objects: &mut Vec<Object<T>>,
        content: impl FnOnce(&mut Walk<'f>, &'n Node) -> Option<T>,
    ) -> Option<T> {
        let Self { walk, top, spec, document, name } = self;
        let spec = match spec {
            Some(_) => walk.opt(top, "spec", content).unwrap_or_default(),
            None => {
                walk.error(top.key_span("spec"), "the object needs a `spec`");
                T::default()
            }
        };
        let Some(name) = name else { return Some(spec) };
        let broken = document.broken || walk.has_errors();
        objects.push(Object { name, file: document.file.clone(), broken, spec });
        None
    }
}

fn api_version(walk: &mut Walk<'_>, top: &Fields<'_>) {
    walk.need(top, "apiVersion", |walk, node| {
        let version = walk.str(node)?;
        if version != API_VERSION {
            let said = format!("the apiVersion {} is not known", quoted(version));
            walk.error(node.span, said).hint = Some(format!("this version reads `{API_VERSION}`."));
        }
        Some(())
    });
}

fn kind(walk: &mut Walk<'_>, top: &Fields<'_>) -> Option<&'static str> {
    walk.need(top, "kind", |walk, node| {
        let written = walk.str(node)?;
        let known = KINDS.iter().copied().find(|kind| *kind == written);
        if known.is_none() {
            let said = format!("the kind {} is not known", quoted(written));
            let hint = did_you_mean(written, KINDS.iter().copied())
                .unwrap_or_else(|| format!("known are {}.", KINDS.join(", ")));
            walk.error(node.span, said).hint = Some(hint);
        }
        known
    })
}

fn metadata(walk: &mut Walk<'_>, node: &Node) -> Option<At<Arc<str>>> {
    let fields = walk.fields(node, fields::METADATA)?;
    walk.opt(&fields, "namespace", |walk, node| walk.str(node));
    walk.opt(&fields, "labels", fields::text_map);
    walk.opt(&fields, "annotations", fields::text_map);
    walk.need(&fields, "name", name)
}

/// A name of an object.
fn name(walk: &mut Walk<'_>, node: &Node) -> Option<At<Arc<str>>> {
    let name = walk.str(node)?;
    if let Some(fault) = name_fault(name) {
        let said = format!("{} can't be a name", quoted(name));
        walk.error(node.span, said).label = Some(fault.to_owned());
        return None;
    }
    Some(At { value: Arc::from(name), span: node.span })
}

/// Whether what is written again is an e-mail, whose person is then frozen; else nobody knows what it names.
fn is_known_email(again: &Entry, manifest: &mut Manifest) -> bool {
    let email = (&*again.key == "email").then(|| as_email(&again.value)).flatten();
    let known = email.is_some();
    manifest.nameless_people.extend(email);
    known
}

/// The e-mail of something that looks like a Member.
fn readable_email(spec: Option<&Node>) -> Option<Email> {
    as_email(spec?.get("email")?)
}

fn as_email(node: &Node) -> Option<Email> {
    let mut unheard = Walk::new_unheard();
    unheard.email(node).map(|email| email.value)
}

/// A reference to another object: `{ name: … }`.
fn reference(walk: &mut Walk<'_>, node: &Node) -> Option<At<Arc<str>>> {
    let fields = walk.fields(node, fields::REFERENCE)?;
    walk.opt(&fields, "namespace", |walk, node| {
        let named = filled(walk, node)?;
        match &walk.file.namespace {
            None => {
                walk.error(node.span, "`namespace` can be used in a cluster only").hint =
                    Some("objects of files have none: delete it.".to_owned());
            }
            Some(own) if **own != *named.value => {
                walk.error(node.span, "only a membership can name something of another namespace").hint =
                    Some("declare it in the namespace of what it names.".to_owned());
            }
            Some(_) => {}
        }
        Some(())
    });
    walk.need(&fields, "name", name)
}

/// The namespaces that an object opens itself to. It means something in a cluster only, and does no harm in files.
fn allowed_namespaces(walk: &mut Walk<'_>, fields: &Fields<'_>) {
    walk.opt(fields, "allowedNamespaces", |walk, node| {
        walk.list(node, |walk, node| {
            let fields = walk.fields(node, fields::ALLOWED_NAMESPACE)?;
            walk.need(&fields, "name", filled);
            walk.opt(&fields, "roles", |walk, node| walk.list(node, filled));
            Some(())
        })
    });
}

/// A text that is not empty.
fn filled(walk: &mut Walk<'_>, node: &Node) -> Option<At<String>> {
    let text = walk.text(node)?;
    if text.value.trim().is_empty() {
        let said = format!("{} can't be empty", walk.here());
        walk.error(node.span, said);
        return None;
    }
    Some(text)
}

/// A list with at least one item that could be read; an empty one is told.
fn not_empty<'n, T>(
    walk: &mut Walk<'_>,
    node: &'n Node,
    read: impl FnMut(&mut Walk<'_>, &'n Node) -> Option<T>,
) -> Option<Vec<T>> {
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        let said = format!("{} is an empty list", walk.here());
        walk.error(node.span, said).hint =
            Some("name at least one; where nothing is meant, take out what it stands in.".to_owned());
    }
    walk.list(node, read).filter(|items| !items.is_empty())
}
