//! A simulated Pureport as a subject of the suite.

#![allow(clippy::unwrap_used)] // In a test a simulator that can't be started may end it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orgform_conformance::suite::{
    Act, Breadth, CannotAct, Effect, Fault, Founding, Subject, Target, Traffic,
};
use orgform_http::Options;
use orgform_model::{Capabilities, Desired, Email, Fields, Finding, PersonId, Semantics, Value};
use orgform_provider::{Connection, Credential, Observe, Provider};
use orgform_pureport::{CAPABILITIES, PROVIDER, Reader, SEMANTICS, Writer};
use orgform_sim::pureport::{self as sim, ConsentRule, OtherUsers, Sim, Switches};

/// A fresh world of Pureport, in a simulator of its own.
pub(crate) struct Pureport {
    sim: Sim,
    switches: Switches,
}

impl Pureport {
    pub(crate) async fn found(setting: &str) -> Arc<dyn Subject> {
        // Another test may have been first; all want the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let switches: Switches = setting.parse().unwrap();
        let options = sim::Options { switches: switches.clone(), ..sim::Options::default() };
        Arc::new(Self { sim: sim::start(options).await.unwrap(), switches })
    }

    fn connection(&self, (key, secret): (&str, &str)) -> Connection {
        let field = |field: &str, value: &str| Credential {
            field: field.to_owned(),
            source: format!("the suite's {field}"),
            secret: value.to_owned().into(),
        };
        Connection {
            endpoint: self.sim.url().parse().unwrap(),
            credentials: vec![field("key", key), field("secret", secret)],
            user_agent: "orgform-conformance".to_owned(),
            other_credentials: [Sim::admin_key(), Sim::reader_key()].map(|(key, _)| field("key", key)).into(),
            secrets: Arc::new(orgform_provider::NoSecrets),
            login: None,
            agreed: Default::default(),
            tokens: Arc::new(orgform_provider::TokensInMemory::default()),
            calls: Arc::new(orgform_provider::NoCalls),
        }
    }

    fn do_it(&self, act: sim::Act) -> Result<(), CannotAct> {
        self.sim.act(act).map(drop).map_err(|error| CannotAct(error.to_string()))
    }
}

fn options() -> Options {
    let mut options = orgform_pureport::options();
    options.retry = options.retry.fast();
    options
}

impl Subject for Pureport {
    fn semantics(&self) -> &Semantics {
        &SEMANTICS
    }

    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    fn normal(&self, desired: Desired) -> Desired {
        (PROVIDER.normal)(desired)
    }

    fn audit(&self, desired: &Desired) -> Vec<Finding> {
        (PROVIDER.audit)(desired)
    }

    fn reader(&self) -> Arc<dyn Observe> {
        Arc::new(Reader::connect(&self.connection(Sim::reader_key()), options()).unwrap())
    }

    fn writer(&self) -> Arc<dyn Provider> {
        Arc::new(Writer::connect(&self.connection(Sim::admin_key()), options()).unwrap())
    }

    fn founding(&self) -> Founding {
        Founding { account: "Acme".to_owned(), email: Email::new(&self.sim.founder()) }
    }

    fn role_fields(&self, breadth: Breadth) -> Fields {
        let cells: &[&str] = match breadth {
            Breadth::Narrow => &["networks:read"],
            Breadth::Wide => &["networks:all", "ports:read"],
        };
        Fields::from([("permissions".to_owned(), Value::set(cells.iter().copied()))])
    }

    fn account_fields(&self) -> Fields {
        match self.switches.consent {
            ConsentRule::Optional => Fields::new(),
            ConsentRule::Required => Fields::from([("consent".to_owned(), Value::text("Accepted"))]),
        }
    }

    fn identity(&self, email: &Email) -> Option<PersonId> {
        if self.switches.other_users == OtherUsers::Readable {
            return None;
        }
        let signed_in = self.sim.act(sim::Act::SignIn { email: email.to_string() });
        signed_in.ok().and_then(|one| one.id).map(PersonId::from)
    }

