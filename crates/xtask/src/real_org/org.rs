//! The organization as manifests: read from `examples/real-org/real-org.json`, edited, and written as YAML.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::run;

/// The name of the account that exists already and is adopted.
pub(crate) const ROOT: &str = "Federation";

#[derive(Deserialize)]
struct Source {
    orgs: BTreeMap<String, SourceOrg>,
}

#[derive(Deserialize)]
struct SourceOrg {
    #[serde(default)]
    admins: Vec<String>,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    teams: BTreeMap<String, SourceTeam>,
}

#[derive(Deserialize)]
struct SourceTeam {
    #[serde(default)]
    maintainers: Vec<String>,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    teams: BTreeMap<String, SourceTeam>,
}

/// An organization or a team.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) parent: String,
    pub(crate) display_name: String,
}

/// A declared role.
#[derive(Clone)]
pub(crate) struct Role {
    pub(crate) display_name: String,
    pub(crate) permissions: Vec<(&'static str, &'static [&'static str])>,
}

/// Everything that is declared.
#[derive(Clone, Default)]
pub(crate) struct Org {
    /// By `metadata.name`; the root account is not among them.
    pub(crate) accounts: BTreeMap<String, Account>,
    /// By `metadata.name`; all belong to the root account.
    pub(crate) roles: BTreeMap<String, Role>,
    /// Person → account → role.
    pub(crate) people: BTreeMap<String, BTreeMap<String, String>>,
}

impl Org {
    /// Reads the data of the example.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = run::root().join("examples/real-org/real-org.json");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        let source: Source = serde_json::from_str(&text)?;
        let mut org = Self::default();
        org.roles.insert(
            "member".into(),
            Role { display_name: "Member".into(), permissions: vec![("networks", &["read"])] },
        );
        org.roles.insert(
            "maintainer".into(),
            Role {
                display_name: "Maintainer".into(),
                permissions: vec![("networks", &["create", "read", "update"]), ("members", &["read"])],
            },
        );
        for (name, one) in source.orgs {
            let account = org.add_account("federation", &name, &slug(&name));
            org.seat(&account, &one.members, "member");
            org.seat(&account, &one.admins, "admin");
            org.add_teams(&account, &slug(&name), one.teams);
        }
        Ok(org)
    }

    /// How many memberships there are.
    pub(crate) fn memberships(&self) -> usize {
        self.people.values().map(BTreeMap::len).sum()
    }

    /// Who is in an account with a role other than admin.
    pub(crate) fn members_of(&self, account: &str) -> Vec<String> {
        let is = |seats: &BTreeMap<String, String>| seats.get(account).is_some_and(|role| role != "admin");
        self.people.iter().filter(|(_, seats)| is(seats)).map(|(person, _)| person.clone()).collect()
    }

    fn add_teams(&mut self, parent: &str, org: &str, teams: BTreeMap<String, SourceTeam>) {
        for (name, team) in teams {
            let account = self.add_account(parent, &name, &format!("{org}.{}", slug(&name)));
            self.seat(&account, &team.members, "member");
            self.seat(&account, &team.maintainers, "maintainer");
            self.add_teams(&account, org, team.teams);
        }
    }

    /// Adds an account under a name that is not taken.
    pub(crate) fn add_account(&mut self, parent: &str, display_name: &str, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 2;
        while self.accounts.contains_key(&name) {
            name = format!("{wanted}-{number}");
            number += 1;
        }
        let account = Account { parent: parent.to_owned(), display_name: display_name.to_owned() };
        self.accounts.insert(name.clone(), account);
        name
    }

    fn seat(&mut self, account: &str, people: &[String], role: &str) {
        for person in people {
            self.people.entry(person.clone()).or_default().insert(account.to_owned(), role.to_owned());
        }
    }

    /// Writes what differs from what was written before.
    pub(crate) fn write(
        &self,
        root: &Path,
        before: Option<&BTreeMap<String, String>>,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let files = self.files();
        let empty = BTreeMap::new();
        let before = before.unwrap_or(&empty);
        for (name, text) in files.iter().filter(|(name, text)| before.get(*name) != Some(text)) {
            let path = root.join(name);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))?;
        }
        for name in before.keys().filter(|name| !files.contains_key(*name)) {
            std::fs::remove_file(root.join(name))?;
        }
        Ok(files)
    }

    fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut roles = String::new();
        for (name, role) in &self.roles {
            let permissions: String = role
                .permissions
                .iter()
                .map(|(resource, actions)| {
                    format!("    - {{ resources: [{resource}], actions: [{}] }}\n", actions.join(", "))
                })
                .collect();
            roles += &document(
                "Role",
                name,
                &format!(
                    "  accountRef: {{ name: federation }}\n  displayName: {}\n  permissions:\n{permissions}",
                    role.display_name
                ),
            );
        }
        files.insert("roles.yaml".into(), roles);
        let mut by_org: BTreeMap<&str, String> = BTreeMap::new();
        for (name, account) in &self.accounts {
            let org = name.split('.').next().unwrap_or(name);
            *by_org.entry(org).or_default() += &document(
                "Account",
                name,
                &format!(
                    "  parentRef: {{ name: {} }}\n  displayName: {:?}\n",
                    account.parent, account.display_name
                ),
            );
        }
        for (org, text) in by_org {
            files.insert(format!("accounts/{org}.yaml"), text);
        }
        for (person, seats) in &self.people {
            files.insert(format!("people/{person}.yaml"), member(person, seats));
        }
        files
    }

    /// Distinct people who hold a role somewhere.
    pub(crate) fn holders(&self, role: &str) -> usize {
        self.people.values().filter(|seats| seats.values().any(|held| held == role)).count()
    }

    /// People who are an admin somewhere: the commits leave them alone.
    pub(crate) fn admins(&self) -> BTreeSet<String> {
        let is = |seats: &BTreeMap<String, String>| seats.values().any(|role| role == "admin");
        self.people.iter().filter(|(_, seats)| is(seats)).map(|(person, _)| person.clone()).collect()
    }
}

fn member(person: &str, seats: &BTreeMap<String, String>) -> String {
    let mut memberships = String::new();
    for (account, role) in seats {
        let _ = writeln!(memberships, "    - {{ accountRef: {{ name: {account} }}, roles: [{role}] }}");
    }
    document("Member", person, &format!("  email: {person}@people.example\n  memberships:\n{memberships}"))
}

fn document(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: orgform.dev/v1alpha1\nkind: {kind}\nmetadata: {{ name: {name} }}\nspec:\n{spec}"
    )
}

/// A name that Kubernetes would take.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let slug: String = lower.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).collect();
    slug.trim_matches('-').to_owned()
}
