//! A simulated Xarios as a subject of the suite.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orgform_conformance::suite::{
    Act, Breadth, CannotAct, Effect, Fault, Founding, Subject, Target, Traffic,
};
use orgform_http::Options;
use orgform_model::{Capabilities, Desired, Email, Fields, Finding, PersonId, Semantics, Value};
use orgform_provider::{Connection, Credential, NoSecrets, Observe, Provider, TokensInMemory};
use orgform_sim::xarios::{self as sim, Approval, Charges, CreateMail, Sim, Switches};
use orgform_xarios::{ACCEPT_CHARGES, CAPABILITIES, PROVIDER, Reader, SEMANTICS, Writer};

/// The one user from the start, who is the admin of the account.
const FOUNDER: &str = "ops@acme.example";

/// A fresh world of Xarios, in a simulator of its own.
pub(crate) struct Xarios {
    sim: Sim,
    switches: Switches,
    tokens: Arc<TokensInMemory>,
}

impl Xarios {
    pub(crate) async fn found(setting: &str) -> Arc<dyn Subject> {
        // Another test may have been first; all want the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let switches: Switches = setting.parse().unwrap();
        let options = sim::Options { switches: switches.clone(), ..sim::Options::default() };
        let sim = sim::start(options).await.unwrap();
        let roles = vec!["user.admin".to_owned()];
        sim.act(sim::Act::AddUser { tenant: "Acme".to_owned(), email: FOUNDER.to_owned(), roles }).unwrap();
        Arc::new(Self { sim, switches, tokens: Arc::default() })
    }

    fn connection(&self, approval: Approval) -> Connection {
        let field = |field: &str, value: &str| Credential {
            field: field.to_owned(),
            source: format!("the suite's {field}"),
            secret: value.to_owned().into(),
        };
        let charges = (self.switches.charges == Charges::Required).then(|| ACCEPT_CHARGES.to_owned());
        Connection {
            endpoint: self.sim.url().parse().unwrap(),
            credentials: vec![
                field("clientId", approval.client_id),
                field("clientSecret", approval.client_secret),
                field("refreshToken", approval.refresh_token),
            ],
            user_agent: "orgform-conformance".to_owned(),
            other_credentials: vec![],
            secrets: Arc::new(NoSecrets),
            login: None,
            agreed: charges.into_iter().collect(),
            tokens: self.tokens.clone(),
            calls: Arc::new(orgform_provider::NoCalls),
        }
    }
}

fn options() -> Options {
    let mut options = orgform_xarios::options();
    options.retry = options.retry.fast();
    options
}

/// The keys of the roles that people see under these names.
fn keys(titles: &[String]) -> Vec<String> {
    let key = |title: &String| {
        let known = SEMANTICS.roles.fixed.iter().find(|role| role.title == title);
        known.map_or(title.as_str(), |role| role.name).to_owned()
    };
    titles.iter().map(key).collect()
}

impl Subject for Xarios {
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
        Arc::new(Reader::connect(&self.connection(Sim::reader()), options()).unwrap())
    }

    fn writer(&self) -> Arc<dyn Provider> {
        Arc::new(Writer::connect(&self.connection(Sim::admin()), options()).unwrap())
    }

    fn founding(&self) -> Founding {
        Founding { account: "Acme".to_owned(), email: Email::new(FOUNDER) }
    }

    fn runs_as(&self) -> Option<Email> {
        Some(Email::new("robot@acme.example"))
    }

    fn role_fields(&self, _breadth: Breadth) -> Fields {
        Fields::new()
    }

    fn account_fields(&self) -> Fields {
        match self.switches.create_mail {
            CreateMail::AtOnce => Fields::new(),
            CreateMail::WhenEnabled => Fields::from([("enabled".to_owned(), Value::Flag(true))]),
        }
    }

    fn identity(&self, _email: &Email) -> Option<PersonId> {
        None
    }

    fn act(&self, act: Act<'_>) -> Result<(), CannotAct> {
        let text = str::to_owned;
        let act = match act {
            Act::Accept { email } => sim::Act::Activate { email: text(email) },
            Act::ChangeEmail { email, to } => sim::Act::ChangeEmail { email: text(email), to: text(to) },
            Act::Join { account, email, roles } => {
                sim::Act::AddUser { tenant: text(account), email: text(email), roles: keys(roles) }
            }
            Act::SetRoles { account, email, roles } => {
                // An admin who edits roles in the portal leaves the right to log in.
                let roles = ["account.user".to_owned()].into_iter().chain(keys(roles)).collect();
                sim::Act::SetRoles { tenant: text(account), email: text(email), roles }
            }
            Act::Remove { account, email } => {
                sim::Act::RemoveUser { tenant: text(account), email: text(email) }
            }
            Act::RenameAccount { account, name } => {
                sim::Act::RenameTenant { tenant: text(account), name: text(name) }
            }
            // Somebody whom Xarios knows is a user of some account.
            Act::SignUp { email } => {
                let other =
                    sim::Act::CreateAccount { name: "Other".to_owned(), reference: None, enabled: true };
                self.sim.act(other).map_err(|error| CannotAct(error.to_string()))?;
                sim::Act::AddUser { tenant: "Other".to_owned(), email: text(email), roles: vec![] }
            }
            Act::Invite { .. } | Act::Expire { .. } | Act::AddRole { .. } | Act::EditRole { .. } => {
                return Err(CannotAct("nobody can do that at Xarios".to_owned()));
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
        // The accounts, the customers of the one that has some declared, and a list of users each.
        1 + u64::from(accounts > 1) + accounts
    }

    fn reads_of_a_member(&self) -> u64 {
        1
    }
}

fn fault(fault: &Fault) -> Option<orgform_sim::Fault> {
    let (method, path) = match fault.on {
        Target::Accounts => ("GET", "/api/v1.0/accounts"),
        Target::Members => ("GET", "/api/v1.0/accounts/*/users"),
        // Stories make accounts below the first one.
        Target::CreateAccount => ("POST", "/api/v1.0/accounts/*/customers"),
        Target::Invite => ("POST", "/api/v1.0/accounts/*/users"),
        Target::Resend => ("POST", "/api/v1.0/accounts/*/users/*/sendActivationEmail"),
        Target::UpdateMember => ("PATCH", "/api/v1.0/accounts/*/users/*"),
        Target::RemoveMember => ("DELETE", "/api/v1.0/accounts/*/users/*"),
        // There are no such calls.
        Target::Roles
        | Target::Invites
        | Target::Person
        | Target::CreateRole
        | Target::ApiKeys
        | Target::CreateApiKey => return None,
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
