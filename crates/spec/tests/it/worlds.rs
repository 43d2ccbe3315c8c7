//! What the stories start from: two providers and a small root.

use orgform_model::semantics::{
    AccountSemantics, AdminRight, ApiKeySemantics, Combine, FieldRule, FixedRole, Level, RoleSemantics, Rule,
    Semantics, Shape,
};
use orgform_model::{Finding, Severity};
use orgform_spec::{Documents, Resolved, read_texts, resolve, validate};

const fn field(name: &'static str, shape: Shape) -> FieldRule {
    FieldRule { name, title: name, shape, rule: Rule::Plain, max: None, own_call: false }
}

/// A tree of accounts, inherited roles, several roles for each member.
pub(crate) static TREE: Semantics = Semantics {
    kind: "pureport",
    title: "Pureport",
    accounts: AccountSemantics {
        tree: true,
        below_listed: true,
        mails_everyone: None,
        removal: None,
        top_level_creatable: false,
        natural_key: "displayName",
        natural_key_unique: false,
        fields: &[
            field("displayName", Shape::Text),
            field("description", Shape::Text),
            field("tags", Shape::Map),
            field("technicalContacts", Shape::Set),
            field("consent", Shape::Text),
        ],
    },
    roles: RoleSemantics {
        custom: true,
        inherited: true,
        combine: Combine::Union,
        fixed: &[
            FixedRole { name: "admin", title: "Admin", id: None, level: Level::Every },
            FixedRole { name: "read-only", title: "Read only", id: None, level: Level::Every },
        ],
        implied: &[],
        weakest_first: &[],
        natural_key: "displayName",
        fields: &[
            field("displayName", Shape::Text),
            field("description", Shape::Text),
            field("permissions", Shape::Set),
        ],
    },
    admin: AdminRight { fixed: &["admin"], item: Some(("permissions", "all:all")) },
    api_keys: Some(ApiKeySemantics {
        roles: true,
        natural_key: "displayName",
        fields: &[field("displayName", Shape::Text), field("description", Shape::Text)],
    }),
    people: orgform_model::semantics::PersonSemantics::USUAL,
};

/// The opposite: flat, no custom roles, exactly one role for each member, accounts with a name only.
pub(crate) static FLAT: Semantics = Semantics {
    kind: "pureport",
    title: "Flatland",
    accounts: AccountSemantics {
        tree: false,
        below_listed: true,
        mails_everyone: None,
        removal: None,
        top_level_creatable: true,
        natural_key: "displayName",
        natural_key_unique: true,
        fields: &[field("displayName", Shape::Text)],
    },
    roles: RoleSemantics {
        custom: false,
        inherited: false,
        combine: Combine::ExactlyOne,
        fixed: &[
            FixedRole { name: "admin", title: "Admin", id: Some("1"), level: Level::Every },
            FixedRole { name: "user", title: "User", id: Some("2"), level: Level::Every },
        ],
        implied: &[],
        weakest_first: &[],
        natural_key: "displayName",
        fields: &[],
    },
    admin: AdminRight { fixed: &["admin"], item: None },
    api_keys: None,
    people: orgform_model::semantics::PersonSemantics::USUAL,
};

/// Joins documents that lack their `apiVersion`.
pub(crate) fn objects(documents: &[&str]) -> String {
    documents.iter().map(|text| format!("---\napiVersion: orgform.dev/v1alpha1\n{text}\n")).collect()
}

pub(crate) const PROVIDER: &str =
    "kind: Provider\nmetadata: { name: pureport }\nspec: { pureport: { simulator: {} } }";

pub(crate) fn account(name: &str, parent: Option<&str>) -> String {
    let above = match parent {
        Some(parent) => format!("parentRef: {{ name: {parent} }}"),
        None => "providerRef: { name: pureport }".to_owned(),
    };
    format!("kind: Account\nmetadata: {{ name: {name} }}\nspec: {{ {above} }}")
}

pub(crate) fn role(name: &str, account: &str) -> String {
    format!("kind: Role\nmetadata: {{ name: {name} }}\nspec: {{ accountRef: {{ name: {account} }} }}")
}

/// A member; memberships are `account: role role`.
pub(crate) fn member(name: &str, email: &str, memberships: &[&str]) -> String {
    let mut text =
        format!("kind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: {email}\n  memberships:");
    for membership in memberships {
        let (account, roles) = membership.split_once(": ").unwrap();
        let roles = roles.replace(' ', ", ");
        text += &format!("\n    - {{ accountRef: {{ name: {account} }}, roles: [{roles}] }}");
    }
    text
}

/// A provider, acme with finance and lab, a role of acme and one of lab.
pub(crate) fn acme() -> String {
    objects(&[
        PROVIDER,
        &account("acme", None),
        &account("finance", Some("acme")),
        &account("lab", Some("acme")),
        &role("network-operator", "acme"),
        &role("experimenter", "lab"),
    ])
}

pub(crate) fn texts(files: &[(&str, &str)]) -> Documents {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    read_texts(files, true)
}

pub(crate) struct Outcome {
    pub(crate) documents: Documents,
    pub(crate) resolved: Vec<Resolved>,
    pub(crate) findings: Vec<Finding>,
}

impl Outcome {
    pub(crate) fn messages(&self) -> Vec<&str> {
        self.findings.iter().map(|finding| finding.message.as_str()).collect()
    }

    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    pub(crate) fn desired(&self) -> &orgform_model::Desired {
        let [one] = self.resolved.as_slice() else { panic!("one provider expected: {:?}", self.messages()) };
        &one.desired
    }

    pub(crate) fn rendered(&self) -> String {
        orgform_spec::render(&self.findings, &self.documents, false)
    }
}

/// The whole way, with what each step finds.
pub(crate) fn outcome(documents: Documents, semantics: &'static Semantics) -> Outcome {
    let manifest = validate(&documents);
    let resolved = resolve(&manifest.value, &[semantics]);
    let mut findings = documents.findings.clone();
    findings.extend(manifest.findings);
    findings.extend(resolved.findings);
    Outcome { documents, resolved: resolved.value, findings }
}

/// Acme and more documents.
pub(crate) fn acme_with(documents: &[&str]) -> Outcome {
    outcome(texts(&[("acme.yaml", &acme()), ("more.yaml", &objects(documents))]), &TREE)
}
