//! A simulated PacketFabric as a subject of the suite.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orgform_conformance::suite::{
    Act, Breadth, CannotAct, Effect, Fault, Founding, Subject, Target, Traffic,
};
use orgform_http::Options;
use orgform_model::{Capabilities, Desired, Email, Fields, Finding, PersonId, Semantics};
use orgform_packetfabric::{CAPABILITIES, PROVIDER, Reader, SEMANTICS, Writer};
use orgform_provider::{Connection, Credential, NoSecrets, Observe, Provider};
use orgform_sim::packetfabric::{self as sim, Sim, Switches};

/// A fresh world of PacketFabric, in a simulator of its own.
pub(crate) struct PacketFabric {
    sim: Sim,
}

impl PacketFabric {
    pub(crate) async fn found(setting: &str) -> Arc<dyn Subject> {
        // Another test may have been first; all want the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let switches: Switches = setting.parse().unwrap();
        let options = sim::Options { switches, ..sim::Options::default() };
        Arc::new(Self { sim: sim::start(options).await.unwrap() })
    }

    /// A connection with one key of the founder; other runs use the other.
    fn connection(&self, one: (&str, &str), other: (&str, &str)) -> Connection {
        let credentials = |(key, id): (&str, &str)| {
            let credential = |(field, secret): (&str, &str)| Credential {
                field: field.to_owned(),
                source: "the suite's key".to_owned(),
                secret: secret.to_owned().into(),
            };
            [("apiKey", key), ("apiKeyId", id)].map(credential).to_vec()
        };
        Connection {
            endpoint: self.sim.url().parse().unwrap(),
            credentials: credentials(one),
            user_agent: "orgform-conformance".to_owned(),
            other_credentials: credentials(other),
            secrets: Arc::new(NoSecrets),
            login: None,
            agreed: Default::default(),
            tokens: Arc::new(orgform_provider::TokensInMemory::default()),
            calls: Arc::new(orgform_provider::NoCalls),
        }
    }
}

fn options() -> Options {
    let mut options = orgform_packetfabric::options();
    options.retry = options.retry.fast();
    options
}

fn admin() -> (&'static str, &'static str) {
    (Sim::admin_key(), Sim::admin_key_id())
}

/// The group that people see under this name.
fn group(title: &str) -> String {
    let known = SEMANTICS.roles.fixed.iter().find(|role| role.title == title);
    known.map_or(title, |role| role.name).to_owned()
}

impl Subject for PacketFabric {
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
        Arc::new(Reader::connect(&self.connection(Sim::looking_key(), admin()), options()).unwrap())
    }

    fn writer(&self) -> Arc<dyn Provider> {
        Arc::new(Writer::connect(&self.connection(admin(), Sim::looking_key()), options()).unwrap())
    }

    fn founding(&self) -> Founding {
        Founding { account: "Acme".to_owned(), email: Email::new(&self.sim.founder().0) }
    }

    fn role_fields(&self, _breadth: Breadth) -> Fields {
        Fields::new()
    }

    fn identity(&self, _email: &Email) -> Option<PersonId> {
        None
    }

    fn act(&self, act: Act<'_>) -> Result<(), CannotAct> {
        let text = str::to_owned;
        let one = |roles: &[String]| group(roles.first().map(String::as_str).unwrap_or_default());
        let act = match act {
            Act::Accept { email } => sim::Act::Accept { email: text(email), group: None },
            Act::ChangeEmail { email, to } => sim::Act::ChangeEmail { email: text(email), to: text(to) },
            Act::Join { account: _, email, roles } => {
                sim::Act::AddUser { email: text(email), group: one(roles) }
            }
            Act::SetRoles { account: _, email, roles } => {
                sim::Act::SetGroup { email: text(email), group: one(roles) }
            }
            Act::Remove { account: _, email } => sim::Act::DeleteUser { email: text(email) },
            Act::Invite { account: _, email, roles } => {
                sim::Act::Invite { email: text(email), group: one(roles) }
            }
            Act::RenameAccount { account: _, name } => sim::Act::RenameCustomer { name: text(name) },
            Act::SignUp { .. } | Act::Expire { .. } | Act::AddRole { .. } | Act::EditRole { .. } => {
                return Err(CannotAct("nobody can do that at PacketFabric".to_owned()));
            }
        };
        self.sim.act(act).map(drop).map_err(|error| CannotAct(error.to_string()))
    }

    fn set_faults(&self, faults: &[Fault]) {
        self.sim.set_faults(faults.iter().filter_map(fault).collect());
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
        // The customer, then users and invites.
        1 + 2 * accounts
    }
}

fn fault(fault: &Fault) -> Option<orgform_sim::Fault> {
    let (method, path) = match fault.on {
        Target::Accounts => ("GET", "/v2/customers/current"),
        Target::Members => ("GET", "/v2/users"),
        Target::Invites => ("GET", "/v2/team-invites"),
        Target::Person => ("GET", "/v2/users/*"),
        Target::Invite => ("POST", "/v2/team-invites"),
        Target::Resend => ("POST", "/v2/team-invites/*/resend"),
        Target::UpdateMember => ("PATCH", "/v2/users/*"),
        Target::RemoveMember => ("DELETE", "/v2/users/*"),
        Target::ApiKeys => ("GET", "/v2/api-keys"),
        Target::CreateApiKey => ("POST", "/v2/api-keys"),
        // There are no such calls.
        Target::Roles | Target::CreateAccount | Target::CreateRole => return None,
    };
    let status = |code, body| orgform_sim::Effect::Status { code, retry_after: None, body, after: false };
    let effect = match fault.effect {
        Effect::AnswerLost => orgform_sim::Effect::HangupAfter,
        Effect::Refused if method == "GET" => status(403, Some(true)),
        Effect::Refused => status(422, Some(true)),
        Effect::Throttled => status(429, None),
        Effect::Unavailable => status(503, None),
        Effect::Shrunk(lose) => orgform_sim::Effect::Shrink { lose },
    };
    let struck = orgform_sim::Fault::new(path, effect).method(method);
    Some(if fault.times == u32::MAX { struck } else { struck.times(u64::from(fault.times)) })
}
