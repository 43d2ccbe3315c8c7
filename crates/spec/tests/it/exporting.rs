//! Stories of writing manifests: what there is, as a person would declare it, and read back the same.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::invite::InviteStatus;
use orgform_model::semantics::Semantics;
use orgform_model::world::{
    AccountContent, ActualAccount, ActualInvite, ActualMember, ActualRole, PersonSeen, RemovalFacts,
};
use orgform_model::{AccountId, Email, Fields, ObjectKind, Place, RoleId, Value, World};
use orgform_spec::export::{Export, Known, OnlyResolved, Source, export};

use crate::worlds::{FLAT, Outcome, PROVIDER, TREE, objects, outcome, texts};

/// A world that is told in a few words.
#[derive(Default)]
struct Told(World);

impl Told {
    fn account(mut self, id: &str, parent: Option<&str>, name: &str) -> Self {
        let account = ActualAccount {
            parent: parent.map(AccountId::from),
            fields: Fields::from([("displayName".into(), Value::text(name))]),
            removal: RemovalFacts::LOCAL,
        };
        self.0.directory.accounts.insert(id.into(), account);
        let mut content = AccountContent::default();
        let fields = Fields::from([("displayName".into(), Value::text("Admin"))]);
        let admin = ActualRole { fixed: Some("admin"), fields, removal: RemovalFacts::LOCAL };
        content.roles.insert(RoleId::from(format!("{id}-admin")), admin);
        self.0.contents.insert(id.into(), Ok(content));
        self
    }

    fn field(mut self, account: &str, name: &str, value: Value) -> Self {
        let account = self.0.directory.accounts.get_mut(&AccountId::from(account)).unwrap();
        account.fields.insert(name.into(), value);
        self
    }

    fn content(&mut self, account: &str) -> &mut AccountContent {
        self.0.contents.get_mut(&AccountId::from(account)).unwrap().as_mut().unwrap()
    }

    fn role(mut self, account: &str, id: &str, name: &str, cells: &[&str]) -> Self {
        let fields = Fields::from([
            ("displayName".into(), Value::text(name)),
            ("permissions".into(), Value::set(cells.iter().copied())),
        ]);
        let role = ActualRole { fixed: None, fields, removal: RemovalFacts::LOCAL };
        self.content(account).roles.insert(id.into(), role);
        self
    }

    fn member(mut self, account: &str, id: &str, email: Option<&str>, roles: &[&str]) -> Self {
        let member = ActualMember {
            email: email.map(Email::new),
            hint: None,
            roles: roles.iter().map(|&role| role.into()).collect(),
            disabled: false,
            removal: RemovalFacts::LOCAL,
        };
        self.content(account).members.insert(id.into(), member);
        self
    }

    fn hint(mut self, account: &str, id: &str, hint: &str) -> Self {
        self.content(account).members.get_mut(&id.into()).unwrap().hint = Some(hint.to_owned());
        self
    }

    fn invite(mut self, account: &str, email: &str, status: InviteStatus, roles: &[&str]) -> Self {
        let id = format!("invite-{}", self.content(account).invites.len());
        self.content(account).invites.push(ActualInvite {
            id: id.as_str().into(),
            email: Email::new(email),
            roles: roles.iter().map(|&role| role.into()).collect(),
            invited_at: None,
            status,
        });
        self
    }

    fn export_with(&self, known: &Known, only_resolved: &OnlyResolved, semantics: &Semantics) -> Export {
        export(&Source {
            provider: &"pureport".into(),
            semantics,
            world: &self.0,
            known,
            fewest: &Fields::clone,
            only_resolved,
            folder: "",
        })
    }

    fn export(&self) -> Export {
        self.export_with(&Known::default(), &OnlyResolved::default(), &TREE)
    }
}

fn acme() -> Told {
    Told::default().account("ac-1", None, "Acme").account("ac-2", Some("ac-1"), "Lab")
}

