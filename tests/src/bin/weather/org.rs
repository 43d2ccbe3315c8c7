//! What one run declares, as the rules speak of it, and the manifests that say so.
//!
//! Written from the documents on manifests, not from the crates that read them: the judge compares with this.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A `metadata.name`.
pub(crate) type Label = String;

/// The name of the account that exists from the start, and the label of its declaration.
pub(crate) const ROOT: (&str, &str) = ("acme", "Acme");

/// Admins of the root account, there from the start, declared always, never touched.
pub(crate) const ADMINS: [&str; 2] = ["founder@acme.example", "ops@acme.example"];

/// Everything that is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Org {
    pub(crate) settings: Settings,
    pub(crate) accounts: BTreeMap<Label, Account>,
    pub(crate) roles: BTreeMap<Label, Role>,
    pub(crate) people: BTreeMap<Label, Person>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) parent: Option<Label>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) account: Label,
    pub(crate) name: String,
    /// Resource and action.
    pub(crate) cells: BTreeSet<(&'static str, &'static str)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) seats: BTreeMap<Label, Seat>,
    pub(crate) offboarded: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    /// `admin`, or labels of custom roles.
    pub(crate) roles: BTreeSet<Label>,
    pub(crate) ends: Ends,
}

/// When the grants of a seat end. Days that are not near: no run lives to see one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    Never,
    LongAgo,
    FarAhead,
}

/// Where state is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatePlace {
    File,
    Git,
}

/// What a run's Provider says, besides where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one independent setting of a manifest")]
pub(crate) struct Settings {
    pub(crate) endpoint: String,
    pub(crate) state: StatePlace,
    /// Limits that hold nothing, instead of the defaults.
    pub(crate) wide_limits: bool,
    pub(crate) report_drift: bool,
    pub(crate) take_extra_grants: bool,
    pub(crate) resend_at_once: bool,
    pub(crate) look_up_always: bool,
    pub(crate) remove_accounts: bool,
    pub(crate) accept_agreements: bool,
    pub(crate) protected: Option<String>,
}

impl Org {
    /// The account and those above it, nearest first.
    pub(crate) fn lineage(&self, account: &str) -> Vec<Label> {
        let mut lineage = vec![account.to_owned()];
        while let Some(parent) = lineage.last().and_then(|last| self.accounts.get(last)?.parent.clone()) {
            lineage.push(parent);
        }
        lineage
    }

    /// The account and those below it, parents first.
    pub(crate) fn below(&self, account: &str) -> Vec<Label> {
        self.accounts
            .keys()
            .filter(|one| self.lineage(one).iter().any(|above| above == account))
            .cloned()
            .collect()
    }

    /// The seat that an e-mail is declared to have in an account, ended or not.
    pub(crate) fn seat(&self, account: &str, email: &str) -> Option<&Seat> {
        self.person(email).filter(|person| !person.offboarded)?.seats.get(account)
    }

    /// The same, if its grants have not ended.
    pub(crate) fn live_seat(&self, account: &str, email: &str) -> Option<&Seat> {
        self.seat(account, email).filter(|seat| seat.ends != Ends::LongAgo)
    }

    /// Every seat that is not over: account, e-mail, seat.
    pub(crate) fn live_seats(&self) -> impl Iterator<Item = (&Label, &str, &Seat)> {
        let people = self.people.values().filter(|person| !person.offboarded);
        people.flat_map(|person| {
            let live = person.seats.iter().filter(|(_, seat)| seat.ends != Ends::LongAgo);
            live.map(|(account, seat)| (account, person.email.as_str(), seat))
        })
    }

    pub(crate) fn person(&self, email: &str) -> Option<&Person> {
        self.people.values().find(|person| person.email == email)
    }

