//! A world in memory as a subject of the suite.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use orgform_model::{Capabilities, Email, Fields, PersonId, Semantics, Value};
use orgform_provider::{Observe, Provider};

use super::{FOUNDER, FOUNDING_ACCOUNT, Memory};
use crate::suite::{Act, Breadth, CannotAct, Fault, Founding, Subject, Traffic};

impl Subject for Memory {
    fn semantics(&self) -> &Semantics {
        self.kind.semantics
    }

    fn capabilities(&self) -> &Capabilities {
        self.kind.capabilities
    }

    fn reader(&self) -> Arc<dyn Observe> {
        Arc::new(self.clone())
    }

    fn writer(&self) -> Arc<dyn Provider> {
        Arc::new(self.clone())
    }

    fn founding(&self) -> Founding {
        Founding { account: FOUNDING_ACCOUNT.to_owned(), email: FOUNDER.into() }
    }

    fn role_fields(&self, breadth: Breadth) -> Fields {
        let items: &[&str] = match breadth {
            Breadth::Narrow => &["networks:read"],
            Breadth::Wide => &["networks:read", "networks:update", "ports:read"],
        };
        Fields::from([("permissions".to_owned(), Value::set(items.iter().copied()))])
    }

    fn identity(&self, _email: &Email) -> Option<PersonId> {
        None
    }

    fn act(&self, act: Act<'_>) -> Result<(), CannotAct> {
        self.perform(act)
    }

    fn set_faults(&self, faults: &[Fault]) {
        self.world().set_faults(faults);
    }

    fn now(&self) -> Timestamp {
        self.world().now
    }

    fn advance(&self, span: Duration) {
        let mut world = self.world();
        let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
        world.now = world.now.checked_add(span).unwrap_or(Timestamp::MAX);
    }

    fn traffic(&self) -> Traffic {
        self.world().traffic
    }

    fn mails_to(&self, email: &Email) -> usize {
        self.world().mails.iter().filter(|to| *to == email).count()
    }

    fn reads_of_a_look(&self, accounts: u64) -> u64 {
        1 + accounts
    }
}