    fn act(&self, act: Act<'_>) -> Result<(), CannotAct> {
        let text = str::to_owned;
        self.do_it(match act {
            Act::Accept { email } => sim::Act::Accept { email: text(email), account: None },
            Act::SignUp { email } => sim::Act::CreateUser { email: text(email) },
            Act::ChangeEmail { email, to } => sim::Act::ChangeEmail { email: text(email), to: text(to) },
            Act::Join { account, email, roles } => {
                sim::Act::AddMember { account: text(account), email: text(email), roles: roles.to_vec() }
            }
            Act::SetRoles { account, email, roles } => {
                sim::Act::SetMemberRoles { account: text(account), email: text(email), roles: roles.to_vec() }
            }
            Act::Remove { account, email } => {
                sim::Act::RemoveMember { account: text(account), email: text(email) }
            }
            Act::Invite { account, email, roles } => {
                sim::Act::Invite { account: text(account), email: text(email), roles: roles.to_vec() }
            }
            Act::Expire { account, email } => {
                sim::Act::ExpireInvite { account: text(account), email: text(email) }
            }
            Act::AddRole { account, name, fields } => sim::Act::CreateRole {
                account: text(account),
                name: text(name),
                permissions: permissions(fields),
            },
            Act::EditRole { account, role, fields } => sim::Act::SetRolePermissions {
                account: text(account),
                role: text(role),
                permissions: permissions(fields),
            },
            Act::RenameAccount { account, name } => {
                sim::Act::RenameAccount { account: text(account), name: text(name) }
            }
        })
    }

    fn set_faults(&self, faults: &[Fault]) {
        self.sim.set_faults(faults.iter().map(fault).collect());
    }

    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    fn advance(&self, span: Duration) {
        // The simulator counts whole seconds.
        self.sim.advance(Duration::from_secs(span.as_secs() + u64::from(span.subsec_nanos() > 0)));
    }

    fn traffic(&self) -> Traffic {
        let stats = self.sim.stats();
        Traffic { reads: stats.reads, writes: stats.writes }
    }

    fn mails_to(&self, email: &Email) -> usize {
        let stats = self.sim.stats();
        let mails = stats.mails_by_recipient.get(email.as_str()).copied().unwrap_or_default();
        usize::try_from(mails).unwrap()
    }

    fn reads_of_a_look(&self, accounts: u64) -> u64 {
        // The list of accounts, then roles, members and invites of each, and the consent where it is declared.
        1 + (3 + self.account_fields().len() as u64) * accounts
    }
}

/// Actions by resource, from cells such as `networks:read`.
fn permissions(fields: &Fields) -> BTreeMap<String, Vec<String>> {
    let cells = fields.get("permissions").and_then(Value::as_set).into_iter().flatten();
    let mut permissions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (resource, action) in cells.filter_map(|cell| cell.split_once(':')) {
        permissions.entry(resource.to_owned()).or_default().push(action.to_owned());
    }
    permissions
}

fn fault(fault: &Fault) -> sim::Fault {
    let (method, path) = match fault.on {
        Target::Accounts => ("GET", "/accounts"),
        Target::Roles => ("GET", "/accounts/*/roles"),
        Target::Members => ("GET", "/accounts/*/members"),
        Target::Invites => ("GET", "/accounts/*/invites"),
        Target::Person => ("GET", "/users/*"),
        Target::ApiKeys => ("GET", "/accounts/*/apikeys"),
        Target::CreateApiKey => ("POST", "/accounts/*/apikeys"),
        Target::CreateAccount => ("POST", "/accounts"),
        Target::CreateRole => ("POST", "/accounts/*/roles"),
        Target::Invite => ("POST", "/accounts/*/invites"),
        Target::Resend => ("PUT", "/accounts/*/invites/*"),
        Target::UpdateMember => ("PUT", "/accounts/*/members/*"),
        Target::RemoveMember => ("DELETE", "/accounts/*/members/*"),
    };
    let status = |code, body| sim::Effect::Status { code, retry_after: None, body, after: false };
    let effect = match fault.effect {
        Effect::AnswerLost => sim::Effect::HangupAfter,
        Effect::Refused if method == "GET" => status(403, Some(true)),
        Effect::Refused => status(422, Some(true)),
        Effect::Throttled => status(429, None),
        Effect::Unavailable => status(503, None),
        Effect::Shrunk(lose) => sim::Effect::Shrink { lose },
    };
    let struck = sim::Fault::new(path, effect).method(method);
    if fault.times == u32::MAX { struck } else { struck.times(u64::from(fault.times)) }
}