    /// The files of the root, by path.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::from([
            ("orgform.yaml".to_owned(), self.settings.root()),
            ("provider.yaml".to_owned(), self.settings.provider()),
            ("accounts.yaml".to_owned(), self.accounts.iter().map(|one| self.account(one)).collect()),
            ("roles.yaml".to_owned(), self.roles.iter().map(role).collect()),
        ]);
        files.extend(
            self.people.iter().map(|(label, one)| (format!("people/{label}.yaml"), person(label, one))),
        );
        files
    }

    fn account(&self, (label, account): (&Label, &Account)) -> String {
        let above = match &account.parent {
            Some(parent) => format!("  parentRef: {{ name: {parent} }}\n"),
            None => "  providerRef: { name: pureport }\n".to_owned(),
        };
        let mut spec = format!("{above}  displayName: {}\n", account.name);
        if let Some(description) = &account.description {
            let _ = writeln!(spec, "  description: {description}");
        }
        if self.settings.accept_agreements {
            spec.push_str("  consent: Accepted\n");
        }
        document("Account", label, &spec)
    }
}

impl Settings {
    fn root(&self) -> String {
        match self.state {
            StatePlace::File => "root: weather\n".to_owned(),
            StatePlace::Git => "root: weather\nstate:\n  git: { branch: orgform-state }\n".to_owned(),
        }
    }

    fn provider(&self) -> String {
        let mut spec = format!(
            "  pureport:\n    endpoint: {}\n    credentials:\n      key: {{ env: PUREPORT_API_KEY }}\n      \
             secret: {{ env: PUREPORT_API_SECRET }}\n",
            self.endpoint
        );
        let mut line = |text: &str| {
            spec.push_str(text);
            spec.push('\n');
        };
        if self.report_drift {
            line("  drift: Report");
        }
        if self.take_extra_grants {
            line("  adoption: Take");
        }
        if self.look_up_always {
            line("  maxAge: 0s");
        }
        line("  safety:");
        if self.remove_accounts {
            line("    allow: [Irreversible]");
        }
        if self.wide_limits {
            line("    perAccount: { percent: 100, floor: 1000 }");
            line("    total: { percent: 100, floor: 1000 }");
        }
        line(&format!("    admins: {{ minimum: 2, required: [{}] }}", ADMINS[0]));
        if let Some(email) = &self.protected {
            line(&format!("    protected: [{email}]"));
        }
        if self.remove_accounts {
            line("  removal: { accounts: Remove }");
        }
        if self.resend_at_once {
            line("  invites: { resendAfter: 0s }");
        }
        document("Provider", "pureport", &spec)
    }
}

fn role((label, role): (&Label, &Role)) -> String {
    let cells: String = role
        .cells
        .iter()
        .map(|(resource, action)| format!("    - {{ resources: [{resource}], actions: [{action}] }}\n"))
        .collect();
    let permissions =
        if cells.is_empty() { "  permissions: []\n".to_owned() } else { format!("  permissions:\n{cells}") };
    let spec =
        format!("  accountRef: {{ name: {} }}\n  displayName: {}\n{permissions}", role.account, role.name);
    document("Role", label, &spec)
}

fn person(label: &Label, person: &Person) -> String {
    let mut spec = format!("  email: {}\n", person.email);
    if person.offboarded {
        spec.push_str("  offboarded: true\n");
    } else {
        spec.push_str("  memberships:\n");
        for (account, seat) in &person.seats {
            let roles = seat.roles.iter().cloned().collect::<Vec<_>>().join(", ");
            let ends = match seat.ends {
                Ends::Never => "",
                Ends::LongAgo => ", expiresAt: 2020-01-01T00:00:00Z",
                Ends::FarAhead => ", expiresAt: 2099-01-01T00:00:00Z",
            };
            let _ = writeln!(spec, "    - {{ accountRef: {{ name: {account} }}, roles: [{roles}]{ends} }}");
        }
    }
    document("Member", label, &spec)
}

fn document(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: orgform.dev/v1alpha1\nkind: {kind}\nmetadata: {{ name: {name} }}\nspec:\n{spec}"
    )
}
