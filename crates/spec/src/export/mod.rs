//! Manifests from what there is: the reverse of reading and resolving. Pure.
//!
//! [`export`] writes the accounts, roles and memberships of a [`World`] as files, laid out as a person would:
//! `accounts/` by branch of the tree, `roles/` by the account that owns them, `people/` one by one. What is
//! declared already ([`Known`]) is left alone. The same world gives the same bytes, and what it names, it names
//! by what is at the provider, so that it reads back as it is there. What can't be declared is in
//! [`Export::left_out`], and stays as it is.
//!
//! Read `names` for how names are made, then the file of a kind.

mod accounts;
mod names;
mod people;
mod roles;
mod seats;
pub(crate) mod text;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use orgform_model::{
    AccountId, Email, Fields, ObjectKind, PersonId, Place, ProviderName, RoleId, Semantics, World,
};

use names::Names;
use tree::Tree;

/// What is written, and how.
pub struct Source<'a> {
    /// The provider.
    pub provider: &'a ProviderName,
    /// How it behaves.
    pub semantics: &'a Semantics,
    /// What there is. Accounts that were not looked into are written without what is in them.
    pub world: &'a World,
    /// What is declared already.
    pub known: &'a Known,
    /// The fields of a role in the fewest words that mean the same to the provider.
    pub fewest: &'a dyn Fn(&Fields) -> Fields,
    /// Accounts and roles that can only be resolved, never written, and why, as a clause.
    pub only_resolved: &'a OnlyResolved,
    /// The folder to write to, relative to the root; empty for the root itself.
    pub folder: &'a str,
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// What is declared already, by what it is at the provider.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Names of declared accounts.
    pub accounts: BTreeMap<AccountId, Arc<str>>,
    /// Names of declared roles.
    pub roles: BTreeMap<RoleId, Arc<str>>,
    /// People bound by `identities`.
    pub people: BTreeMap<PersonId, Email>,
    /// Declared people, and where.
    pub emails: BTreeMap<Email, Place>,
    /// Declared memberships.
    pub memberships: BTreeSet<(AccountId, Email)>,
    /// People who are declared absent.
    pub offboarded: BTreeSet<Email>,
    /// Names that objects have, of any provider.
    pub names: BTreeMap<ObjectKind, BTreeSet<Arc<str>>>,
    /// Files that exist, relative to the root.
    pub files: BTreeSet<String>,
}

/// Accounts and roles that can only be resolved, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnlyResolved {
    /// Accounts.
    pub accounts: BTreeMap<AccountId, String>,
    /// Roles.
    pub roles: BTreeMap<RoleId, String>,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Export {
    /// Texts by path, relative to the root. None of the paths existed.
    pub files: BTreeMap<String, String>,
    /// Accounts that were written, by name.
    pub accounts: BTreeMap<Arc<str>, AccountId>,
    /// Roles that were written, by name.
    pub roles: BTreeMap<Arc<str>, RoleId>,
    /// People who were written.
    pub people: usize,
    /// Memberships that were written.
    pub memberships: usize,
    /// Of those, invites that wait.
    pub invites: usize,
    /// People who were written with an id, because their e-mail can't be told.
    pub unreadable: usize,
    /// What could not be declared, and stays as it is.
    pub left_out: Vec<LeftOut>,
}

/// Something that stays as it is and is not declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// What: `ada@acme.example in acme/lab`.
    pub what: String,
    /// Why, as a clause.
    pub because: String,
}

/// Writes what is not declared yet.
pub fn export(source: &Source<'_>) -> Export {
    let mut run = Run::new(source);
    accounts::write(&mut run);
    roles::write(&mut run);
    people::write(&mut run);
    run.finish()
}

/// What the steps share.
struct Run<'a> {
    source: &'a Source<'a>,
    tree: Tree<'a>,
    names: Names,
    files: Files,
    export: Export,
    /// Names of all accounts that can be referred to.
    account_names: BTreeMap<&'a AccountId, Arc<str>>,
    /// Names of all roles that can be given.
    role_names: BTreeMap<&'a RoleId, Arc<str>>,
}

impl<'a> Run<'a> {
    fn new(source: &'a Source<'a>) -> Self {
        let tree = Tree::new(source.world, source.semantics);
        let names = Names::new(&source.known.names);
        let files = Files::new(source.folder, &source.known.files);
        Self {
            source,
            tree,
            names,
            files,
            export: Export::default(),
            account_names: BTreeMap::new(),
            role_names: BTreeMap::new(),
        }
    }

    fn leave_out(&mut self, what: impl Into<String>, because: impl Into<String>) {
        self.export.left_out.push(LeftOut { what: what.into(), because: because.into() });
    }

    /// How an account is shown: its names from the top.
    fn path(&self, id: &AccountId) -> String {
        let mut names: Vec<&str> =
            self.tree.lineage(id).filter_map(|id| self.account_names.get(id)).map(|name| &**name).collect();
        names.reverse();
        if names.is_empty() { id.to_string() } else { names.join("/") }
    }

    fn finish(self) -> Export {
        let mut export = self.export;
        export.left_out.sort();
        export.left_out.dedup();
        Export { files: self.files.texts(), ..export }
    }
}

/// The files that are written, none of which is there.
struct Files {
    folder: String,
    there: BTreeSet<String>,
    written: BTreeMap<String, (String, Vec<String>)>,
}

impl Files {
    fn new(folder: &str, there: &BTreeSet<String>) -> Self {
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Self { folder, there: there.clone(), written: BTreeMap::new() }
    }

    /// Adds a document to the file of this path, or of the next free one like it.
    fn add(&mut self, path: &str, document: String) {
        let wanted = format!("{}{path}", self.folder);
        let (path, there) = (format!("{wanted}.yaml"), &self.there);
        let free = || {
            let numbered = (2..).map(|number| format!("{wanted}-{number}.yaml"));
            std::iter::once(path).chain(numbered).find(|path| !there.contains(path)).unwrap_or_default()
        };
        let (_, documents) = self.written.entry(wanted.clone()).or_insert_with(|| (free(), Vec::new()));
        documents.push(document);
    }

    /// Whether there is a file of this path already.
    fn is_there(&self, path: &str) -> bool {
        self.there.contains(&format!("{}{path}.yaml", self.folder))
    }

    fn texts(self) -> BTreeMap<String, String> {
        self.written.into_values().map(|(path, documents)| (path, documents.join("---\n"))).collect()
    }
}
