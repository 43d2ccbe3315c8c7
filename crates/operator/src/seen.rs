//! What the last pass over each Provider saw: the next one looks again only at what may have changed since.
//!
//! A pass takes it out and puts it back if it ended well, so that after a failure everything is looked at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use orgform_engine::Earlier;
use orgform_model::ObjectRef;
use orgform_provider::Provider;

use crate::object::Object;

/// What was seen, by Provider.
pub(crate) struct Sights {
    fresh: Duration,
    all: Mutex<BTreeMap<ObjectRef, Sight>>,
}

/// What one pass saw, and how the Provider was then.
struct Sight {
    earlier: Earlier,
    object: Arc<Object>,
    writer: Arc<dyn Provider>,
}

impl Sights {
    /// Nothing was seen yet. What is older than this is of no use.
    pub(crate) fn new(fresh: Duration) -> Self {
        Self { fresh, all: Mutex::default() }
    }

    /// Takes out what the last pass saw, if it may be used: for at most as long as the Provider allows, and only while
    /// the Provider and its Secret are as they were. Any annotation of it asks for a look at everything.
    pub(crate) fn take(
        &self,
        object: &Object,
        writer: &Arc<dyn Provider>,
        max_age: Duration,
        now: Timestamp,
    ) -> Option<Earlier> {
        let sight = self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&object.key)?;
        let age = Duration::try_from(now.duration_since(sight.earlier.world.at)).ok()?;
        let same = sight.object.uid == object.uid
            && sight.object.dying == object.dying
            && sight.object.text == object.text
            && sight.object.annotations == object.annotations
            && Arc::ptr_eq(&sight.writer, writer);
        (same && age < max_age.min(self.fresh)).then_some(sight.earlier)
    }

    /// Keeps what a pass saw.
    pub(crate) fn put(&self, object: Arc<Object>, writer: Arc<dyn Provider>, earlier: Earlier) {
        let key = object.key.clone();
        let sight = Sight { earlier, object, writer };
        self.all.lock().unwrap_or_else(PoisonError::into_inner).insert(key, sight);
    }

    /// Drops what was seen of a Provider that is gone.
    pub(crate) fn forget(&self, provider: &ObjectRef) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(provider);
    }
}