fn shown(export: &Export) -> String {
    let files: String = export.files.iter().map(|(path, text)| format!("--> {path}\n{text}\n")).collect();
    let left: String =
        export.left_out.iter().map(|one| format!("left out: {}: {}\n", one.what, one.because)).collect();
    format!("{files}{left}")
}

fn read_back(export: &Export, semantics: &'static Semantics) -> Outcome {
    let provider = objects(&[PROVIDER]);
    let mut all = vec![("provider.yaml", provider.as_str())];
    all.extend(export.files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    outcome(texts(&all), semantics)
}

#[test]
fn a_world_is_written_as_a_person_would() {
    let told = acme()
        .account("ac-3", Some("ac-2"), "Cellar")
        .field("ac-1", "description", Value::text("Networks: all of them"))
        .field("ac-1", "technicalContacts", Value::set(["noc@acme.example", "nobody"]))
        .field("ac-2", "tags", Value::Map([("cost".to_owned(), "0041".to_owned())].into()))
        .role(
            "ac-1",
            "role-1",
            "Network operator",
            &["networks:update", "networks:read", "ports:read", "ports:update"],
        )
        .role("ac-2", "role-2", "Network operator", &[])
        .member("ac-1", "user-1", Some("Ada@acme.example"), &["ac-1-admin", "role-1"])
        .member("ac-3", "user-1", Some("Ada@acme.example"), &["role-2"])
        .member("ac-2", "user-2", None, &["role-1"])
        .hint("ac-2", "user-2", "Ken T\nThompson")
        .invite("ac-2", "tim@acme.example", InviteStatus::Pending, &["role-2"])
        .invite("ac-1", "tim@acme.example", InviteStatus::Expired, &["role-1"])
        .invite("ac-1", "late@acme.example", InviteStatus::Expired, &["role-1"]);
    let export = told.export();
    insta::assert_snapshot!(shown(&export));
    let read = read_back(&export, &TREE);
    assert_eq!(read.errors(), 0, "{}", read.rendered());
    assert_eq!(read.desired().all_memberships().count(), export.memberships);
}

#[test]
fn somebody_who_can_not_be_told_by_email_is_told_by_id() {
    let told = acme()
        .member("ac-1", "user-1", None, &["ac-1-admin"])
        .member("ac-1", "user-2", None, &["ac-1-admin"])
        .hint("ac-1", "user-2", "ada@acme.example")
        .member("ac-1", "user-3", Some("root@localhost"), &["ac-1-admin"])
        .member("ac-1", "user-4", None, &["ac-1-admin"])
        .hint("ac-1", "user-4", "tim@acme.example")
        .invite("ac-2", "tim@acme.example", InviteStatus::Pending, &["ac-1-admin"]);
    let export = told.export();
    insta::assert_snapshot!(shown(&export));
    let read = read_back(&export, &TREE);
    assert_eq!(read.errors(), 0, "{}", read.rendered());
    let bound = read.desired().people.values().filter(|person| person.identity.is_some()).count();
    assert_eq!((bound, export.unreadable), (4, 4));
}

#[test]
fn what_can_not_be_declared_is_left_out_and_told() {
    let told = acme()
        .account("ac-8", Some("ac-9"), "Round")
        .account("ac-9", Some("ac-8"), "And round")
        .role("ac-2", "role-2", "Experimenter", &["networks:read"])
        .member("ac-1", "user-1", Some("idle@acme.example"), &[])
        .member("ac-1", "user-2", Some("odd@acme.example"), &["role-2"])
        .member("ac-1", "user-3", Some("half@acme.example"), &["role-2", "ac-1-admin"])
        .member("ac-2", "user-4", Some("twin@acme.example"), &["role-2"])
        .member("ac-2", "user-5", Some("Twin@acme.example"), &["role-2"])
        .invite("ac-2", "no address", InviteStatus::Pending, &["role-2"])
        .invite("ac-2", "twin@acme.example", InviteStatus::Pending, &["role-2"]);
    let export = told.export();
    insta::assert_snapshot!(shown(&export));
    assert_eq!(read_back(&export, &TREE).errors(), 0);
}

#[test]
fn what_is_somebody_else_s_or_forbidden_is_only_resolved() {
    let told = Told::default()
        .account("ac-1", Some("ac-unseen"), "Branch")
        .account("ac-2", Some("ac-1"), "Team")
        .role("ac-1", "role-1", "Admin", &["networks:read"])
        .member("ac-1", "user-1", Some("ada@acme.example"), &["role-1"]);
    let only_resolved = OnlyResolved {
        accounts: BTreeMap::from([("ac-2".into(), "its name is too odd".to_owned())]),
        roles: BTreeMap::from([("role-1".into(), "there is an Admin already".to_owned())]),
    };
    let export = told.export_with(&Known::default(), &only_resolved, &TREE);
    insta::assert_snapshot!(shown(&export));
    assert_eq!(read_back(&export, &TREE).errors(), 0);
}

#[test]
fn names_are_given_by_rule_and_the_same_each_time() {
    let told = acme()
        .account("ac-3", Some("ac-1"), "Lab")
        .account("ac-4", Some("ac-2"), "Lab")
        .account("ac-5", Some("ac-1"), " ")
        .account("ac-6", Some("ac-5"), "Acme")
        .role("ac-1", "role-1", "Admin", &[])
        .role("ac-4", "role-4", "Viewer", &[])
        .role("ac-2", "role-2", "Viewer", &[])
        .role("ac-2", "role-3", "Viewer", &[])
        .member("ac-1", "user-1", Some("ada@acme.example"), &["role-1"])
        .member("ac-1", "user-2", Some("ada@partner.example"), &["role-1"])
        .member("ac-1", "user-3", Some("bob@acme.example"), &["role-1"]);
    let export = told.export();
    insta::assert_snapshot!(shown(&export));
    assert_eq!(told.export(), export);
    assert_eq!(read_back(&export, &TREE).errors(), 0);
}

#[test]
fn only_what_is_not_declared_is_written_to_files_that_are_not_there() {
    let told = acme()
        .role("ac-1", "role-1", "Viewer", &[])
        .member("ac-1", "user-1", Some("ada@acme.example"), &["role-1"])
        .member("ac-2", "user-1", Some("ada@acme.example"), &["role-1"])
        .member("ac-2", "user-2", Some("gone@acme.example"), &["role-1"])
        .member("ac-2", "user-3", Some("bob@acme.example"), &["role-1"]);
    let email = Email::new("ada@acme.example");
    let place = Place { file: "all.yaml".into(), line: 7, column: 3, length: 1 };
    let known = Known {
        accounts: BTreeMap::from([("ac-1".into(), "top".into())]),
        roles: BTreeMap::from([("role-1".into(), "looker".into())]),
        emails: BTreeMap::from([(email.clone(), place)]),
        memberships: BTreeSet::from([("ac-1".into(), email)]),
        offboarded: BTreeSet::from([Email::new("gone@acme.example")]),
        names: BTreeMap::from([
            (ObjectKind::Account, BTreeSet::from(["top".into(), "lab".into()])),
            (ObjectKind::Member, BTreeSet::from(["ada".into()])),
        ]),
        files: BTreeSet::from(["people/bob.yaml".to_owned()]),
        ..Known::default()
    };
    insta::assert_snapshot!(shown(&told.export_with(&known, &OnlyResolved::default(), &TREE)));
}

#[test]
fn a_provider_of_another_shape_is_written_in_its_own_terms() {
    let mut told = Told::default().account("1", None, "Acme").account("2", Some("1"), "Lab");
    told = told.member("2", "u", Some("ada@acme.example"), &["2"]).role("1", "9", "Odd", &[]);
    told.0.people.insert("u".into(), PersonSeen::Email(Email::new("ada@acme.example")));
    let export = told.export_with(&Known::default(), &OnlyResolved::default(), &FLAT);
    insta::assert_snapshot!(shown(&export));
    assert_eq!(read_back(&export, &FLAT).errors(), 0);
}
